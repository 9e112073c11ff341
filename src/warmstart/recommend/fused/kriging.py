"""Every item as a weighted sum of those like it in text; neighbours that say the same count once."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from warmstart.core.linear import FloatArray, IntArray, empty_sparse
from warmstart.recommend.features import ItemFeatures

_BLOCK, _FEW = 256, 16


def kriging_weights(
    features: ItemFeatures,
    items: IntArray,
    donors: IntArray,
    *,
    neighbours: int,
    noise: float,
    words: float,
) -> sparse.csr_matrix:
    """The weights of each item's nearest donors, shape (items, all items).

    For an item whose likeness to its nearest donors is k, and with K the likeness of these to one another,
    they are (K + noise I)⁻¹ k: the posterior mean of a Gaussian process that sees only the nearest
    `neighbours` (Vecchia, "Estimation and model identification for continuous spatial processes", 1988;
    Datta et al., "Hierarchical nearest-neighbor Gaussian process models", 2016). Likeness is that of
    `ItemFeatures.similarities`, nothing below zero. An item is no neighbour of its own, and what it is not
    like at all weighs nothing.
    """
    size, width = len(features.content), min(neighbours, len(donors))
    if not len(items) or not width:
        return empty_sparse(len(items), size)
    speaking = _Donors(features, donors, words)
    found = [
        _solved(speaking, items[start : start + _BLOCK], width, noise)
        for start in range(0, len(items), _BLOCK)
    ]
    near = np.concatenate([block for block, _ in found]).ravel()
    weights = np.concatenate([block for _, block in found]).ravel()
    made = sparse.csr_matrix((weights, near, width * np.arange(len(items) + 1)), shape=(len(items), size))
    made.eliminate_zeros()
    made.sort_indices()
    return made


class _Donors:
    """Items with events, in the forms in which likeness to them is cheap for many items."""

    def __init__(self, features: ItemFeatures, items: IntArray, words: float) -> None:
        self.features, self.items, self.words = features, items, words
        self._forms: tuple[FloatArray, sparse.csr_matrix] | None = None

    def likeness(self, items: IntArray) -> FloatArray:
        """`ItemFeatures.similarities` of items to all donors; -1 of a donor to itself."""
        if len(items) <= _FEW:
            found = self.features.similarities(items, self.items, words=self.words)
        else:
            encoded, spelled = self._forms = self._forms or self._made()
            found = self.features.encoded_of(items) @ encoded
            found *= np.float32(1.0 - self.words)
            shared = (self.features.tfidf[items] @ spelled).toarray()
            shared *= np.float32(self.words)
            found += shared
        own = np.minimum(np.searchsorted(self.items, items), len(self.items) - 1)
        same = np.flatnonzero(self.items[own] == items)
        found[same, own[same]] = -1.0
        return found

    def _made(self) -> tuple[FloatArray, sparse.csr_matrix]:
        encoded = np.ascontiguousarray(self.features.encoded_of(self.items).T)
        return encoded, sparse.csr_matrix(self.features.tfidf[self.items].T)


def _solved(donors: _Donors, items: IntArray, width: int, noise: float) -> tuple[IntArray, FloatArray]:
    """The nearest donors of some items and their weights, both of shape (items, width)."""
    likeness = donors.likeness(items)
    place = np.argpartition(-likeness, width - 1, axis=1)[:, :width]
    toward = np.maximum(np.take_along_axis(likeness, place, axis=1), 0.0)
    near = donors.items[place]
    among = np.maximum(_among(donors.features, near, donors.words), 0.0) + noise * np.eye(width)
    weights = np.linalg.solve(among, toward[:, :, None].astype(np.float64))[:, :, 0]
    return near, np.where(toward > 0, weights, 0.0).astype(np.float32)


def _among(features: ItemFeatures, near: IntArray, words: float) -> FloatArray:
    """The likeness of the items of each row to one another: shape (rows, width, width)."""
    encoded = features.encoded_of(near)
    found: FloatArray = np.float32(1.0 - words) * np.matmul(encoded, encoded.transpose(0, 2, 1))
    for row, items in enumerate(near):
        found[row] += np.float32(words) * _shared(features.tfidf, items)
    return found


def _shared(texts: sparse.csr_matrix, items: IntArray) -> FloatArray:
    """What a few items share in words with one another; in the columns that any of them fills."""
    starts, lengths = texts.indptr[items], texts.indptr[items + 1] - texts.indptr[items]
    row, ends = np.repeat(np.arange(len(items)), lengths), np.cumsum(lengths)
    entries = np.arange(len(row)) + np.repeat(starts - ends + lengths, lengths)
    columns, place = np.unique(texts.indices[entries], return_inverse=True)
    dense = np.zeros((len(items), len(columns)), dtype=np.float32)
    dense[row, place] = texts.data[entries]
    return dense @ dense.T
