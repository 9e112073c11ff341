"""What is known of items with events, carried by their text to items with few or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, empty_sparse, resized
from warmstart.recommend.features import ItemFeatures, put_sparse_rows
from warmstart.recommend.fused.kriging import kriging_weights
from warmstart.recommend.fused.products import MANY, tall_moment, tall_product


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


@dataclass
class Transfer:
    """One formula for items with 0, 3 and 300 events: own evidence, shrunk towards what the text predicts.

    Let x be what a history says of each item by the events of that item, and

        r = mean x + F (FᵀF + ridge)⁻¹ Fᵀ (x - mean x)

    its regression on the content F of items with events. Then item i gets

        own_i x_i + (1 - own_i) (r_i + sum over j of near_ij (x_j - r_j)),    own_i = n_i / (n_i + strength)

    The regression knows the general; what it misses at the nearest items with events is carried over with
    the weights of `kriging.kriging_weights` (universal kriging: Matheron, 1969). When a history holds a
    thin item, it speaks as own_i itself and the rest its neighbours (`voices`, a row for each item).
    `rest` are the items that are not wholly themselves; for these `apart` is f_i - sum of near_ij f_j and
    `left` is 1 - sum of near_ij, with which the formula is near x + apart slope + left offset.
    """

    settings: TransferSettings
    counts: FloatArray
    own: FloatArray
    near: sparse.csr_matrix
    mean: FloatArray
    solved: FloatArray
    _features: ItemFeatures

    def __post_init__(self) -> None:
        self._take_rest()

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
        has_text = self._features.has_text[thin]
        counts = self.counts[thin]
        share = counts / (counts + self.settings.strength)
        self.own[thin] = np.where(has_text | (counts == 0), share, 1.0)
        donors = np.flatnonzero(self.counts > 0)
        if len(thin) and len(donors):
            rows = kriging_weights(
                self._features,
                thin,
                donors,
                neighbours=self.settings.neighbours,
                noise=self.settings.noise,
                words=self.settings.words,
            )
            self.near = put_sparse_rows(self.near, thin, rows, len(self.own))
        self._take_rest()

    def _take_rest(self) -> None:
        """Who speaks when an item stands in a history, and what the formula needs of items in `rest`."""
        self.rest = np.flatnonzero(self.own < 1.0)
        self._n_hot = max(int((self.counts > 0).sum()), 1)
        itself = sparse.diags(np.where(self.counts > 0, self.own, np.float32(0.0)))
        self.voices = sparse.csr_matrix(itself + sparse.diags(1.0 - self.own) @ self.near, dtype=np.float32)
        self.voices.eliminate_zeros()
        near, content = self.near[self.rest], self._features.content
        has_text = self._features.has_text[self.rest]
        self.apart = np.asarray(content[self.rest] - near @ content, dtype=np.float32)
        self.apart[~has_text] = 0.0
        self.left = (has_text * (1.0 - np.asarray(near.sum(axis=1)).ravel())).astype(np.float32)

    def reach(self, values: Any) -> FloatArray:
        """Own values of items, shape (items, any), dense or sparse, as those of all by the formula."""
        found = np.array(_dense(values), dtype=np.float32)
        found[self.rest] = self.reach_rows(values, self.rest)
        return found

    def reach_rows(
        self, values: Any, items: IntArray, learned: tuple[FloatArray, FloatArray] | None = None
    ) -> FloatArray:
        """The same for some items; `values` are those of all, `learned` their `regression` if known."""
        found = np.array(_dense(values[items]), dtype=np.float32)
        some = np.flatnonzero(self.own[items] < 1.0)
        if len(some):
            place = np.searchsorted(self.rest, items[some])
            slope, offset = learned or self.regression(values)
            predicted = _dense(self.near[items[some]] @ values) + self.apart[place] @ slope
            predicted += np.multiply.outer(self.left[place], offset)
            share = self.own[items[some], None]
            found[some] = share * found[some] + (1 - share) * predicted
        return found

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
            for row, values in zip(own, self.joined(own), strict=True):
                row[self.rest] = values
        return own

    def joined(self, own: FloatArray) -> FloatArray:
        """The formula for the items in `rest`, shape (mixtures, rest), from the values of all."""
        rest, share = self.rest, self.own[self.rest]
        slope, offset = self.slopes(own)
        found = tall_product(self.apart, slope)
        if len(own) > MANY:
            found += (self.near @ own.T).T[:, rest]
        else:
            found += np.array([(self.near @ values)[rest] for values in own])
        for row, values, constant in zip(found, own, offset, strict=True):
            row[:] = share * values[rest] + (1 - share) * (row + constant * self.left)
        return found

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
