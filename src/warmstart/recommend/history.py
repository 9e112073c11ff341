"""Scorers that answer from a history of items."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.recommend.base import TextScorer
from warmstart.recommend.evidence import RatingScale, item_weights, weight_arrays
from warmstart.roles.encoder import Encoder


@dataclass(kw_only=True)
class HistoryScorer(TextScorer):
    """Base of scorers whose score is a weighted sum over what a user touched, plus anchors.

    Only the last `max_history` items of a user count. Without any history the score is NaN.
    """

    max_history: int = 100

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        self._take_scale(dataset)
        super()._fit(dataset, encoder)

    def _take_scale(self, dataset: Dataset) -> None:
        scale = RatingScale.of(dataset)
        self.rating_range_ = [scale.low, scale.high]

    def history(self, query: Query) -> tuple[IntArray, FloatArray]:
        """Positions and weights of the query's evidence: anchors weigh 1, events by their type."""
        weights = item_weights(query.events, RatingScale(*self.rating_range_))
        known = [(item_id, weight) for item_id, weight in weights.items() if item_id in self._place]
        recent = dict(known[-self.max_history :])
        return weight_arrays(recent | dict.fromkeys(query.anchors, 1.0), self._place)

    def histories(self, dataset: Dataset) -> list[tuple[IntArray, FloatArray]]:
        """For each user the items that say something, in order of first touch, and what each says."""
        scale = RatingScale(*self.rating_range_)
        events = dataset.interactions.select(c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.VALUE)
        found: dict[str, dict[int, float]] = {}
        for user_id, item_id, event_type, value in events.iter_rows():
            position, weight = self._place.get(item_id), scale.weight(event_type, value)
            if position is not None and weight:
                own = found.setdefault(user_id, {})
                own[position] = max(own.get(position, weight), weight)
        return [
            (np.fromiter(own, dtype=np.int64), np.fromiter(own.values(), dtype=np.float32))
            for own in found.values()
        ]

    def _score(self, query: Query) -> FloatArray:
        positions, weights = self.history(query)
        if not len(positions):
            return np.full(len(self.item_ids_), np.nan, dtype=np.float32)
        return self._score_history(positions, weights)

    @abstractmethod
    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray: ...
