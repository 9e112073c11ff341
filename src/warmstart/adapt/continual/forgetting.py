"""How much of the old is lost when something new is learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warmstart.core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Forgetting:
    """A network's qualities on every task after each of them was learned.

    `qualities[t, j]` is the quality on task j after task t, in the order in which they came; `before` is
    that on each task before anything was learned.

    >>> told = Forgetting(qualities=[[0.9, 0.2], [0.7, 0.8]], before=[0.5, 0.1])
    >>> [round(value, 2) for value in (told.average, told.forgotten, told.backward, told.forward)]
    [0.75, 0.2, -0.2, 0.1]
    """

    qualities: npt.ArrayLike
    before: npt.ArrayLike

    def __post_init__(self) -> None:
        shape = np.shape(self.qualities)
        if len(shape) != 2 or shape[0] != shape[1] or np.shape(self.before) != shape[:1] or not shape[0]:
            raise InputError(
                expected="a square table of qualities, and one quality before for each task",
                found=f"shapes {shape} and {np.shape(self.before)}",
                todo="Measure every task before the first and after each.",
            )

    @property
    def average(self) -> float:
        """The mean quality over all tasks at the end."""
        return float(np.asarray(self.qualities)[-1].mean())

    @property
    def forgotten(self) -> float:
        """How far tasks have fallen from their best, the last one left out (Chaudhry et al. 2018)."""
        table = np.asarray(self.qualities, dtype=np.float64)
        if len(table) < 2:
            return 0.0
        best = np.array([table[place:-1, place].max() for place in range(len(table) - 1)])
        return float((best - table[-1, :-1]).mean())

    @property
    def backward(self) -> float:
        """What later tasks did to earlier ones since they were learned; below zero is forgetting.

        Backward transfer of Lopez-Paz and Ranzato (2017, arXiv 1706.08840).
        """
        table = np.asarray(self.qualities, dtype=np.float64)
        if len(table) < 2:
            return 0.0
        return float((table[-1, :-1] - np.diag(table)[:-1]).mean())

    @property
    def forward(self) -> float:
        """What earlier tasks did for later ones before those were learned (the same source)."""
        table, before = np.asarray(self.qualities, dtype=np.float64), np.asarray(self.before)
        if len(table) < 2:
            return 0.0
        return float(np.mean([table[place - 1, place] - before[place] for place in range(1, len(table))]))
