"""Whether what comes in and what goes out is still like what it was."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Final

_FEW: Final = 1e-3
"""Stands for a share that was never seen, whose logarithm would be infinite."""


def stability(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """The population stability index: sum (q - p) ln(q / p) over the shares of all kinds.

    0 for equal shares. By convention below .1 nothing has changed, and above .25 much has (Siddiqi, Credit
    Risk Scorecards, 2006).

    >>> round(stability({"view": 90, "purchase": 10}, {"view": 50, "purchase": 50}), 2)
    0.88
    """
    total_before, total_now = sum(before.values()), sum(now.values())
    if not total_before or not total_now:
        return 0.0
    found = 0.0
    for kind in before.keys() | now.keys():
        p = max(before.get(kind, 0) / total_before, _FEW)
        q = max(now.get(kind, 0) / total_now, _FEW)
        found += (q - p) * math.log(q / p)
    return found


class Shift:
    """Compares the last `size` observations with the first `size`, by the stability index.

    Numbers are compared in ten ranges that the first ones filled equally. `restart` begins anew, as a new
    model should.
    """

    def __init__(self, size: int = 500) -> None:
        self.size = size
        self.restart()

    def restart(self) -> None:
        """Forget what was seen."""
        self._first: list[float | str] = []
        self._last: deque[float | str] = deque(maxlen=self.size)
        self._edges: Sequence[float] = ()
        self._before: Counter[str] = Counter()

    def see(self, value: float | str) -> None:
        """Take in one observation: a number, or the name of a kind."""
        if len(self._first) < self.size:
            self._first.append(value)
            if len(self._first) == self.size:
                self._settle()
        else:
            self._last.append(value)

    def _settle(self) -> None:
        numbers = sorted(value for value in self._first if not isinstance(value, str))
        self._edges = [numbers[len(numbers) * i // 10] for i in range(1, 10)] if numbers else ()
        self._before = Counter(self._kind(value) for value in self._first)

    def _kind(self, value: float | str) -> str:
        return value if isinstance(value, str) else str(sum(value >= edge for edge in self._edges))

    @property
    def index(self) -> float:
        """How far the last ones are from the first; 0 until enough were seen."""
        if len(self._last) < self.size:
            return 0.0
        return stability(self._before, Counter(self._kind(value) for value in self._last))
