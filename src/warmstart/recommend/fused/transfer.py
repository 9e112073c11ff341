"""What is known of items with events, carried by their text to items with few or none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Self

import numpy as np
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.growing import GrowingRows, GrowingSparse
from warmstart.core.linear import FloatArray, IntArray, empty_sparse
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.fused.kriging import kriging_weights
from warmstart.recommend.fused.products import sum_of_rows, tall_moment

_SPEAKERS: Final = 20
_LEVEL, _LEAST, _MOST = 1 - 1e-4, 1e-3, 3.0
_MANY: Final = 0.5
_LATE: Final = 1_000
"""So many items are heard one by one before all listeners are turned round again."""


@dataclass(frozen=True, kw_only=True)
class TransferSettings:
    """How much an item speaks for itself, and how its text speaks for it.

    An item with n events is n / (n + `strength`) itself; `thin_below` events and more are wholly itself.
    `ridge` is the penalty of the regression on content; its errors at the `neighbours` nearest in text
    (`words` is the share of tf-idf in likeness) are carried over, the less the larger the `noise`.
    """

    strength: float = 1.0
    thin_below: int = 5
    ridge: float = 3.0
    neighbours: int = 50
    noise: float = 2.0
    words: float = 0.8


@dataclass(frozen=True)
class Group:
    """Items that speak for themselves to the same share, at `start` to `stop` of `Transfer.order`.

    `apart` and `left` are their rows of these, `rest` where they stand in them.
    """

    start: int
    stop: int
    items: IntArray
    own: np.float32
    rest: slice
    apart: FloatArray
    left: FloatArray

    def blend(self, mixtures: int) -> FloatArray:
        """What each mixture counts for these items: one alone, or one for known and one for new items."""
        pair = [1.0] if mixtures == 1 else [self.own, 1.0 - self.own]
        return np.array(pair, dtype=np.float32)


class _Rooms:
    """Where the tables of a `Transfer` grow."""

    def __init__(self) -> None:
        self.near, self.loud = GrowingSparse(), GrowingSparse()
        self.order, self.place, self.apart, self.left = (GrowingRows() for _ in range(4))


@dataclass
class Transfer:
    """One formula for items with 0, 3 and 300 events: own evidence, shrunk towards what the text predicts.

    Let x be what a history says of each item by the events of that item, and

        r = mean x + F (FᵀF + ridge)⁻¹ Fᵀ (x - mean x)

    its regression on the content F of items with events. Then item i gets

        own_i x_i + (1 - own_i) (r_i + sum over j of near_ij (x_j - r_j)),    own_i = n_i / (n_i + strength)

    The regression knows the general; what it misses at the nearest items with events is carried over with
    the weights of `kriging.kriging_weights` (universal kriging: Matheron, 1969). When a history holds a
    thin item, it speaks as own_i itself and the rest its neighbours (`voices`): of these the twenty of most
    weight speak for all (`loud`), which costs less.

    Values stand in rows, one for each history or whatever they are values of, and have a column an item.
    `order` are the items as they speak for themselves, those who wholly do first and new ones last, so that
    all to which the formula applies alike (`groups`) is one stretch of memory; `place` is where each
    stands. For those from `first` on `apart` is f_i - sum of near_ij f_j and `left` is 1 - sum of near_ij,
    with which the formula is near x + apart slope + left offset, and `listeners` are their rows of near,
    turned round.
    """

    settings: TransferSettings
    counts: FloatArray
    own: FloatArray
    near: sparse.csr_matrix
    mean: FloatArray
    solved: FloatArray
    _features: ItemFeatures

    def __post_init__(self) -> None:
        self._rooms = _Rooms()
        self.first = 0
        self.loud = loudest(self.near, _SPEAKERS)
        self.apart = self.left = np.zeros(0, dtype=np.float32)
        self._arrange()

    @classmethod
    def fit(cls, features: ItemFeatures, counts: FloatArray, settings: TransferSettings) -> Self:
        """Fit to the number of users of each item."""
        size, dim = features.content.shape
        hot = counts > 0
        mean = features.content[hot].mean(axis=0) if hot.any() else np.zeros(dim, dtype=np.float32)
        centred = (features.content[hot] - mean).astype(np.float64)
        solved = np.linalg.inv(centred.T @ centred + settings.ridge * np.eye(dim)).astype(np.float32)
        own = np.ones(size, dtype=np.float32)
        made = cls(settings, counts, own, empty_sparse(size, size), mean, solved, features)
        made.own = made._share(np.arange(size))
        made._listen(np.flatnonzero(counts < settings.thin_below))
        made._arrange()
        return made

    def put(self, features: ItemFeatures, positions: IntArray, size: int) -> None:
        """Take in new or changed items at `positions` of a catalogue that now has `size` items."""
        old = len(self.own)
        self._features = features
        own = np.append(self.own, np.zeros(size - old, dtype=np.float32))
        self.counts = np.append(self.counts, np.zeros(size - old, dtype=np.float32))
        own[positions] = self._share(positions)
        stays = np.array_equal(own[:old], self.own) and not own[old:].any()
        self.own = own
        self._listen(positions[self.counts[positions] < self.settings.thin_below])
        if stays:  # new items speak least for themselves, and so stand last
            self._rearrange(positions, np.arange(old, size))
        else:
            self._arrange()

    def _share(self, items: IntArray) -> FloatArray:
        """How far items speak for themselves; those without text, but with events, wholly."""
        counts = self.counts[items]
        shared = (counts < self.settings.thin_below) & (self._features.has_text[items] | (counts == 0))
        with np.errstate(invalid="ignore"):
            share = np.where(counts > 0, counts / (counts + self.settings.strength), np.float32(0.0))
        return np.where(shared, share, np.float32(1.0)).astype(np.float32)

    def _listen(self, thin: IntArray) -> None:
        """To whom thin items listen: the nearest of those with events."""
        donors, shape = np.flatnonzero(self.counts > 0), (len(self.own), len(self.own))
        rows, spoken = empty_sparse(0, shape[1]), empty_sparse(0, shape[1])
        heard = thin if len(donors) else thin[:0]
        if len(heard):
            rows = kriging_weights(
                self._features,
                heard,
                donors,
                neighbours=self.settings.neighbours,
                noise=self.settings.noise,
                words=self.settings.words,
            )
            spoken = loudest(rows, _SPEAKERS)
        self.near = self._rooms.near.put(self.near, heard, rows, shape)
        self.loud = self._rooms.loud.put(self.loud, heard, spoken, shape)

    def _arrange(self) -> None:
        """Put the items in order, and what the formula needs of those that are not wholly themselves."""
        self._n_hot = max(int((self.counts > 0).sum()), 1)
        self.order: IntArray = np.argsort(-self.own, kind="stable").astype(np.int64)
        self.place: IntArray = np.empty_like(self.order)
        self.place[self.order] = np.arange(len(self.order))
        self.first = int((self.own >= 1.0).sum())
        self.apart, self.left = self._set_apart(self.order[self.first :])
        self._hear()
        self.groups = tuple(self._grouped())

    def _hear(self) -> None:
        """Turn round who listens to whom, for all."""
        self.listeners = sparse.csr_matrix(self.near[self.order[self.first :]].T)
        self._late: IntArray = np.zeros(0, dtype=np.int64)
        self._late_near = self.near[:0]

    def _rearrange(self, changed: IntArray, new: IntArray) -> None:
        """The same where all that stand in order stay where they are, and new items follow them."""
        rooms = self._rooms
        self.order = rooms.order.put(self.order, new, new, len(self.own))
        self.place = rooms.place.put(self.place, new, new, len(self.own))
        own = self.place[changed] - self.first
        late = own[own >= 0]
        touched = np.union1d(late, self._listening(changed[self.counts[changed] > 0]))
        apart, left = self._set_apart(self.order[self.first + touched])
        size = len(self.order) - self.first
        self.apart = rooms.apart.put(self.apart, touched, apart, size)
        self.left = rooms.left.put(self.left, touched, left, size)
        self._late = np.union1d(self._late, late)
        self._late_near = self.near[self.order[self.first + self._late]]
        if len(self._late) > _LATE:
            self._hear()
        self.groups = tuple(self._grouped())

    def _listening(self, donors: IntArray) -> IntArray:
        """Which of those from `first` on may listen to any of these."""
        if not len(donors):
            return donors
        return np.union1d(self.listeners[donors].indices, self._late).astype(np.int64)

    def _set_apart(self, rest: IntArray) -> tuple[FloatArray, FloatArray]:
        """`apart` and `left` of these items."""
        near, content = self.near[rest], self._features.content
        has_text = self._features.has_text[rest]
        apart = np.asarray(content[rest] - near @ content, dtype=np.float32)
        apart[~has_text] = 0.0
        left = has_text * (1.0 - np.asarray(near.sum(axis=1)).ravel())
        return apart, left.astype(np.float32)

    def _grouped(self) -> Iterator[Group]:
        """Each stretch of the same share."""
        own = self.own[self.order]
        edges = [0, *(np.flatnonzero(own[1:] != own[:-1]) + 1).tolist(), len(own)]
        for start, stop in pairwise(edges):
            rows = slice(max(start - self.first, 0), max(stop - self.first, 0))
            items = self.order[start:stop]
            if start < stop:
                yield Group(start, stop, items, own[start], rows, self.apart[rows], self.left[rows])

    @property
    def thin(self) -> IntArray:
        """The items with events that are not wholly themselves."""
        return np.flatnonzero((self.own < 1.0) & (self.counts > 0))

    def voices(self, positions: IntArray) -> sparse.csr_matrix:
        """Who speaks when items stand in a history: rows over items with events."""
        own = self.own[positions]
        loud = np.where(self.counts[positions] > 0, own, np.float32(0.0))
        ends, shape = np.arange(len(positions) + 1), (len(positions), len(self.own))
        if (own < 1.0).any():
            near = self.loud[positions]
            first = near.indptr[:-1] + ends[:-1]  # each stands before its neighbours
            ends = near.indptr + ends
            rest = np.ones(ends[-1], dtype=np.bool_)
            rest[first] = False
            columns, data = np.empty(ends[-1], dtype=np.int64), np.empty(ends[-1], dtype=np.float32)
            columns[first], columns[rest] = positions, near.indices
            data[first], data[rest] = loud, near.data * np.repeat(1.0 - own, np.diff(near.indptr))
            positions, loud = columns, data
        found = sparse.csr_matrix((loud, positions, ends), shape=shape)
        found.eliminate_zeros()
        return found

    def slopes(self, values: Any) -> tuple[FloatArray, FloatArray]:
        """What content says of values, dense or sparse, by ridge regression: slopes in rows and offsets."""
        total = np.asarray(values.sum(axis=1), dtype=np.float32).ravel()
        content = self._features.content
        dense = isinstance(values, np.ndarray)
        moment = tall_moment(content, values) if dense else np.asarray(values @ content, dtype=np.float32)
        slope = np.asarray((moment - np.multiply.outer(total, self.mean)) @ self.solved.T, dtype=np.float32)
        offset: FloatArray = total / np.float32(self._n_hot) - slope @ self.mean
        return slope, offset

    def carried(self, values: FloatArray) -> FloatArray:
        """The formula for all items, written into `values`."""
        rest = self.order[self.first :]
        if len(rest):
            slope, offset = self.slopes(values)
            said = slope @ self.apart.T
            said += np.multiply.outer(offset, self.left)
            said += self.around(values)
            values[:, rest] = _formula(self.own[rest], values[:, rest], said)
        return values

    def around(self, values: FloatArray) -> FloatArray:
        """Near x for the items from `first` on, by way of those that have a value: shape (any, rest)."""
        found = np.zeros((len(values), len(self.order) - self.first), dtype=np.float32)
        early = self._around_early(values[:, : self.listeners.shape[0]])
        found[:, : early.shape[1]] = early
        if len(self._late):
            found[:, self._late] = (self._late_near @ values.T).T
        return found

    def _around_early(self, values: FloatArray) -> FloatArray:
        """The same for those that `listeners` knows."""
        touched, listeners = np.flatnonzero(values.any(axis=0)), self.listeners
        entries = int((listeners.indptr[touched + 1] - listeners.indptr[touched]).sum())
        if entries < _MANY * listeners.nnz:
            size = listeners.shape[1]
            return sum_of_rows([(listeners, values[:, touched])], touched, size, len(values))
        return np.asarray((listeners.T @ values.T).T, dtype=np.float32)

    def joined(
        self,
        group: Group,
        blend: FloatArray,
        values: FloatArray,
        around: FloatArray,
        learned: tuple[FloatArray, FloatArray],
    ) -> FloatArray:
        """The formula for the items of a group, of a blend of the values of all items in `values`.

        `around` and `learned` are what these have of their `around` and their `slopes`.
        """
        if group.own >= 1.0:
            return np.asarray(values[0, group.items], dtype=np.float32)
        said = group.apart @ (blend @ learned[0]) + (blend @ learned[1]) * group.left
        own = blend @ values[:, group.items]
        return _formula(group.own, own, blend @ around[:, group.rest] + said)

    def shares(self, donors: IntArray, items: IntArray) -> FloatArray:
        """The formula as weights: what a value of one at each donor says of each of `items`.

        `donors` are in order; shape (donors, items).
        """
        own = self.own[items]
        found = (donors[:, None] == items) * own
        some = np.flatnonzero(own < 1.0)
        if not len(some):
            return np.asarray(found, dtype=np.float32)
        place = self.place[items[some]] - self.first
        slopes = self.apart[place] @ self.solved - np.multiply.outer(
            self.left[place], self.mean @ self.solved
        )
        said = (self._features.content[donors] - self.mean) @ slopes.T
        said += self.left[place] / np.float32(self._n_hot)
        said += self._heard(donors, items[some])
        found[:, some] += (1.0 - own[some]) * said
        return np.asarray(found, dtype=np.float32)

    def _heard(self, donors: IntArray, items: IntArray) -> FloatArray:
        """Near of some items at some donors, turned round: shape (donors, items)."""
        near = self.near[items]
        heard = np.zeros((len(donors) + 1, len(items)), dtype=np.float32)
        where = np.searchsorted(donors, near.indices)
        where[np.append(donors, -1)[where] != near.indices] = len(donors)  # what nobody asked about
        np.add.at(heard, (where, np.repeat(np.arange(len(items)), np.diff(near.indptr))), near.data)
        return heard[:-1]

    def joined_few(
        self, items: IntArray, own: FloatArray, around: FloatArray, learned: tuple[FloatArray, FloatArray]
    ) -> FloatArray:
        """The formula from their own values and the weighted sums of those of their neighbours."""
        found = np.array(own, dtype=np.float32)
        some = np.flatnonzero(self.own[items] < 1.0)
        place = self.place[items[some]] - self.first
        said = learned[0] @ self.apart[place].T + np.multiply.outer(learned[1], self.left[place])
        found[:, some] = _formula(self.own[items[some]], found[:, some], around[:, some] + said)
        return found

    def get_state(self) -> State:
        """Everything but the features, as a tree that can be saved."""
        return {
            "settings": vars(self.settings),
            "counts": self.counts,
            "own": self.own,
            "near": self.near,
            "mean": self.mean,
            "solved": self.solved,
        }

    @classmethod
    def from_state(cls, state: State, features: ItemFeatures) -> Self:
        """Take back what `get_state` gave."""
        own = dict(state)
        return cls(settings=TransferSettings(**own.pop("settings")), _features=features, **own)


def loudest(rows: sparse.csr_matrix, most: int) -> sparse.csr_matrix:
    """The entries of most weight in each row, scaled to the sum of all where they can be.

    At most so many, and those that weigh as much as the last of them: what is level stays together.

    >>> loudest(sparse.csr_matrix([[6.0, 0.0, 1.0, 1.0]]), 1).toarray().tolist()
    [[8.0, 0.0, 0.0, 0.0]]
    """
    size, own = rows.shape[0], np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    weight = np.abs(rows.data)
    order = np.lexsort((-weight, own))
    last = np.zeros(size, dtype=np.float32)
    seats = np.arange(len(order)) - rows.indptr[own] == most - 1
    last[own[seats]] = weight[order[seats]] * np.float32(_LEVEL)
    kept = weight >= last[own]
    whole, part = np.bincount(own, rows.data, size), np.bincount(own[kept], rows.data[kept], size)
    scale = np.divide(whole, part, out=np.ones(size), where=np.abs(part) > _LEAST * np.abs(whole))
    data = rows.data[kept] * np.clip(scale, 0.0, _MOST)[own[kept]]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(own[kept], minlength=size))])
    return sparse.csr_matrix((data, rows.indices[kept], indptr), shape=rows.shape, dtype=np.float32)


def _formula(share: Any, own: FloatArray, predicted: FloatArray) -> FloatArray:
    found: FloatArray = np.asarray(share * own + (1 - share) * predicted, dtype=np.float32)
    return found
