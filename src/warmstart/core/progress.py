"""Progress bars for long work: visible on a terminal, silent everywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield from `items` while a progress bar on standard error shows how far it is.

    Nothing is written when standard error is not a terminal, so logs and pipes stay clean.

    >>> list(track([1, 2], "counting"))
    [1, 2]
    """
    from rich.console import Console
    from rich.progress import track as rich_track

    console = Console(stderr=True)
    if not console.is_terminal:
        yield from items
        return
    yield from rich_track(items, description, total=total, console=console, transient=True)
