"""Take a shop out of a model again: its tables as files that anything can read, and its vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from warmstart.cli import options as o
from warmstart.cli.models import open_saved
from warmstart.cli.output import console, facts_table, print_json
from warmstart.core.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from warmstart.data.dataset import Dataset
    from warmstart.engine.persistence import Saved

Format = Literal["csv", "jsonl", "parquet"]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder to write into; made when missing.")
]
AsFormat = Annotated[Format, typer.Option("--format", help="Kind of files for the tables.")]


def export(model: o.Model, out: Out, *, file_format: AsFormat = "csv", as_json: o.AsJson = False) -> None:
    """Write a model's shop and vectors as files.

    Everything observed since the fit is in it, and 'warmstart fit' reads it.
    vectors/vectors.npy has a float32 row per item, in the order of the
    item_ids in vectors/items.json.

    [bold]Example[/bold]

      warmstart export my-model --out my-shop-today --format parquet
    """
    _check_out(out)
    saved = open_saved(model)
    tables = _tables(saved.shop())
    for name, frame in tables.items():
        write_table(frame, out / f"{name}.{file_format}")
    shape = _write_vectors(saved, out / "vectors")
    written = {name: len(frame) for name, frame in tables.items()}
    done = {"folder": str(out), "format": file_format, "rows": written, "vectors": shape}
    if as_json:
        print_json(done)
        return
    view = console()
    view.print(Text.assemble(("✓ ", "bold green"), "written to ", (str(out), "bold")))
    view.print(facts_table({**written, "vectors": f"{shape[0]:,} × {shape[1]}"}))


def _check_out(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(
            expected="a new or empty folder for --out",
            found=f"{out}, which holds something already",
            todo="Name another folder: a mix of two shops would be read as one.",
        )
    out.mkdir(parents=True, exist_ok=True)


def _tables(dataset: Dataset) -> dict[str, pl.DataFrame]:
    """The tables that have rows, without columns that have no values."""
    from warmstart.data.schema import REQUIRED, TABLES

    found = {}
    for name in TABLES:
        frame = getattr(dataset, name)
        if len(frame):
            empty = [s.name for s in frame if s.null_count() == len(s) and s.name not in REQUIRED[name]]
            found[name] = frame.drop(empty)
    return found


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write a table so that `read_shop` gives it back.

    CSV has no lists, so they become JSON there; objects are written as objects in JSON Lines.
    """
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".jsonl":
        rows = (json.dumps(_plain(row), ensure_ascii=False) for row in frame.iter_rows(named=True))
        path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    else:
        path.write_bytes(_flat(frame).write_csv().encode())


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row without empty values, with JSON columns as objects."""
    from warmstart.core import columns as c

    filled = {name: value for name, value in row.items() if value is not None}
    return {n: json.loads(v) if n in {c.ATTRIBUTES, c.CONTEXT} else v for n, v in filled.items()}


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    return frame.with_columns(
        pl.col(name).map_elements(
            lambda values: json.dumps(values.to_list(), ensure_ascii=False), return_dtype=pl.String
        )
        for name in lists
    )


def _write_vectors(saved: Saved, folder: Path) -> tuple[int, int]:
    """The vectors that search by meaning compares; returns their shape."""
    import numpy as np

    retriever = saved.stages.retriever
    vectors = np.asarray(retriever.dense.vectors, dtype=np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "vectors.npy", vectors)
    facts = {"encoder": saved.stages.describe_encoder(), "item_ids": list(retriever.item_ids_)}
    (folder / "items.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
    return len(vectors), vectors.shape[1]
