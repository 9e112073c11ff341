"""Search results that know the searcher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from warmstart.core.linear import BoolArray, FloatArray, IntArray, top_positions
from warmstart.data.item_list import ItemList, Reason
from warmstart.data.query import Query
from warmstart.engine.explaining import SOURCES, by_evidence
from warmstart.engine.listing import Told, listed
from warmstart.engine.settings import EngineSettings
from warmstart.engine.stages import Stages
from warmstart.search.hybrid import Legs


@dataclass(frozen=True)
class PersonalSearch:
    """Relevance of every item, with the best of them shifted by how much the searcher would like them.

    The shift is gate * (taste - least taste) / deviation over the `taste_depth` most relevant items, where
    gate = taste_weight * k / (k + taste_half) grows with the evidence k; without evidence relevance
    stands alone. No shift is negative: shifted items stay above all others, whose order is that of
    relevance.
    """

    query: Query
    stages: Stages
    legs: Legs
    scores: FloatArray
    shifted: IntArray
    gate: float
    least: float
    deviation: float
    most: int

    @classmethod
    def of(
        cls, query: Query, allowed: BoolArray, stages: Stages, settings: EngineSettings
    ) -> PersonalSearch:
        """Score `query` over the items that are `allowed`; the others get NaN."""
        legs, most = stages.retriever.legs(query), settings.reasons_per_item
        relevance = np.where(allowed, legs.total(), np.float32("nan"))
        positions, weights = stages.scorer.history(query)
        amount = float(np.abs(weights).sum())
        shifted = top_positions(relevance, settings.taste_depth) if len(positions) else positions
        if not len(shifted):
            return cls(query, stages, legs, relevance, shifted, 0.0, 0.0, 1.0, most)
        gate = settings.taste_weight * amount / (amount + settings.taste_half)
        everywhere = stages.scorer.taste(query)
        taste = everywhere[shifted]
        # Results that are nearly alike to this searcher stay so: the catalogue's spread is the yardstick.
        least, deviation = float(taste.min()), max(float(taste.std()), float(everywhere.std())) or 1.0
        scores = relevance.copy()
        scores[shifted] += gate * (taste - least) / deviation
        return cls(query, stages, legs, scores, shifted, gate, least, deviation, most)

    def contributions(
        self, positions: Sequence[int], joined: Mapping[str, str] | None = None
    ) -> list[tuple[Reason, ...]]:
        """For items at catalogue positions the reasons that sum to their scores, largest first.

        Parts of the taste that have the same name in `joined` are summed.
        """
        scorer = self.stages.scorer
        moved = [position for position in positions if position in self.shifted]
        tastes = scorer.contributions(self.query, [scorer.item_ids_[i] for i in moved], joined=joined)
        taste_of = dict(zip(moved, tastes, strict=True))
        found = []
        for position in positions:
            reasons = [
                Reason(kind=name, value=float(leg[position])) for name, leg in self.legs.parts.items()
            ]
            reasons += self._shift(taste_of[position]) if position in taste_of else []
            found.append(tuple(sorted(reasons, key=lambda reason: -abs(reason.value))))
        return found

    def _shift(self, taste: Sequence[Reason]) -> list[Reason]:
        unit = self.gate / self.deviation
        scaled = [replace(reason, value=unit * reason.value) for reason in taste if reason.item_id]
        return [Reason(kind="taste of the others found", value=-unit * self.least), *scaled]

    def summaries(self, positions: Sequence[int], most: int) -> list[tuple[Reason, ...]]:
        """For each item the legs that found it, and the evidence that moved it most."""
        return [self._summary(reasons, most) for reasons in self.contributions(positions, SOURCES)]

    def listed(self, scores: FloatArray, n: int, told: Told) -> ItemList:
        """The `n` best by `scores`, which are this search's own except for what was ruled out since."""
        best, ids = top_positions(scores, n), self.stages.scorer.item_ids_
        summaries = self.summaries(best.tolist(), self.most)
        reasons = [told(summary, self.query, ids[i]) for summary, i in zip(summaries, best, strict=True)]
        return replace(listed(ids, best, scores, source="search"), reasons=tuple(reasons))

    def lists(self, n: int, told: Told) -> dict[str, ItemList]:
        """The `n` best of each leg alone, of both as "fused", and of the whole as "final".

        Only "final" says why: with all reasons, which sum to its scores. A leg lists what it prefers to
        the least of the catalogue, so items without a word of the query are in no list of the words.
        """
        allowed, ids = ~np.isnan(self.scores), self.stages.scorer.item_ids_
        fused = np.where(allowed, self.legs.total(), np.float32("nan"))
        alone = {
            name: np.where(allowed & (leg > leg.min()), leg, np.float32("nan"))
            for name, leg in self.legs.parts.items()
        }
        found = {
            name: listed(ids, top_positions(scores, n), scores, source=name)
            for name, scores in {**alone, "fused": fused}.items()
        }
        best = top_positions(self.scores, n).tolist()
        reasons = [
            told(parts, self.query, ids[place])
            for place, parts in zip(best, self.contributions(best), strict=True)
        ]
        final = listed(ids, top_positions(self.scores, n), self.scores, source="final")
        return {**found, "final": replace(final, reasons=tuple(reasons))}

    def _summary(self, reasons: Sequence[Reason], most: int) -> tuple[Reason, ...]:
        legs = [reason for reason in reasons if reason.kind in self.legs.parts and reason.value > 0]
        personal = by_evidence([reason for reason in reasons if reason.item_id], most)
        return (*legs, *personal)[: most + 1]
