"""Every item as a weighted sum of those like it in text; neighbours that say the same count once."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from warmstart.core.linear import FloatArray, IntArray, empty_sparse
from warmstart.recommend.features import ItemFeatures

_BLOCK = 256


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
    found = [
        _solved(features, items[start : start + _BLOCK], donors, width, (noise, words))
        for start in range(0, len(items), _BLOCK)
    ]
    near = np.concatenate([block for block, _ in found]).ravel()
    weights = np.concatenate([block for _, block in found]).ravel()
    made = sparse.csr_matrix((weights, near, width * np.arange(len(items) + 1)), shape=(len(items), size))
    made.eliminate_zeros()
    made.sort_indices()
    return made


def _solved(
    features: ItemFeatures, items: IntArray, donors: IntArray, width: int, settings: tuple[float, float]
) -> tuple[IntArray, FloatArray]:
    """The nearest donors of some items and their weights, both of shape (items, width)."""
    noise, words = settings
    likeness = features.similarities(items, donors, words=words)
    likeness[items[:, None] == donors[None, :]] = -1.0
    place = np.argpartition(-likeness, width - 1, axis=1)[:, :width]
    toward = np.maximum(np.take_along_axis(likeness, place, axis=1), 0.0)
    near = donors[place]
    among = np.maximum(_among(features, near, words), 0.0) + noise * np.eye(width)
    weights = np.linalg.solve(among, toward[:, :, None].astype(np.float64))[:, :, 0]
    return near, np.where(toward > 0, weights, 0.0).astype(np.float32)


def _among(features: ItemFeatures, near: IntArray, words: float) -> FloatArray:
    """The likeness of the items of each row to one another: shape (rows, width, width)."""
    rows, width = near.shape
    encoded = features.encoded_of(near)
    found = np.float32(1.0 - words) * np.matmul(encoded, encoded.transpose(0, 2, 1))
    spelled = features.tfidf[near.ravel()]
    terms, place = np.unique(spelled.indices, return_inverse=True)
    row = np.repeat(np.repeat(np.arange(rows), width), np.diff(spelled.indptr))
    # Each row gets columns of its own, so that one sparse product gives the blocks and nothing between.
    apart = sparse.csr_matrix(
        (spelled.data, place + len(terms) * row, spelled.indptr), shape=(rows * width, rows * len(terms))
    )
    shared = sparse.coo_matrix(apart @ apart.T)
    found[shared.row // width, shared.row % width, shared.col % width] += np.float32(words) * shared.data
    return np.asarray(found, dtype=np.float32)
