"""A large set of numbers in eight bytes each."""

from __future__ import annotations

from typing import Final

import numpy as np

from warmstart.core.linear import BoolArray, IntArray

_FEW: Final = 4_096


class NumberSet:
    """A set of 64-bit numbers that is asked, added to and taken from by the array.

    The numbers lie sorted; changes lie sorted beside them, until they are more than `few` and more than a
    sixteenth of the rest. Where a Python set needs some seventy bytes for a number, this one needs eight.

    >>> some = NumberSet()
    >>> some.add(np.array([7, 3]))
    >>> some.discard(np.array([7, 9]))
    >>> some.holds(np.array([3, 7, 9])).tolist(), len(some)
    ([True, False, False], 1)
    """

    __slots__ = ("_few", "_gone", "_late", "_sorted")

    def __init__(self, few: int = _FEW) -> None:
        self._few = few
        self._sorted = self._late = self._gone = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._sorted) - len(self._gone) + len(self._late)

    def holds(self, numbers: IntArray) -> BoolArray:
        """Which of the numbers are in the set."""
        held = _among(self._sorted, numbers) & ~_among(self._gone, numbers)
        return held | _among(self._late, numbers)

    def add(self, numbers: IntArray) -> None:
        """Put numbers in; those that it holds stay."""
        back = _among(self._gone, numbers)
        self._gone = np.setdiff1d(self._gone, numbers[back])
        self._late = np.union1d(self._late, numbers[~back & ~_among(self._sorted, numbers)])
        self._settle()

    def discard(self, numbers: IntArray) -> None:
        """Take numbers out; those that it does not hold are passed over."""
        self._late = np.setdiff1d(self._late, numbers)
        self._gone = np.union1d(self._gone, numbers[_among(self._sorted, numbers)])
        self._settle()

    def _settle(self) -> None:
        if len(self._late) + len(self._gone) <= max(self._few, len(self._sorted) // 16):
            return
        kept = self._sorted[~_among(self._gone, self._sorted)]
        self._sorted = np.concatenate([kept, self._late])
        self._sorted.sort(kind="stable")  # two runs: it merges them
        self._late = self._gone = np.zeros(0, dtype=np.int64)


def _among(known: IntArray, numbers: IntArray) -> BoolArray:
    """Which numbers are among the known ones, which are sorted."""
    if not len(known):
        return np.zeros(len(numbers), dtype=np.bool_)
    places = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    held: BoolArray = known[places] == numbers
    return held
