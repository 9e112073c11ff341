"""Scorers that answer from a history of items."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.recommend.base import TextScorer
from warmstart.recommend.event_weights import learn_event_weights
from warmstart.recommend.evidence import EVENT_WEIGHTS, RATED, RatingScale, item_weights, weight_arrays
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
        self.event_weights_ = _learned_weights(dataset)

    @property
    def _scale(self) -> RatingScale:
        low, high = self.rating_range_
        return RatingScale(low, high, learned=self.event_weights_)

    def history(self, query: Query) -> tuple[IntArray, FloatArray]:
        """Positions and weights of the query's evidence: anchors weigh 1, events by their type."""
        weights = item_weights(query.events, self._scale)
        known = [(item_id, weight) for item_id, weight in weights.items() if item_id in self._place]
        recent = dict(known[-self.max_history :])
        return weight_arrays(recent | dict.fromkeys(query.anchors, 1.0), self._place)

    def histories(self, dataset: Dataset) -> list[tuple[IntArray, FloatArray]]:
        """For each user the items that say something, in order of first touch, and what each says.

        Users stand in the order of their ids, whatever their order in the log.
        """
        scale = self._scale
        events = dataset.interactions.select(c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.VALUE)
        found: dict[str, dict[int, float]] = {}
        weigh = lru_cache(maxsize=1024)(scale.weight)  # a shop has few kinds of events
        for user_id, item_id, event_type, value in events.iter_rows():
            position, weight = self._place.get(item_id), weigh(event_type, value)
            if position is not None and weight:
                own = found.setdefault(user_id, {})
                own[position] = max(own.get(position, weight), weight)
        return [
            (np.fromiter(own, dtype=np.int64), np.fromiter(own.values(), dtype=np.float32))
            for _, own in sorted(found.items())
        ]

    def _score(self, query: Query) -> FloatArray:
        positions, weights = self.history(query)
        if not len(positions):
            return np.full(len(self.item_ids_), np.nan, dtype=np.float32)
        return self._score_history(positions, weights)

    @abstractmethod
    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray: ...


def _learned_weights(dataset: Dataset) -> dict[str, float]:
    """Weights by event type where the shop teaches others than those set by hand; empty where it does not.

    Scaled so that the strongest weighs one: evidence is counted in the best events of a shop. What a user
    did against an item keeps its weight whatever others did, and being shown an item stays no evidence.
    """
    types = dataset.interactions[c.EVENT_TYPE].unique().to_list()
    if "rate" not in types and sum(EVENT_WEIGHTS[name] > 0 for name in types) < 2:
        return {}
    learned = learn_event_weights(dataset)
    own = {name: weight for name, weight in learned.weights.items() if EVENT_WEIGHTS.get(name, 1.0) > 0}
    best = max((own.get(name, 0.0) for name in types), default=0.0)
    best = max(best, own["rate"] + own[RATED] if RATED in own else 0.0)
    if not learned.gain or best <= 0:
        return {}
    return {name: round(max(weight, 0.0) / best, 4) for name, weight in own.items()}
