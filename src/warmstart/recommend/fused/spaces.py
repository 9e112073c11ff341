"""What answers by one product with a row of numbers for each item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from warmstart.core.component import State
from warmstart.core.growing import GrowingRows
from warmstart.core.linear import FloatArray, IntArray
from warmstart.recommend.fused.transfer import Transfer


@dataclass
class ItemRows:
    """Vectors of several kinds, side by side in one row for each item, in the order of `Transfer.order`.

    A question about all of them is one product with one matrix, and what differs between items that are
    known and new ones differs between stretches of rows. `order` is the order in which they stand.
    """

    columns: dict[str, tuple[int, int]]
    matrix: FloatArray
    order: IntArray

    def __post_init__(self) -> None:
        self._room = GrowingRows()

    @classmethod
    def of(cls, vectors: Mapping[str, FloatArray], order: IntArray) -> Self:
        """From vectors in catalogue order."""
        edges = np.cumsum([0, *(own.shape[1] for own in vectors.values())]).tolist()
        columns = {name: (edges[i], edges[i + 1]) for i, name in enumerate(vectors)}
        matrix = np.empty((len(order), edges[-1]), dtype=np.float32)
        for name, own in vectors.items():
            matrix[:, slice(*columns[name])] = own[order]
        return cls(columns, matrix, order)

    def part(self, name: str) -> FloatArray:
        """The vectors of one kind, in the order of the rows."""
        return self.matrix[:, slice(*self.columns[name])]

    def asking(self, vectors: Mapping[str, FloatArray], mixtures: int) -> FloatArray:
        """What a question asks of each kind, side by side: shape (mixtures, columns)."""
        asked = np.zeros((mixtures, self.matrix.shape[1]), dtype=np.float32)
        for name, own in vectors.items():
            asked[:, slice(*self.columns[name])] = own
        return asked

    def put(self, vectors: Mapping[str, FloatArray], positions: IntArray, order: IntArray) -> None:
        """Write the vectors of items at `positions` of a catalogue that now stands in `order`."""
        old, size = len(self.order), len(order)
        place = np.empty_like(order)
        place[order] = np.arange(size)
        if not np.array_equal(order[:old], self.order):
            moved = np.zeros((size, self.matrix.shape[1]), dtype=np.float32)
            moved[place[self.order]] = self.matrix
            self.matrix = moved
        self.matrix = self._room.put(self.matrix, place[:0], self.matrix[:0], size)
        for name, own in vectors.items():
            self.matrix[place[positions], slice(*self.columns[name])] = own
        self.order = order


@dataclass
class FactorSpace:
    """Low-rank factors of a table, h gives j left_h · right_j, carried to items with few events.

    `right` of all items stands in `ItemRows`. `own` are those factors before they were carried, of the
    items with events that are not wholly themselves (`thin`); of all others with events they are the
    same. `left` are those of items that speak, where they are not `own` as well; only few are read for a
    question, and they are kept in half precision. `slopes` are what content says of them.
    """

    thin: IntArray
    own: FloatArray
    left: npt.NDArray[np.float16] | None
    slopes: tuple[FloatArray, FloatArray]

    @classmethod
    def of(cls, own: FloatArray, left: FloatArray | None, transfer: Transfer) -> Self:
        """From the factors of items with events."""
        thin = transfer.thin
        kept = None if left is None else left.astype(np.float16)
        return cls(thin, own[thin], kept, transfer.slopes(np.ascontiguousarray(own.T)))

    def own_of(self, items: IntArray, right: FloatArray, transfer: Transfer) -> FloatArray:
        """The factors of items with events, from those in `ItemRows`."""
        found: FloatArray = right[transfer.place[items]]
        if len(self.thin):
            where = np.minimum(np.searchsorted(self.thin, items), len(self.thin) - 1)
            known = self.thin[where] == items
            found[known] = self.own[where[known]]
        return found

    def speakers(self, items: IntArray, right: FloatArray, transfer: Transfer) -> FloatArray:
        """What items with events say, shape (items, dim)."""
        if self.left is None:
            return self.own_of(items, right, transfer)
        return np.asarray(self.left[items], dtype=np.float32)

    def carried(self, items: IntArray, right: FloatArray, transfer: Transfer) -> FloatArray:
        """The factors that the formula gives to these items."""
        near = transfer.near[items]
        donors = np.unique(near.indices).astype(np.int64)
        around = near[:, donors] @ self.own_of(donors, right, transfer)
        known = transfer.counts[items, None] > 0
        own = np.where(known, self.own_of(items, right, transfer), np.float32(0.0))
        return transfer.joined_few(items, own.T, np.asarray(around, dtype=np.float32).T, self.slopes).T

    def get_state(self) -> State:
        """Everything, as a tree that can be saved."""
        slope, offset = self.slopes
        return {"thin": self.thin, "own": self.own, "left": self.left, "slope": slope, "offset": offset}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Take back what `get_state` gave."""
        own = dict(state)
        return cls(slopes=(own.pop("slope"), own.pop("offset")), **own)
