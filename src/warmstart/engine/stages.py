"""The fitted parts of an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from warmstart.core import registry
from warmstart.core.ids import Ids
from warmstart.data.dataset import Dataset
from warmstart.engine.settings import EngineSettings
from warmstart.recommend.complement.scorer import ComplementScorer
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.roles.encoder import Encoder
from warmstart.search.hybrid import HybridRetriever


@dataclass(frozen=True)
class Stages:
    """Encoder, retriever and scorers fitted to one shop; `why` says why this encoder was taken."""

    encoder: Encoder
    why: str
    retriever: HybridRetriever
    scorer: FusedScorer
    complement: ComplementScorer

    @classmethod
    def fit(cls, dataset: Dataset, settings: EngineSettings, encoder: Encoder, why: str) -> Self:
        """Fit all of them; the components in `settings` stay as they are."""
        encoder.fit(dataset.item_texts)
        retriever, scorer = settings.retriever.unfitted(), settings.scorer.unfitted()
        retriever.fit(dataset, encoder)
        scorer.fit(dataset, encoder)
        return cls(encoder, why, retriever, scorer, ComplementScorer().fit_beside(scorer, dataset))

    def share_ids(self, ids: Ids) -> None:
        """Let all of them hold these ids in place of equal ones of their own."""
        for part in (self.retriever, self.scorer, self.complement):
            part.share_ids(ids)

    def refit(self, dataset: Dataset) -> None:
        """Learn the tables of both scorers again from other events on the same items."""
        self.scorer.refit(dataset)
        self.complement.refit(dataset)

    def add(self, items: pl.DataFrame) -> None:
        """Take in new items and new facts about known ones."""
        self.retriever.add(items)
        self.scorer.add(items)
        self.complement.add(items)

    def describe_encoder(self) -> dict[str, Any]:
        """Name and settings by which the encoder can be made again, and why it was taken."""
        return {
            "name": registry.name_of(self.encoder),
            "settings": self.encoder.settings(),
            "why": self.why,
        }
