"""Items whose text is like that of the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from warmstart.core.linear import FloatArray, IntArray
from warmstart.recommend.history import HistoryScorer


@dataclass(kw_only=True)
class ContentScorer(HistoryScorer):
    """Sum over the history of the likeness of texts: half the encoder's cosine, half that of tf-idf.

    Works from the first product on, without any events in the shop. It only finds more of the same:
    where there are events, co-occurrence knows better what else people want.
    """

    needs_encoder: ClassVar[bool] = True

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        features = self._text()
        dense = features.encoded @ (weights @ features.encoded[positions])
        words = features.tfidf @ (features.tfidf[positions].T @ weights)
        scores: FloatArray = 0.5 * dense + 0.5 * words
        return scores
