"""What a field says of each item, in columns that take in a change at the cost of the change."""

from __future__ import annotations

import math
import re
from array import array
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from warmstart.core.analysis import normalise
from warmstart.core.linear import BoolArray, IntArray

DoubleArray = npt.NDArray[np.float64]
_WHOLE: Final = re.compile(r"-?\d+\.0")
_TRUE, _FALSE = hash("true"), hash("false")
_NUMBER = int, float  # asked for each fact of a shop: a tuple is twice as quick as a union
_PLAIN = str, int, float
_REMEMBERED: Final = 20_000


class SparseColumn:
    """Entries in catalogue order: at which position each stands, and what it is.

    An item may have none, one or several. To append, and to exchange as many entries as there were, costs
    what they bring; another number of entries for an item already there costs one copy of the column.

    >>> column = SparseColumn(np.float64)
    >>> column.put(np.array([0, 1, 2]), np.array([0, 2]), np.array([5.0, 7.0]))
    >>> column.put(np.array([1, 2]), np.array([1]), np.array([6.0]))
    >>> column.where.tolist(), column.what.tolist()
    ([0, 1], [5.0, 6.0])
    """

    __slots__ = ("_size", "_what", "_where")

    def __init__(self, kind: npt.DTypeLike) -> None:
        self._size = 0
        self._where: npt.NDArray[np.int32] = np.empty(0, dtype=np.int32)
        self._what: npt.NDArray[Any] = np.empty(0, dtype=kind)

    def __len__(self) -> int:
        return self._size

    @property
    def where(self) -> npt.NDArray[np.int32]:
        """The position of each entry, ascending."""
        return self._where[: self._size]

    @property
    def what(self) -> npt.NDArray[Any]:
        """Each entry."""
        return self._what[: self._size]

    def put(self, positions: IntArray, where: npt.ArrayLike, what: npt.ArrayLike) -> None:
        """What stands at `positions` gives way to entries that stand `where` among them; both ascend."""
        at, entries = np.asarray(where, dtype=np.int64), np.asarray(what, dtype=self._what.dtype)
        if not self._size or positions[0] > self._where[self._size - 1]:
            self._append(at, entries)
            return
        first, held = _runs(self.where, positions)
        if np.array_equal(held, _runs(at, positions)[1]):
            self._what[_slots(first, held)] = entries
        else:
            self._exchange(_slots(first, held), at, entries)

    def _append(self, where: IntArray, what: npt.NDArray[Any]) -> None:
        size = self._size + len(where)
        if size > len(self._where):
            room = size + size // 8 + 4 if self._size else size  # a first build needs none
            self._where, self._what = _moved(self.where, room), _moved(self.what, room)
        self._where[self._size : size] = where
        self._what[self._size : size] = what
        self._size = size

    def _exchange(self, gone: IntArray, where: IntArray, what: npt.NDArray[Any]) -> None:
        kept, rest = np.delete(self.where, gone), np.delete(self.what, gone)
        before = np.searchsorted(kept, where)
        self._where, self._what = np.insert(kept, before, where), np.insert(rest, before, what)
        self._size = len(self._where)


def _moved(entries: npt.NDArray[Any], room: int) -> npt.NDArray[Any]:
    larger = np.empty(room, dtype=entries.dtype)
    larger[: len(entries)] = entries
    return larger


def _runs(where: npt.NDArray[Any], positions: IntArray) -> tuple[IntArray, IntArray]:
    """For each position where its entries begin, and how many they are."""
    first = np.searchsorted(where, positions)
    return first, np.searchsorted(where, positions, side="right") - first


def _slots(first: IntArray, lengths: IntArray) -> IntArray:
    """The places of runs that begin at `first`, one run after the other."""
    before = np.cumsum(lengths) - lengths
    slots: IntArray = np.repeat(first - before, lengths) + np.arange(int(lengths.sum()))
    return slots


class Field:
    """The values of one field: codes of what each item has, and its number where it has one."""

    __slots__ = ("_codes", "_numbers")

    def __init__(self) -> None:
        self._codes = SparseColumn(np.int64)
        self._numbers: SparseColumn | None = None  # few fields have any

    def __len__(self) -> int:
        return len(self._codes)

    def put(self, positions: IntArray, values: Values) -> None:
        """What stood at `positions` gives way to these values, which stand among them."""
        self._codes.put(positions, values.where, values.codes)
        if self._numbers is None and values.owners:
            self._numbers = SparseColumn(np.float64)  # float32 is off by minutes for times
        if self._numbers is not None:
            self._numbers.put(positions, values.owners, values.numbers)

    def mark(self, wanted: IntArray, mask: BoolArray) -> None:
        """Set `mask` where an item has a value with one of these codes."""
        found = self._codes.what == wanted[0] if len(wanted) == 1 else np.isin(self._codes.what, wanted)
        mask[self._codes.where[found]] = True

    def number(self, numbers: DoubleArray) -> None:
        """Write into `numbers` that of each item that has one."""
        if self._numbers is not None:
            numbers[self._numbers.where] = self._numbers.what


class Values:
    """Values on their way into a field, item by item in catalogue order.

    An item may have several values; of several numbers the last is the one to compare.
    """

    __slots__ = ("codes", "numbers", "owners", "where")

    def __init__(self) -> None:
        self.where, self.codes, self.owners = array("q"), array("q"), array("q")
        self.numbers = array("d")

    def add(self, position: int, value: Any, code: int) -> None:
        """One more value of the item at a position."""
        self.where.append(position)
        self.codes.append(code)
        if isinstance(value, _NUMBER) and not isinstance(value, bool):
            self._add_number(position, _double(value))

    def _add_number(self, position: int, number: float) -> None:
        if self.owners and self.owners[-1] == position:
            self.numbers[-1] = number
        else:
            self.owners.append(position)
            self.numbers.append(number)


class Coder:
    """Numbers for values, the same for those that a filter takes for the same; remembers what it has met.

    The number is a hash of 64 bits, so that no column needs a copy of its texts: that one of a hundred
    thousand texts is taken for another comes about once in 10^14 filters.
    """

    def __init__(self) -> None:
        self._known: dict[str | float, int] = {}

    def code(self, value: Any) -> int:
        """The number of one value."""
        if isinstance(value, bool):
            return _TRUE if value else _FALSE  # True would be found at 1
        if not isinstance(value, _PLAIN):
            return hash(_key(value))
        found = self._known.get(value)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[value] = hash(_key(value))
        return found


def _key(value: Any) -> str:
    """The text by which a value is compared."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = normalise(str(value)).strip()
    return text[:-2] if text.endswith(".0") and _WHOLE.fullmatch(text) else text


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond all doubles
        return math.inf if value > 0 else -math.inf
