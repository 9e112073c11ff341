"""What everybody likes, known for old items and predicted for new ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.recommend.base import TextScorer
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.tables import ridge_map

_LEAST_SCALE: Final = 0.5


@dataclass
class PopularityPrior:
    """log(1 + users) of each item, predicted from content where there are no events, NaN where unknown.

    `scores` has one entry per item; `weights` are those of the prediction, empty when there is none.
    `centre` and `scale` are the mean and standard deviation of the scores at the fit; the scale is at least
    `_LEAST_SCALE`, because where all items are about as popular as each other popularity says little.
    """

    scores: FloatArray
    weights: FloatArray
    centre: float = 0.0
    scale: float = 1.0

    @classmethod
    def fit(cls, counts: FloatArray, features: ItemFeatures | None, *, ridge: float) -> PopularityPrior:
        """Fit from the number of users per item; `ridge` shrinks the prediction to the mean."""
        hot = counts > 0
        scores = np.where(hot, np.log1p(counts), np.nan).astype(np.float32)
        prior = cls(scores, np.zeros(0, dtype=np.float32))
        if features is not None and hot.any():
            prior.weights = ridge_map(features.content[hot], scores[hot], ridge)
            prior._predict(features, np.flatnonzero(~hot))
        known = prior.scores[~np.isnan(prior.scores)]
        if known.size:
            prior.centre, prior.scale = float(known.mean()), max(float(known.std()), _LEAST_SCALE)
        return prior

    def put(self, features: ItemFeatures | None, positions: IntArray, size: int) -> None:
        """Predict for the new ones among `positions` of a catalogue that now has `size` items."""
        old = len(self.scores)
        self.scores = np.concatenate([self.scores, np.full(size - old, np.nan, dtype=np.float32)])
        if features is not None and self.weights.size:
            self._predict(features, positions[positions >= old])

    def _predict(self, features: ItemFeatures, positions: IntArray) -> None:
        self.scores[positions] = features.content[positions] @ self.weights[:-1] + self.weights[-1]

    def standard(self) -> FloatArray:
        """The scores in standard deviations from their mean at the fit; zero where unknown."""
        scores: FloatArray = (self.scores - np.float32(self.centre)) / np.float32(self.scale)
        return np.nan_to_num(scores, nan=0.0)

    def get_state(self) -> State:
        """Everything, as a tree that can be saved."""
        return vars(self).copy()


@dataclass(kw_only=True)
class PopularityScorer(TextScorer):
    """Scores by log(1 + users), the same for everyone; for items without events, predicted from text.

    The baseline that any recommendation must beat, and the right answer for a stranger. The prediction
    is ridge regression on content; text explains little of it, so new
    items come out near the middle. Without an encoder, or in a shop without events, unknown is NaN.
    """

    ridge: float = 30.0

    def _fit_tables(self, dataset: Dataset) -> None:
        counts = np.asarray(interaction_matrix(dataset).sum(axis=0), dtype=np.float32).ravel()
        self._prior = PopularityPrior.fit(counts, self._features, ridge=self.ridge)

    def _put(self, positions: IntArray) -> None:
        self._prior.put(self._features, positions, len(self.item_ids_))

    def _score(self, query: Query) -> FloatArray:
        return self._prior.scores

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        return super().get_state() | {"prior": self._prior.get_state()}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        own = dict(state)
        self._prior = PopularityPrior(**own.pop("prior"))
        super().set_state(own)
