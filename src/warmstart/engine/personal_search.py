"""Search results that know the searcher."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warmstart.core.linear import BoolArray, FloatArray, IntArray, top_positions
from warmstart.data.item_list import Reason
from warmstart.data.query import Query
from warmstart.engine.explaining import by_evidence
from warmstart.engine.settings import EngineSettings
from warmstart.engine.stages import Stages


@dataclass(frozen=True)
class PersonalSearch:
    """Relevance of every item, with the best of them shifted by how much the searcher would like them.

    The shift is gate * (taste - mean) / deviation over the `taste_depth` most relevant items, where
    gate = taste_weight * k / (k + taste_half) grows with the evidence k; without evidence relevance
    stands alone. Shifted items stay above all others, so that the order below is that of relevance.
    """

    query: Query
    stages: Stages
    legs: dict[str, FloatArray]
    scores: FloatArray
    shifted: IntArray
    gate: float
    mean: float
    deviation: float

    @classmethod
    def of(
        cls, query: Query, allowed: BoolArray, stages: Stages, settings: EngineSettings
    ) -> PersonalSearch:
        """Score `query` over the items that are `allowed`; the others get NaN."""
        legs = stages.retriever.legs(query)
        relevance = np.where(allowed, stages.retriever.combine(legs), np.float32("nan"))
        positions, weights = stages.scorer.history(query)
        amount = float(np.abs(weights).sum())
        shifted = top_positions(relevance, settings.taste_depth) if len(positions) else positions
        if not len(shifted):
            return cls(query, stages, legs, relevance, shifted, 0.0, 0.0, 1.0)
        gate = settings.taste_weight * amount / (amount + settings.taste_half)
        taste = stages.scorer.score(query)[shifted]
        mean, deviation = float(taste.mean()), float(taste.std()) or 1.0
        scores = relevance.copy()
        scores[shifted] += gate * (taste - mean) / deviation
        return cls(query, stages, legs, scores, shifted, gate, mean, deviation)

    def contributions(self, position: int) -> tuple[Reason, ...]:
        """Reasons that sum to the score of the item at a catalogue position, largest first."""
        reasons = [Reason(kind=name, value=float(scores[position])) for name, scores in self.legs.items()]
        if position in self.shifted:
            unit = self.gate / self.deviation
            scorer = self.stages.scorer
            reasons.append(Reason(kind="taste of the others found", value=-unit * self.mean))
            reasons += [
                Reason(kind=reason.kind, value=unit * reason.value, item_id=reason.item_id)
                for reason in scorer.contributions(self.query, scorer.item_ids_[position])
            ]
        return tuple(sorted(reasons, key=lambda reason: -abs(reason.value)))

    def summary(self, position: int, most: int) -> tuple[Reason, ...]:
        """The legs that found the item, and the evidence that moved it most."""
        reasons = self.contributions(position)
        found = [r for r in reasons if r.kind in self.legs and r.value > 0]
        personal = by_evidence([r for r in reasons if r.item_id], most)
        return (*found, *personal)[: most + 1]
