"""When a shop's tables are counted again without those who were forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_OCCUPIED: Final = 5.0
"""Seconds before it is tried again where another worker is learning the shop."""


class Relearning:
    """Gathers those who are forgotten, so that counting without them takes half of the time at most.

    It may begin at once where the shop was not learned lately, and otherwise `minutes` after it was, or as
    long after as it took, whichever is later. With 0 minutes it may always begin. Of what waits nothing is
    kept here: whoever starts again finds in the log of changes who was forgotten since its model was made.
    """

    def __init__(self, minutes: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause, self._clock = minutes * 60, clock
        self._next = float("-inf")
        self._began = 0.0

    @property
    def may_begin(self) -> bool:
        """Whether the pause is over."""
        return self._clock() >= self._next

    def begin(self) -> None:
        """It begins now."""
        self._began = self._clock()

    def end(self) -> None:
        """It is done."""
        now = self._clock()
        self._rest(max(self._pause, now - self._began) if self._pause else 0.0)

    def learned(self) -> None:
        """A model that somebody made has taken over."""
        self._rest(self._pause)

    def occupied(self) -> None:
        """Another worker is at it, or at something that makes it needless."""
        self._rest(min(_OCCUPIED, self._pause))

    def _rest(self, seconds: float) -> None:
        self._next = max(self._next, self._clock() + seconds)
