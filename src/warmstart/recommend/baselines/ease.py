"""EASE as a scorer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from warmstart.core.tunable import tunable
from warmstart.recommend.baselines.neighbours import NeighbourScorer
from warmstart.recommend.baselines.ridge_tables import exact_ease, local_ease, with_likeness_to_self


@dataclass(kw_only=True)
class EaseScorer(NeighbourScorer):
    """Every item predicted from the history by ridge regression on all other items (EASE).

    Steck, "Embarrassingly shallow autoencoders for sparse data" (2019), with the dropout penalty of Steck
    (2020). Among the strongest linear models where users have long histories; with one or two events to
    go by, plain co-occurrence (`ItemKnnScorer`, `Rp3Scorer`) is hard to beat, and a larger `ridge` or
    `dropout` comes nearer to it.

    Needs events. Serves items with events; those without take part through their nearest neighbours in
    text when fitted with an encoder, and get NaN without one. Cost: exact up to `exact_items` items with
    events, n³ multiplications and 4 n² bytes (`exact_ease`); beyond that each item is predicted from the
    `neighbours` most telling co-occurring items (`local_ease`). At most `kept` weights per item are held.
    """

    tuning_trials: ClassVar[int] = 3

    ridge: float = tunable(500.0, low=10.0, high=5_000.0, log=True)
    dropout: float = tunable(0.0, low=0.0, high=0.9)
    exact_items: int = 20_000
    neighbours: int = 200
    kept: int = 1_000

    def _table(self, interactions: sparse.csr_matrix) -> sparse.csr_matrix:
        return with_likeness_to_self(self._regressions(interactions))

    def _regressions(self, interactions: sparse.csr_matrix) -> sparse.csr_matrix:
        hot = np.count_nonzero(np.asarray(interactions.sum(axis=0)))
        if hot <= self.exact_items:
            return exact_ease(interactions, self.ridge, dropout=self.dropout, kept=self.kept)
        return local_ease(interactions, self.ridge, dropout=self.dropout, neighbours=self.neighbours)
