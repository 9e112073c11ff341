"""Lexical and dense retrieval as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import polars as pl

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, standardise
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.roles.encoder import Encoder
from warmstart.roles.scorer import Retriever
from warmstart.search.bm25 import Bm25Retriever
from warmstart.search.dense import DenseRetriever


@dataclass(kw_only=True)
class HybridRetriever(Retriever):
    """BM25F and dense retrieval, fused by standardised scores.

    Both legs score the whole catalogue; each is standardised (mean 0, deviation 1) and they are mixed
    with `dense_weight`, by default the share that the encoder has earned (`Encoder.search_weight`).
    Scores are mixed, not ranks, because the gaps between scores say how sure a leg is; reciprocal rank
    fusion throws that away and measured worse. The dense leg reads the query after spelling correction.

    The default for search. An empty query, or one that neither leg knows, gets NaN everywhere.
    """

    serves_items: ClassVar[frozenset[str]] = frozenset({"hot", "warm"})
    needs_encoder: ClassVar[bool] = True
    source: ClassVar[str] = "search"

    dense_weight: float | None = None
    lexical: Bm25Retriever = field(default_factory=Bm25Retriever)
    dense: DenseRetriever = field(default_factory=DenseRetriever)

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        self.lexical.fit(dataset)
        self.dense.fit(dataset, encoder)

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded retriever back the encoder that it was fitted with."""
        super().use_encoder(encoder)
        self.dense.use_encoder(encoder)

    def _add(self, items: pl.DataFrame, positions: IntArray) -> None:
        self.lexical.add(items)
        self.dense.add(items)

    def legs(self, query: Query) -> dict[str, FloatArray]:
        """What each leg that knows anything adds to the score, by name; the score is their sum."""
        corrected = Query(text=self.lexical.correct(query.text))
        raw = {"lexical": self.lexical.score(query), "dense": self.dense.score(corrected)}
        weight = self._encoder_in_use().search_weight if self.dense_weight is None else self.dense_weight
        shares = {"lexical": 1.0 - weight, "dense": weight}
        known = {name: scores for name, scores in raw.items() if not np.isnan(scores).all()}
        return {name: shares[name] * _standardised(scores) for name, scores in known.items()}

    def combine(self, legs: Mapping[str, FloatArray]) -> FloatArray:
        """The score that the legs make up; NaN everywhere when none of them knows anything."""
        if not legs:
            return np.full(len(self.item_ids_), np.nan, dtype=np.float32)
        total: FloatArray = np.sum(list(legs.values()), axis=0, dtype=np.float32)
        return total

    def _score(self, query: Query) -> FloatArray:
        return self.combine(self.legs(query))

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        parts = {"lexical": self.lexical.get_state(), "dense": self.dense.get_state()}
        return super().get_state() | parts

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave; `use_encoder` must follow before the first query."""
        own = dict(state)
        self.lexical.set_state(own.pop("lexical"))
        self.dense.set_state(own.pop("dense"))
        super().set_state(own)


def _standardised(scores: FloatArray) -> FloatArray:
    """Standardise over the catalogue, where an item without a score has the lowest one."""
    known = ~np.isnan(scores)
    lowest = min(0.0, float(scores[known].min()))
    return standardise(np.where(known, scores, np.float32(lowest)))
