"""One space for old items and new ones: what people did with them, what their text says, how many came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.linear import (
    BoolArray,
    FloatArray,
    IntArray,
    principal_directions,
    put_rows,
    randomised_svd,
)
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.tables import nearest_mixture, ridge_map

_NEIGHBOURS: Final = 20
_BLOCK: Final = 2_048
_POPULARITY_RIDGE: Final = 30.0
_FEWEST: Final = 0.3


@dataclass
class ItemSpace:
    """Vectors of all items, from factors of co-choice and from content, and their popularity.

    `factors` (n, d) are V s of the truncated singular value decomposition of the matrix of choices, users
    damped by |u|^-`damping` and items by n^-½, so that the second moments of the users' loadings are
    round: in this basis the covariance of tastes, estimated from all users, is the identity. `content`
    (n, c) are the principal directions of the content vectors. An item without events has the mean factors
    of the items with events that are nearest in text, and a `popularity`, log(1 + users), that is
    predicted from its content by ridge regression.
    """

    factors: FloatArray
    content: FloatArray
    popularity: FloatArray
    hot: BoolArray
    basis: FloatArray
    popularity_map: FloatArray

    @classmethod
    def fit(
        cls,
        features: ItemFeatures,
        chosen: sparse.csr_matrix,
        *,
        dim: int,
        content_dim: int,
        damping: float,
        seed: int,
    ) -> Self:
        """From the text of the items and who chose what, shape (users, items)."""
        counts = np.asarray(chosen.sum(axis=0), dtype=np.float32).ravel()
        hot, popularity = counts > 0, np.log1p(counts)
        basis = principal_directions(features.content, content_dim)
        space = cls(
            factors=_factors(chosen, counts, dim, damping, seed),
            content=features.content @ basis,
            popularity=popularity,
            hot=hot,
            basis=basis,
            popularity_map=ridge_map(features.content[hot], popularity[hot], _POPULARITY_RIDGE),
        )
        space._predict(features, np.flatnonzero(~hot))
        return space

    def put(self, features: ItemFeatures, positions: IntArray, size: int) -> None:
        """Take in the text of items at `positions` of a catalogue that now has `size` items.

        Items with events keep their factors.
        """
        self.hot = np.pad(self.hot, (0, size - len(self.hot)))
        self.popularity = np.pad(self.popularity, (0, size - len(self.popularity)))
        self.factors = put_rows(self.factors, positions[:0], self.factors[:0], size)
        self.content = put_rows(self.content, positions, features.content[positions] @ self.basis, size)
        self._predict(features, positions[~self.hot[positions]])

    def _predict(self, features: ItemFeatures, positions: IntArray) -> None:
        donors = np.flatnonzero(self.hot)
        for start in range(0, len(positions), _BLOCK):
            block = positions[start : start + _BLOCK]
            likeness = features.similarities(block, donors)
            near = nearest_mixture(likeness, donors, len(self.hot), neighbours=_NEIGHBOURS)
            self.factors[block] = near @ self.factors
        guessed = features.content[positions] @ self.popularity_map[:-1] + self.popularity_map[-1]
        self.popularity[positions] = guessed

    @property
    def rates(self) -> FloatArray:
        """Users of each item over the mean of the items with events; never quite zero."""
        users = np.maximum(np.expm1(self.popularity), _FEWEST)
        return (users / (users[self.hot].mean() if self.hot.any() else 1.0)).astype(np.float32)

    def vectors(self, content_weight: float, popularity_exponent: float) -> FloatArray:
        """Shape (n, d + c + 1): factors and weighted content, both times rate^exponent; last, popularity.

        Scaled so that the mean squared length of items with events is 1 without the last column, which is
        log(1 + users) standardised over those items.
        """
        taste = np.hstack([self.factors, content_weight * self.content])
        taste *= (self.rates**popularity_exponent)[:, None]
        known = self.hot if self.hot.any() else np.ones(len(taste), dtype=np.bool_)
        length = float(np.sqrt((taste[known] ** 2).sum(axis=1).mean())) if known.any() else 1.0
        spread = float(self.popularity[known].std()) if known.any() else 1.0
        centre = float(self.popularity[known].mean()) if known.any() else 0.0
        last = (self.popularity - centre) / (spread if spread > 1e-6 else 1.0)
        return np.column_stack([taste / max(length, 1e-9), last]).astype(np.float32)

    def get_state(self) -> State:
        """Everything, as a tree that can be saved."""
        return dict(vars(self))


def _factors(
    chosen: sparse.csr_matrix, counts: FloatArray, dim: int, damping: float, seed: int
) -> FloatArray:
    """V s, scaled to a mean squared length of 1 over items with events; zeros for the others."""
    per_user = np.maximum(np.asarray(chosen.sum(axis=1)).ravel(), 1.0)
    damped = (
        sparse.diags((per_user**-damping).astype(np.float32))
        @ chosen
        @ sparse.diags((np.maximum(counts, 1.0) ** -0.5).astype(np.float32))
    )
    _, s, right = randomised_svd(sparse.csr_matrix(damped), dim, seed=seed)
    factors: FloatArray = (right.T * s).astype(np.float32)
    length = float(np.sqrt((factors[counts > 0] ** 2).sum(axis=1).mean())) if counts.any() else 1.0
    return np.ascontiguousarray(factors / np.float32(max(length, 1e-9)))
