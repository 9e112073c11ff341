"""Item neighbours by co-occurrence, carried over to new items by content."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.mixed import MixedScorer
from warmstart.recommend.tables import item_knn, rp3


@dataclass(kw_only=True)
class NeighbourScorer(MixedScorer):
    """Base of scorers that sum rows of a co-occurrence table over the history."""

    def _fit_tables(self, dataset: Dataset) -> None:
        interactions = interaction_matrix(dataset)
        self.table_ = self._table(interactions)
        counts = np.asarray(interactions.sum(axis=0), dtype=np.float32).ravel()
        self._fit_mixture(counts)

    @abstractmethod
    def _table(self, interactions: sparse.csr_matrix) -> sparse.csr_matrix: ...

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        scores = self._mixture.spread(self.table_, positions, weights)
        empty = np.diff(self._mixture.rows.indptr) == 0
        scores[empty] = np.nan
        return scores


@dataclass(kw_only=True)
class ItemKnnScorer(NeighbourScorer):
    """Items bought together with those of the history, by shrunk cosine.

    Deshpande and Karypis (2004), with the shrinkage of Koren (2008). Items without events take part
    through their nearest neighbours in text when fitted with an encoder, and get NaN without one.
    """

    shrinkage: float = tunable(100.0, low=1.0, high=1000.0, log=True)

    def _table(self, interactions: sparse.csr_matrix) -> sparse.csr_matrix:
        return item_knn(interactions, self.shrinkage)


@dataclass(kw_only=True)
class Rp3Scorer(NeighbourScorer):
    """Items reached from those of the history by a three-step random walk.

    After RP3beta (Paudel et al., 2017). Items without events take part through their nearest
    neighbours in text when fitted with an encoder, and get NaN without one.
    """

    item_exponent: float = tunable(0.4, low=0.0, high=1.0)
    user_exponent: float = tunable(0.4, low=0.0, high=1.0)

    def _table(self, interactions: sparse.csr_matrix) -> sparse.csr_matrix:
        return rp3(interactions, self.item_exponent, self.user_exponent)
