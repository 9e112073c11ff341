"""Simple scores of every item for a history, as features and candidates of a learned ranker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.linear import BoolArray, FloatArray, IntArray, top_positions
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.mixture import ItemMixture
from warmstart.recommend.tables import item_knn, rp3


@dataclass
class Legs:
    """Item neighbours, random walk, popularity and, with `features`, likeness of text.

    `counts` has the number of users of each item at the fit. The tables reach items without events
    through `mixture`.
    """

    knn: sparse.csr_matrix
    walk: sparse.csr_matrix
    mixture: ItemMixture
    counts: FloatArray

    @classmethod
    def fit(cls, features: ItemFeatures | None, interactions: sparse.csr_matrix) -> Self:
        """Fit to who chose what; `interactions` has shape (users, items)."""
        counts = np.asarray(interactions.sum(axis=0), dtype=np.float32).ravel()
        mixture = ItemMixture.fit(features, counts, strength=0.0)
        return cls(item_knn(interactions), rp3(interactions), mixture, counts)

    def put(self, features: ItemFeatures | None, positions: IntArray, size: int) -> None:
        """Take in items whose features are there already, in a catalogue that now has `size` items."""
        self.counts = np.pad(self.counts, (0, size - len(self.counts)))
        if features is not None:
            self.mixture.put(features, positions, size)

    def known(self, features: ItemFeatures | None) -> BoolArray:
        """Which items anything is known of."""
        known = self.counts > 0
        return known if features is None else np.ones_like(known)

    def scores(self, features: ItemFeatures | None, positions: IntArray, weights: FloatArray) -> FloatArray:
        """The score of each item in each leg, popularity last; shape (legs, items)."""
        size = len(self.counts)
        found = [self._spread(table, positions, weights, size) for table in (self.knn, self.walk)]
        if features is not None:
            found.append(features.encoded_products((weights @ features.encoded_of(positions))[None])[0])
            found.append(features.tfidf @ (features.tfidf[positions].T @ weights))
        return np.stack([*found, np.log1p(self.counts)]).astype(np.float32)

    def _spread(
        self, table: sparse.csr_matrix, positions: IntArray, weights: FloatArray, size: int
    ) -> FloatArray:
        mixed = positions < self.mixture.rows.shape[0]  # without text, later items are in no mixture
        scores = self.mixture.spread(table, positions[mixed], weights[mixed])
        return np.pad(scores, (0, size - len(scores)))

    def get_state(self) -> State:
        """Everything, as a tree that can be saved."""
        return vars(self) | {"mixture": self.mixture.get_state()}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Take back what `get_state` gave."""
        own: dict[str, Any] = dict(state)
        return cls(mixture=ItemMixture(**own.pop("mixture")), **own)


def candidates(scores: FloatArray, depth: int, without: IntArray) -> IntArray:
    """The best `depth` items of each leg, together, without those named; sorted."""
    cut = scores.copy()
    cut[:, without] = -np.inf
    best = [top_positions(np.where(leg > 0, leg, -np.inf), depth) for leg in cut]
    return np.unique(np.concatenate(best))


def ranking_features(scores: FloatArray, chosen: IntArray, length: int) -> FloatArray:
    """What a ranker sees of the items `chosen`, shape (chosen, 2 legs + 1).

    Each leg's score, the same as a share of the leg's best score, and the length of the history.
    """
    own = scores[:, chosen]
    shares = own / _best(scores)[:, None]
    return np.column_stack([*own, *shares, np.full(len(chosen), length)]).astype(np.float32)


def mean_share(scores: FloatArray) -> FloatArray:
    """The mean over the legs of each item's share of the leg's best score, within -1 and 1.

    What ranks where no ranker was learned, and below a ranker's candidates.
    """
    shares = np.clip(scores / _best(scores)[:, None], -1.0, 1.0)
    mean: FloatArray = shares.mean(axis=0)
    return mean


def _best(scores: FloatArray) -> FloatArray:
    """The largest score by size of each leg, shape (legs,); one where all are zero."""
    if not scores.shape[1]:
        return np.ones(len(scores), dtype=np.float32)
    best = np.abs(scores).max(axis=1)
    return np.where(best > 0, best, np.float32(1.0))
