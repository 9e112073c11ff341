"""Read items or events from one file, with the same understanding as a whole shop."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from warmstart.core.errors import InputError

if TYPE_CHECKING:
    from warmstart.data.dataset import Dataset
    from warmstart.data.reader import ReadReport
    from warmstart.data.records import Event, Item

Record = TypeVar("Record")
Read = tuple[list[Record], dict[str, int]]
"""Records, and how many rows of each kind of trouble there were."""


def read_items(path: Path) -> Read[Item]:
    """Items from CSV, JSON Lines or Parquet, or as JSON Lines from standard input when the path is `-`."""
    from warmstart.data.records import item_from_row

    return _read(
        path, "items", lambda dataset: [item_from_row(row) for row in dataset.items.iter_rows(named=True)]
    )


def read_events(path: Path) -> Read[Event]:
    """Events from such a file; their items need not be known."""
    return _read(path, "events", _events)


def _events(dataset: Dataset) -> list[Event]:
    from warmstart.data.records import Event

    rows = (dict(row) for row in dataset.events.iter_rows(named=True))
    return [Event.from_dict(row | {"context": json.loads(row["context"] or "{}")}) for row in rows]


def _read(path: Path, role: str, build: Callable[[Dataset], list[Record]]) -> Read[Record]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset, report = _read_one(folder, role, _from_input(folder, role) if str(path) == "-" else path)
    return build(dataset), _troubles(report)


def _from_input(folder: Path, role: str) -> Path:
    path = folder / f"standard-input-{role}.jsonl"
    path.write_bytes(sys.stdin.buffer.read())
    return path


def _read_one(folder: Path, role: str, path: Path) -> tuple[Dataset, ReadReport]:
    """A shop with this file in its role, and without items when they are not what is read."""
    from warmstart.data.reader import read_shop

    if not path.is_file():
        raise InputError(
            expected=f"a file of {role} (.csv, .tsv, .jsonl or .parquet)",
            found=f"a folder, {path}" if path.is_dir() else f"nothing at {path}",
            todo="Check the path, or pass - to read JSON Lines from standard input.",
        )
    none = folder / "no-items.csv"
    none.write_text("item_id,title\n", encoding="utf-8")
    files = {"items": none, role: path.resolve()}
    lines = [f"{name} = {json.dumps(str(file), ensure_ascii=False)}" for name, file in files.items()]
    (folder / "shop.toml").write_text("\n".join(["[files]", *lines, ""]), encoding="utf-8")
    return read_shop(folder)


def _troubles(report: ReadReport) -> dict[str, int]:
    expected = {"unknown_item", "empty_file"}
    return {kind: count for kind, count in report.issue_counts.items() if kind not in expected}
