"""Progress bars for long work: visible on a terminal, silent everywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_shown: list[str] = []
"""The bar that is on the terminal now."""


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield from `items` while a progress bar on standard error shows how far it is.

    Nothing is written when standard error is not a terminal, so logs and pipes stay clean, and nothing
    inside another bar, which stands for the longer work.

    >>> list(track([1, 2], "counting"))
    [1, 2]
    """
    from rich.console import Console
    from rich.progress import track as rich_track

    console = Console(stderr=True)
    if not console.is_terminal or _shown:
        yield from items
        return
    _shown.append(description)
    try:
        yield from rich_track(items, description, total=total, console=console, transient=True)
    finally:
        _shown.remove(description)
