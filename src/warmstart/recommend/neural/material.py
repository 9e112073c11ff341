"""What a neural scorer learns from, in an order that does not depend on names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from scipy import sparse

from warmstart.core.linear import BoolArray, FloatArray, IntArray

_HELD_SHARE: Final = 0.05
_MIN_HELD: Final = 20
_MAX_HELD: Final = 500
_MIN_BATCHES: Final = 8
_MIN_HELD_ITEMS: Final = 3
_RANK_TOLERANCE: Final = 1e-3


@dataclass(frozen=True)
class Batch:
    """Users, one target item of each, and other items of theirs with weights: (users, drawn)."""

    users: IntArray
    targets: IntArray
    shown: IntArray
    weights: FloatArray


@dataclass(frozen=True, kw_only=True)
class Material:
    """Items with events, their content, and the users who train and who check the training.

    Rows of `content` and columns of the matrices are the items with events, sorted by text: random
    numbers meet the same items and users whatever these are called and however the catalogue is
    ordered. `order` gives their catalogue positions. `basis` turns catalogue content into `content`.
    `asked` and `wanted` split the items of the users that are held back for early stopping.
    """

    order: IntArray
    basis: FloatArray
    content: FloatArray
    train: sparse.csr_matrix
    asked: sparse.csr_matrix
    wanted: sparse.csr_matrix

    @classmethod
    def of(
        cls, texts: Sequence[str], content: FloatArray, interactions: sparse.csr_matrix, seed: int
    ) -> Material:
        """Sort, turn and cut. `texts` and `content` are those of the whole catalogue."""
        rng = np.random.default_rng(seed)
        order = _items_in_order(texts, interactions)
        basis = anchored_basis(content[order], rng)
        sorted_items = sparse.csr_matrix(interactions[:, order])
        users = sorted_items[_users_in_order(sorted_items)]
        held = _choose_held(users, rng)
        asked, wanted = _halves(users[held], rng)
        kept = np.setdiff1d(np.arange(users.shape[0]), held)
        return cls(
            order=order,
            basis=basis,
            content=np.ascontiguousarray(content[order] @ basis),
            train=sparse.csr_matrix(users[kept]),
            asked=asked,
            wanted=wanted,
        )

    @property
    def n_train(self) -> int:
        """How many events there are to learn from."""
        return int(self.train.nnz)

    @property
    def n_held(self) -> int:
        """How many events those held back are asked with."""
        return int(self.asked.nnz)

    def n_batches(self, size: int) -> int:
        """How many batches of about `size` events make an epoch; small shops are gone through again."""
        return self._passes(size) * self._parts(size)

    def batches(self, size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """An epoch: events of the training users, shuffled, with other items of the user to ask with.

        Events of users who did nothing else are left out.
        """
        users = np.repeat(np.arange(self.train.shape[0]), np.diff(self.train.indptr))
        for _ in range(self._passes(size)):
            for part in np.array_split(rng.permutation(self.train.nnz), self._parts(size)):
                targets = self.train.indices[part].astype(np.int64)
                shown, weights = self.draw(users[part], targets, rng)
                usable = weights.any(axis=1)
                if usable.any():
                    yield Batch(users[part][usable], targets[usable], shown[usable], weights[usable])

    def _parts(self, size: int) -> int:
        return max(1, round(self.train.nnz / size))

    def _passes(self, size: int) -> int:
        return -(-_MIN_BATCHES // self._parts(size))

    def holds(self, users: IntArray, items: IntArray) -> BoolArray:
        """Whether the user did something with the item, for arrays of users and items that broadcast."""
        users, items = np.broadcast_arrays(users, items)
        return np.asarray(self.train[users.ravel(), items.ravel()]).reshape(users.shape) > 0

    def draw(
        self, users: IntArray, without: IntArray, rng: np.random.Generator, most: int = 8
    ) -> tuple[IntArray, FloatArray]:
        """A few items of each user, as a new user would show them: items and weights, shape (users, most).

        Between one and `most` draws per user; `without` (one item per user, -1 for none) is never among
        them. Weights sum to one in each row, or to zero where nothing was left to draw.
        """
        counts = np.diff(self.train.indptr)[users]
        picks = self.train.indptr[users][:, None] + (
            rng.random((len(users), most)) * counts[:, None]
        ).astype(np.int64)
        items = self.train.indices[picks].astype(np.int64)
        shown = np.arange(most) < rng.integers(1, most + 1, size=len(users))[:, None]
        weights = (shown & (items != without[:, None])).astype(np.float32)
        totals = np.maximum(weights.sum(axis=1, keepdims=True), 1.0)
        return items, (weights / totals).astype(np.float32)


def anchored_basis(content: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A random orthonormal basis of the content space that hangs on the items, not on the axes.

    The axes of content are fixed only up to a rotation (a truncated SVD is). Random directions
    are therefore drawn as mixtures of items: content turned by R gives a basis turned by Rᵀ,
    and `content @ basis` stays what it was.
    """
    values, vectors = np.linalg.eigh(content.T.astype(np.float64) @ content)
    kept = values > _RANK_TOLERANCE * max(float(values.max(initial=0.0)), 1e-30)
    if not kept.any():
        return np.zeros((content.shape[1], 0), dtype=np.float32)
    axes = vectors[:, kept]
    mixed = (content @ (axes / np.sqrt(values[kept]))).T @ rng.standard_normal((len(content), kept.sum()))
    left, _, right = np.linalg.svd(mixed)
    basis: FloatArray = (axes @ left @ right).astype(np.float32)
    return basis


def row_means(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows scaled so that their absolute values sum to one; empty rows stay empty."""
    totals = np.maximum(np.asarray(abs(matrix).sum(axis=1)).ravel(), 1e-12)
    return sparse.csr_matrix(sparse.diags((1.0 / totals).astype(np.float32)) @ matrix)


def _items_in_order(texts: Sequence[str], interactions: sparse.csr_matrix) -> IntArray:
    counts = np.bincount(interactions.indices, minlength=interactions.shape[1])
    hot = np.flatnonzero(counts).tolist()
    return np.array(sorted(hot, key=lambda i: (texts[i], counts[i])), dtype=np.int64)


def _users_in_order(interactions: sparse.csr_matrix) -> IntArray:
    """Users sorted by what they did; those who did the same are interchangeable."""
    interactions.sort_indices()
    starts = interactions.indptr.tolist()
    rows = [interactions.indices[start:stop] for start, stop in pairwise(starts)]
    return np.array(sorted(range(len(rows)), key=lambda user: rows[user].tolist()), dtype=np.int64)


def _choose_held(users: sparse.csr_matrix, rng: np.random.Generator) -> IntArray:
    able = np.flatnonzero(np.diff(users.indptr) >= _MIN_HELD_ITEMS)
    n = min(_MAX_HELD, int(_HELD_SHARE * len(able)))
    n = n if n >= _MIN_HELD else 0
    return np.sort(rng.permutation(able)[:n])


def _halves(
    users: sparse.csr_matrix, rng: np.random.Generator
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Each entry to one side or the other, with at least one on each."""
    rows = np.repeat(np.arange(users.shape[0]), np.diff(users.indptr))
    drawn = np.lexsort((rng.random(users.nnz), rows))
    place = np.arange(users.nnz) - users.indptr[rows]
    first = place < np.maximum(np.diff(users.indptr)[rows] // 2, 1)
    columns = users.indices[drawn]
    ones = np.ones(users.nnz, dtype=np.float32)
    asked, wanted = (
        sparse.csr_matrix((ones[side], (rows[side], columns[side])), shape=users.shape)
        for side in (first, ~first)
    )
    return asked, wanted
