"""Items whose text is like that of the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.recommend.history import HistoryScorer


@dataclass(kw_only=True)
class ContentScorer(HistoryScorer):
    """Sum over the history of the likeness of texts: the encoder's cosine and that of tf-idf.

    `encoder_share` is the weight of the first, the rest is that of the second.

    Works from the first product on, without any events in the shop. It only finds more of the same:
    where there are events, co-occurrence knows better what else people want.
    """

    needs_encoder: ClassVar[bool] = True

    encoder_share: float = tunable(0.5, low=0.0, high=1.0)

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        features = self._text()
        dense = features.encoded_products((weights @ features.encoded_of(positions))[None])[0]
        words = features.tfidf @ (features.tfidf[positions].T @ weights)
        scores: FloatArray = self.encoder_share * dense + (1.0 - self.encoder_share) * words
        return scores
