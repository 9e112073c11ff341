"""Consoles, JSON and the small shared shapes of what commands print."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 120
"""Columns to use where there is no terminal to ask."""


def console(widest: int | None = None) -> Console:
    """Standard output; in pipes and files `PIPE_WIDTH` wide, or as COLUMNS says, without colour."""
    made = Console(highlight=False)
    width = made.width if made.is_terminal else _asked_width() or PIPE_WIDTH
    return Console(highlight=False, width=min(width, widest or width))


def error_console() -> Console:
    """Standard error, for errors and for what is only of interest while waiting."""
    return Console(stderr=True, highlight=False)


def _asked_width() -> int | None:
    asked = os.environ.get("COLUMNS", "")
    return int(asked) if asked.isdigit() and int(asked) > 0 else None


def print_json(value: Any) -> None:
    """The one way to write JSON to standard output: UTF-8, readable, and nothing around it."""
    sys.stdout.write(_json(value))


def write_json(path: Path, value: Any) -> None:
    """Write JSON to a file, or to standard output when the path is `-`."""
    if str(path) == "-":
        print_json(value)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_json(value), encoding="utf-8")


def _json(value: Any) -> str:
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _finite(value: Any) -> Any:
    """The same value with null for what JSON has no number for."""
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def note(text: str) -> None:
    """Say something while work goes on; only a person at a terminal sees it."""
    shown = error_console()
    if shown.is_terminal:
        shown.print(Text(text, style="dim"))


def warn(texts: tuple[str, ...] | list[str]) -> None:
    """What an answer had to do without, on standard error."""
    for text in texts:
        error_console().print(Text(f"! {text}", style="yellow"))


class Clock:
    """Seconds since it was started; stops when its block ends."""

    def __init__(self) -> None:
        self.started, self.seconds = time.perf_counter(), 0.0

    @property
    def ms(self) -> float:
        """Milliseconds, rounded for display."""
        return round(self.seconds * 1000, 2)


@contextmanager
def timed() -> Iterator[Clock]:
    """Time a block.

    >>> with timed() as clock:
    ...     pass
    >>> clock.seconds >= 0
    True
    """
    clock = Clock()
    try:
        yield clock
    finally:
        clock.seconds = time.perf_counter() - clock.started


def heading(text: str, *, first: bool = False) -> Padding:
    """The title of a part of a longer answer."""
    return Padding(Text(text, style="bold cyan"), (0 if first else 1, 0, 0, 0), expand=False)


def facts_table(facts: Mapping[str, Any]) -> Table:
    """Names and values in two columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), Text(show_value(value)))
    return table


def show_value(value: Any) -> str:
    """A value as a person reads it.

    >>> show_value(19406), show_value(None), show_value(0.25), show_value({"items": 1200})
    ('19,406', '–', '0.25', 'items 1,200')
    """
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {show_value(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(show_value(inner) for inner in value)
    return str(value) if isinstance(value, str) else _show_number(value)


def _show_number(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def count(number: int, noun: str, many: str = "") -> str:
    """A number with its noun; `many` is its plural where that is irregular.

    >>> count(1, "event"), count(1200, "item"), count(2, "query", "queries")
    ('1 event', '1,200 items', '2 queries')
    """
    return f"{number:,} " + (noun if number == 1 else many or f"{noun}s")


def file_size(size: float) -> str:
    """Bytes in a unit that fits.

    >>> file_size(900), file_size(12_300_000)
    ('900 B', '12.3 MB')
    """
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def folder_size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
