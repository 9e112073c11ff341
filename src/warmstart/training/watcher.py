"""Who is told how a training goes."""

from __future__ import annotations

from typing import Protocol


class Watcher(Protocol):
    """Is told of every step and every look at what is held back: a logger, a tracker."""

    def on_step(self, step: int, loss: float, learning_rate: float) -> None:
        """After a step, counted from 1."""

    def on_quality(self, step: int, quality: float) -> None:
        """After a look; step 0 is before the first step."""
