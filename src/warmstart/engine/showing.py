"""From the scores of a catalogue to what is shown of it: variety first, then room for new items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl

from warmstart.core.ids import Ids
from warmstart.core.linear import FloatArray, IntArray, top_positions
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.engine.listing import checked_size, listed, ranking, touched
from warmstart.engine.settings import EngineSettings
from warmstart.policy.diversity import DiversityPolicy
from warmstart.policy.exposure import ExposurePolicy
from warmstart.recommend.fused.scorer import FusedScorer


@dataclass(frozen=True)
class Showing:
    """The policies between scores and list, in this order: `diversity`, then `exposure` (None for none).

    Diversity decides which of the best items stand at the top; exposure then gives new items their places
    in that order, so that its promise holds whatever the diversity. Neither sees an item whose score is
    NaN: rules come before, and no policy can break them.
    """

    diversity: DiversityPolicy
    exposure: ExposurePolicy | None

    @classmethod
    def fit(cls, settings: EngineSettings, counts: Mapping[str, int], ids: Ids) -> Self:
        """The policies of these settings, from the number of events of each item; `ids` are all items."""
        return cls(settings.diversity, settings.exposure.unfitted().counting(ids, counts))

    def add(self, items: pl.DataFrame) -> None:
        """Take in new items, and new facts about known ones."""
        if self.exposure is not None:
            self.exposure.add(items)

    def update(self, events: Iterable[Event]) -> None:
        """Take in what people did."""
        if self.exposure is not None:
            self.exposure.update(events)

    def take_back(self, events: Iterable[Event]) -> None:
        """Undo what people did."""
        if self.exposure is not None:
            self.exposure.take_back(events)

    def asking(self, *, exposure: float | None, diversity: float | None) -> Showing:
        """The same with other shares for one question; None leaves what is set."""
        own = self.exposure if exposure is None or self.exposure is None else self.exposure.asking(exposure)
        return Showing(self._diverse(diversity), own)

    def for_likeness(self, diversity: float | None) -> Showing:
        """Diversity alone: where likeness is asked for, nobody is promised a place."""
        return Showing(self._diverse(diversity), None)

    def _diverse(self, diversity: float | None) -> DiversityPolicy:
        return self.diversity if diversity is None else replace(self.diversity, diversity=diversity)

    def shown(self, query: Query, scores: FloatArray, n: int, scorer: FusedScorer) -> ItemList:
        """The `n` items to show of a scored catalogue. Errors: `InputError` for a negative `n`."""
        pool = checked_size(n) * (self.diversity.pool if self.diversity.diversity else 1)
        best = (
            top_positions(scores, pool) if self.exposure is None else self.exposure.shortlist(scores, pool)
        )
        candidates = listed(scorer.item_ids_, self._varied(best, scores, n, pool, scorer), scores)
        if self.exposure is None:
            return candidates.take(range(min(n, len(candidates))))
        return self.exposure.rerank(query, candidates, n)

    def _varied(
        self, best: IntArray, scores: FloatArray, n: int, pool: int, scorer: FusedScorer
    ) -> IntArray:
        """The candidates, the `n` of the first `pool` that diversity wants on top, then the others."""
        if not self.diversity.diversity:
            return best
        near = best[:pool]
        top = near[self.diversity.order(scores[near], scorer.features.encoded_of(near), n)]
        return np.concatenate([top, best[~np.isin(best, top)]])

    def ranking(self, query: Query, scores: FloatArray, n: int, scorer: FusedScorer) -> FloatArray:
        """Scores whose order is what is shown in a list of `n`, then everything else as it was."""
        unseen = scores.copy()
        unseen[scorer.positions(sorted(touched(query.events)))] = np.nan
        items = self.shown(query, unseen, n, scorer)
        return ranking(scores, scorer.positions(items.item_ids))
