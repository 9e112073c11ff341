"""Closed-form tables of which items go together, and of items as mixtures of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy import linalg, sparse

from warmstart.core.linear import FloatArray, IntArray, empty_sparse, randomised_svd

_NEAR: Final = 12


def item_knn(interactions: sparse.csr_matrix, shrinkage: float = 100.0) -> sparse.csr_matrix:
    """Shrunk cosine of co-occurrence: c_hj / (sqrt(n_h n_j) + shrinkage), shape (items, items).

    Deshpande and Karypis (2004). The diagonal is kept: an item without events of its own that is a
    mixture of others has something in common with each of them.
    """
    together = sparse.csr_matrix(interactions.T @ interactions, dtype=np.float32)
    counts = together.diagonal()
    rows = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
    together.data = together.data / (np.sqrt(counts[rows] * counts[together.indices]) + shrinkage)
    return together


def rp3(
    interactions: sparse.csr_matrix, item_exponent: float = 0.4, user_exponent: float = 0.4
) -> sparse.csr_matrix:
    """Three-step random walk item, user, item: sum over users of 1 / (n_h^a |u|^b), shape (items, items).

    After RP3beta (Paudel et al., 2017), with the start item's count as the only item penalty.
    """
    per_user = np.asarray(interactions.sum(axis=1)).ravel()
    per_item = np.asarray(interactions.sum(axis=0)).ravel()
    damped = (
        sparse.diags(np.power(np.maximum(per_user, 1.0), -user_exponent).astype(np.float32)) @ interactions
    )
    walks = interactions.T @ damped
    return sparse.csr_matrix(
        sparse.diags(np.power(np.maximum(per_item, 1.0), -item_exponent).astype(np.float32)) @ walks,
        dtype=np.float32,
    )


def forward_knn(
    forward: sparse.csr_matrix, counts: FloatArray, shrinkage: float = 100.0
) -> sparse.csr_matrix:
    """How often j came after h, shrunk like `item_knn`: f_hj / (sqrt(n_h n_j) + shrinkage)."""
    return _shrunk(forward, counts, shrinkage)


def near_after(
    sequences: Sequence[IntArray], counts: FloatArray, fading: float = 0.6, shrinkage: float = 50.0
) -> sparse.csr_matrix:
    """How often j came soon after h: the same with pairs that weigh `fading` ** (places between).

    Pairs more than 12 places apart are left out: they would weigh less than 1 in 250.
    """
    weighed = empty_sparse(len(counts), len(counts))
    for gap in range(1, _NEAR + 1):
        first = [row[:-gap] for row in sequences if len(row) > gap]
        then = [row[gap:] for row in sequences if len(row) > gap]
        if not first:
            break
        rows, columns = np.concatenate(first), np.concatenate(then)
        data = np.full(len(rows), fading ** (gap - 1), dtype=np.float32)
        weighed = weighed + sparse.csr_matrix((data, (rows, columns)), shape=weighed.shape)
    return _shrunk(weighed, counts, shrinkage)


def _shrunk(pairs: sparse.csr_matrix, counts: FloatArray, shrinkage: float) -> sparse.csr_matrix:
    table = sparse.csr_matrix(pairs, dtype=np.float32, copy=True)
    rows = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    table.data = table.data / (np.sqrt(counts[rows] * counts[table.indices]) + np.float32(shrinkage))
    return table


def item_factors(interactions: sparse.csr_matrix, dim: int = 64, *, seed: int = 0) -> FloatArray:
    """Collaborative factors of items: right singular vectors of |u|^-½ X n^-½, shape (items, dim).

    The sum over a history of their inner products is a low-rank smoothing of co-occurrence: it ties items
    that were never chosen together but by people alike (Cremonesi et al., "PureSVD", 2010; normalised as
    in spectral clustering, so that neither long baskets nor popular items rule the leading vectors).
    """
    per_user = np.maximum(np.asarray(interactions.sum(axis=1)).ravel(), 1.0)
    per_item = np.asarray(interactions.sum(axis=0)).ravel()
    users = sparse.diags((per_user**-0.5).astype(np.float32))
    items = sparse.diags(np.where(per_item > 0, np.maximum(per_item, 1.0) ** -0.5, 0.0).astype(np.float32))
    _, _, right = randomised_svd(
        sparse.csr_matrix(users @ interactions @ items), dim, seed=seed, iterations=3
    )
    return np.ascontiguousarray(right.T)


def nearest_mixture(
    similarities: FloatArray, donors: IntArray, n_items: int, neighbours: int = 20, power: float = 3.0
) -> sparse.csr_matrix:
    """Write each row's item as a mixture of its most similar donors, shape (rows, n_items).

    `similarities` has a column per donor. Weights are max(similarity, 0)^power over the nearest
    `neighbours`, and sum to one in each row; a row that is like nothing stays empty.
    """
    width = min(neighbours, similarities.shape[1])
    if width == 0:
        return empty_sparse(len(similarities), n_items)
    nearest = np.argpartition(-similarities, width - 1, axis=1)[:, :width]
    weights = np.maximum(np.take_along_axis(similarities, nearest, axis=1), 0.0) ** power
    totals = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)
    rows = np.repeat(np.arange(len(similarities)), width)
    mixture = sparse.csr_matrix(
        (weights.ravel().astype(np.float32), (rows, donors[nearest].ravel())),
        shape=(len(similarities), n_items),
    )
    mixture.eliminate_zeros()
    return mixture


def content_projection(
    content: FloatArray, interactions: sparse.csr_matrix, dim: int = 128, ridge: float = 20.0
) -> FloatArray:
    """The linear map of content vectors under which co-chosen items are alike, shape (content dim, dim).

    Leading generalised eigenvectors of co-occurrence against self-occurrence in content space:
    C = Fᵀ(G − diag G)F against D = Fᵀ diag(G) F + ridge I, with G = Xᵀ diag(|u|^−½) X, scaled by the
    roots of their eigenvalues.
    """
    if not content.shape[1]:
        return np.zeros((0, 0), dtype=np.float32)
    per_user = np.maximum(np.asarray(interactions.sum(axis=1)).ravel(), 1.0)
    damped = sparse.diags((per_user**-0.5).astype(np.float32)) @ interactions
    own = np.asarray(interactions.multiply(damped).sum(axis=0)).ravel()
    seen = interactions @ content
    together = seen.T @ (damped @ content)
    self_part = content.T @ (own[:, None] * content)
    target = np.asarray(together - self_part, dtype=np.float64)
    against = np.asarray(self_part, dtype=np.float64) + ridge * np.eye(content.shape[1])
    keep = min(dim, content.shape[1])
    values, vectors = linalg.eigh(
        (target + target.T) / 2, against, subset_by_index=[content.shape[1] - keep, content.shape[1] - 1]
    )
    positive = values > 1e-9
    scaled = vectors[:, positive] * np.sqrt(values[positive])
    return np.ascontiguousarray(scaled[:, ::-1], dtype=np.float32)


def ridge_map(features: FloatArray, targets: FloatArray, ridge: float) -> FloatArray:
    """Weights w (with a bias as the last entry) minimising |Xw − y|² + ridge |w|², bias unpenalised."""
    design = np.column_stack([features, np.ones(len(features), dtype=np.float32)]).astype(np.float64)
    penalty = ridge * np.eye(design.shape[1])
    penalty[-1, -1] = 0.0 if len(features) else 1.0
    solved = np.linalg.solve(design.T @ design + penalty, design.T @ targets)
    return solved.astype(np.float32)
