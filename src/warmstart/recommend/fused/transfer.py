"""What is known of items with events, carried by their text to items with few or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, empty_sparse, resized
from warmstart.recommend.features import ItemFeatures, put_sparse_rows
from warmstart.recommend.fused.products import MANY, tall_moment, tall_product
from warmstart.recommend.tables import nearest_mixture

_BLOCK = 2_048


@dataclass(frozen=True, kw_only=True)
class TransferSettings:
    """How much an item speaks for itself, and how its text speaks for it.

    An item with n events is n / (n + `strength`) itself; `thin_below` events and more are wholly itself.
    `local` is the share of its nearest neighbours in text, the rest is that of the regression; `ridge`
    is the penalty of the regression, and `words` the share of tf-idf in the likeness of neighbours.
    """

    strength: float = 1.0
    thin_below: int = 5
    local: float = 0.25
    ridge: float = 3.0
    words: float = 0.8


@dataclass
class Transfer:
    """One formula for items with 0, 3 and 300 events: own evidence, shrunk towards what the text predicts.

    Let x be what a history says of each item by the events of that item. Then item i gets

        own_i x_i + (1 - own_i) (local M x + (1 - local) (mean x + f_i (FᵀF + ridge)⁻¹ Fᵀ (x - mean x)))_i

    where own_i = n_i / (n_i + strength), M writes an item as a mixture of its 20 nearest neighbours with
    events, and the regression of x on the content F of items with events tells what the text predicts:
    neighbours know the particular, the regression the general. When a history holds a thin item, it
    speaks as own_i itself and the rest its neighbours (`voices`, a row for each item). `rest` are the items
    that are not wholly themselves.
    """

    settings: TransferSettings
    counts: FloatArray
    own: FloatArray
    near: sparse.csr_matrix
    mean: FloatArray
    solved: FloatArray
    thin: IntArray
    _features: ItemFeatures

    def __post_init__(self) -> None:
        self._take_voices()

    @classmethod
    def fit(cls, features: ItemFeatures, counts: FloatArray, settings: TransferSettings) -> Self:
        """Fit to the number of users of each item."""
        size, dim = features.content.shape
        hot = counts > 0
        mean = features.content[hot].mean(axis=0) if hot.any() else np.zeros(dim, dtype=np.float32)
        centred = (features.content[hot] - mean).astype(np.float64)
        solved = np.linalg.inv(centred.T @ centred + settings.ridge * np.eye(dim)).astype(np.float32)
        own = np.ones(size, dtype=np.float32)
        nothing = np.zeros(0, dtype=np.int64)
        made = cls(settings, counts, own, empty_sparse(size, size), mean, solved, nothing, features)
        made._learn(np.flatnonzero(counts < settings.thin_below))
        return made

    def put(self, features: ItemFeatures, positions: IntArray, size: int) -> None:
        """Take in new or changed items at `positions` of a catalogue that now has `size` items."""
        grown = size - len(self.own)
        self._features = features
        self.own = np.pad(self.own, (0, grown), constant_values=1.0)
        self.counts = np.pad(self.counts, (0, grown))
        self.near = resized(self.near, size, size)
        self._learn(positions[self.counts[positions] < self.settings.thin_below])

    def _learn(self, thin: IntArray) -> None:
        """Own shares and neighbours of these items."""
        donors = np.flatnonzero(self.counts > 0)
        has_text = self._features.has_text[thin]
        counts = self.counts[thin]
        share = counts / (counts + self.settings.strength)
        self.own[thin] = np.where(has_text | (counts == 0), share, 1.0)
        if len(thin) and len(donors):
            blocks = [thin[i : i + _BLOCK] for i in range(0, len(thin), _BLOCK)]
            rows = sparse.vstack([self._neighbours(block, donors) for block in blocks])
            self.near = put_sparse_rows(self.near, thin, sparse.csr_matrix(rows), len(self.own))
        self.thin = np.flatnonzero((self.own < 1.0) & self._features.has_text)
        self._take_voices()

    def _neighbours(self, block: IntArray, donors: IntArray) -> sparse.csr_matrix:
        similar = self._features.similarities(block, donors, words=self.settings.words)
        similar[block[:, None] == donors[None, :]] = 0.0  # an item is no neighbour of its own
        return nearest_mixture(similar, donors, len(self.own))

    def _take_voices(self) -> None:
        """Who speaks when an item stands in a history: rows over items with events."""
        self.rest = np.flatnonzero(self.own < 1.0)
        self._n_hot = max(int((self.counts > 0).sum()), 1)
        itself = sparse.diags(np.where(self.counts > 0, self.own, np.float32(0.0)))
        self.voices = sparse.csr_matrix(itself + sparse.diags(1.0 - self.own) @ self.near, dtype=np.float32)
        self.voices.eliminate_zeros()

    def reach(self, values: Any) -> FloatArray:
        """Own values of items, shape (items, any), dense or sparse, as those of all by the formula."""
        slope, offset = self.regression(values)
        return self._blend(values, self.near @ values, self._features.content @ slope + offset, slice(None))

    def reach_rows(
        self, values: Any, items: IntArray, learned: tuple[FloatArray, FloatArray] | None = None
    ) -> FloatArray:
        """The same for some items; `values` are those of all, `learned` their `regression` if known."""
        slope, offset = learned or self.regression(values)
        regressed = self._features.content[items] @ slope + offset
        return self._blend(values[items], self.near[items] @ values, regressed, items)

    def slopes(self, own: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The `regression` of dense values with a row for each mixture: slopes are rows too."""
        total = own.sum(axis=1)
        moment = tall_moment(self._features.content, own) - np.multiply.outer(total, self.mean)
        slope = np.asarray(moment @ self.solved.T, dtype=np.float32)
        offset: FloatArray = total / np.float32(self._n_hot) - slope @ self.mean
        return slope, offset

    def carried(self, own: FloatArray) -> FloatArray:
        """The formula for all items, written into `own`, which has a row for each of some histories."""
        if len(self.rest):
            slope, offset = self.slopes(own)
            answers = tall_product(self._features.content, slope, self.rest)
            for row, values in zip(own, self.joined(own, answers + offset[:, None]), strict=True):
                row[self.rest] = values
        return own

    def joined(self, own: FloatArray, regressed: FloatArray) -> FloatArray:
        """The formula for the items in `rest`, shape (mixtures, rest), from the values of all."""
        rest, near = self.rest, np.float32(self.settings.local)
        share, has_text = self.own[rest], self._features.has_text[rest]
        found = np.empty((len(own), len(rest)), dtype=np.float32)
        if len(own) > MANY:
            local = (self.near @ own.T).T[:, rest]
        else:
            local = np.array([(self.near @ values)[rest] for values in own])
        for row, values, around, said in zip(found, own, local, regressed, strict=True):
            predicted = near * around + (1 - near) * has_text * said
            row[:] = share * values[rest] + (1 - share) * predicted
        return found

    def _blend(self, own: Any, local: Any, regressed: FloatArray, items: Any) -> FloatArray:
        near = np.float32(self.settings.local)
        share, has_text = self.own[items, None], self._features.has_text[items, None]
        predicted = near * _dense(local) + (1 - near) * np.where(has_text, regressed, np.float32(0.0))
        blended: FloatArray = np.asarray(share * _dense(own) + (1 - share) * predicted, dtype=np.float32)
        return blended

    def regression(self, values: Any) -> tuple[FloatArray, FloatArray]:
        """Slope (content dim, any) and offset of what content says of own values, by ridge regression."""
        total = np.asarray(values.sum(axis=0), dtype=np.float32).ravel()
        moment = _moment(self._features.content, values) - np.multiply.outer(self.mean, total)
        slope = self.solved @ moment
        offset: FloatArray = total / np.float32(self._n_hot) - self.mean @ slope
        return slope, offset

    def get_state(self) -> State:
        """Everything but the features, as a tree that can be saved."""
        return {
            "settings": vars(self.settings),
            "counts": self.counts,
            "own": self.own,
            "near": self.near,
            "mean": self.mean,
            "solved": self.solved,
            "thin": self.thin,
        }

    @classmethod
    def from_state(cls, state: State, features: ItemFeatures) -> Self:
        """Take back what `get_state` gave."""
        own = dict(state)
        return cls(settings=TransferSettings(**own.pop("settings")), _features=features, **own)


def _moment(content: FloatArray, values: Any) -> FloatArray:
    """Contentᵀ values; only the rows that hold anything are read."""
    if not isinstance(values, np.ndarray):
        return np.asarray(values.T @ content, dtype=np.float32).T
    known = np.flatnonzero(values.any(axis=1))
    if len(known) > len(content) // 2:
        whole: FloatArray = content.T @ values
        return whole
    return np.asarray(_only(values, known) @ content, dtype=np.float32).T


def _only(values: FloatArray, known: IntArray) -> sparse.csr_matrix:
    """The transpose of `values` as a sparse matrix, of which only the columns `known` hold anything."""
    width = values.shape[1]
    indptr = np.arange(width + 1) * len(known)
    data = np.ascontiguousarray(values[known].T).ravel()
    return sparse.csr_matrix((data, np.tile(known, width), indptr), shape=(width, len(values)))


def _dense(values: Any) -> FloatArray:
    dense: FloatArray = values if isinstance(values, np.ndarray) else values.toarray()
    return dense
