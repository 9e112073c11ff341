"""Make a language model small and fast for a shop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from warmstart.cli.output import console, facts_table, note, print_json
from warmstart.core.errors import InputError

if TYPE_CHECKING:
    from warmstart.adapt.compress.compression import Compressed

Source = Annotated[str, typer.Argument(metavar="MODEL", help="Folder or Hub name of a pretrained encoder.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder to write into.")]
Shop = Annotated[
    Path | None, typer.Option("--shop", metavar="SHOP", help="Whose texts the steps below learn from.")
]
Layers = Annotated[
    int | None,
    typer.Option("--layers", min=1, help="Keep so many layers, and teach them on the shop's texts."),
]
Heads = Annotated[
    float,
    typer.Option("--heads", min=0.0, max=0.9, metavar="SHARE", help="Leave out this share of the heads."),
]
Vocabulary = Annotated[
    bool, typer.Option("--vocabulary", help="Keep the pieces of words that the shop uses, and characters.")
]
Dim = Annotated[int | None, typer.Option("--dim", min=1, help="Cut the vectors to so many numbers.")]
Precision = Annotated[
    Literal["float32", "int8", "int8-static", "int8-weights", "int4"],
    typer.Option(
        "--precision", help="Bits of the weights: int8 is the fastest, int8-weights the most exact."
    ),
]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", min=0.0, help="Stop teaching after so long; the rest takes seconds."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def compress(
    model: Source,
    out: Out,
    *,
    shop: Shop = None,
    layers: Layers = None,
    heads: Heads = 0.0,
    vocabulary: Vocabulary = False,
    dim: Dim = None,
    precision: Precision = "int8",
    minutes: Minutes = None,
    as_json: AsJson = False,
) -> None:
    """Make a pretrained encoder small and fast.

    The folder it writes is served without torch, by '--encoder onnx:FOLDER'.
    Without other options only the weights get fewer bits.

    [bold]Examples[/bold]

      warmstart compress models/minilm --out models/small
      warmstart compress models/minilm -o models/tiny --shop my-shop --layers 3
    """
    _check_out(out)
    from warmstart.adapt.compress.compression import Compression

    texts = _texts(shop) if shop else []
    note(f"Compressing {model} …")
    found = Compression(
        layers=layers,
        heads=heads,
        vocabulary=vocabulary,
        dim=dim,
        precision=precision,
        max_seconds=60 * minutes if minutes else None,
    ).run(model, out, texts)
    if as_json:
        print_json({"folder": str(out), **found.as_dict()})
        return
    view = console()
    view.print(Text.assemble(("✓ ", "bold green"), "written to ", (str(out), "bold")))
    view.print(facts_table(_facts(found)))
    view.print(Text.assemble("Next: warmstart fit SHOP --out MODEL --encoder onnx:", str(out)))


def _check_out(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(
            expected="a new or empty folder for --out",
            found=f"{out}, which holds something already",
            todo="Name another folder.",
        )


def _texts(shop: Path) -> list[str]:
    """Titles and whole texts of the items, and the queries that are known."""
    from warmstart.data.reader import read_shop

    dataset, _ = read_shop(shop)
    whole = list(dataset.item_texts)
    return [*whole, *(text.partition("\n")[0] for text in whole), *_queries(dataset)]


def _queries(dataset: Any) -> list[str]:
    from warmstart.core import columns as c

    found = dataset.events[c.QUERY] if c.QUERY in dataset.events.columns else []
    return sorted({query for query in found if query})


def _facts(found: Compressed) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "megabytes": f"{found.megabytes_before:,.1f} → {found.megabytes:,.1f}",
        "parameters": f"{found.parameters_before:,} → {found.parameters:,}",
        "pieces": f"{found.pieces:,}",
        "dim": str(found.dim),
    }
    if found.neighbours is not None:
        facts["neighbours kept"] = f"{found.neighbours:.0%} of the ten nearest texts"
    return facts
