"""Lexical and dense retrieval as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import polars as pl

from warmstart.core.component import State
from warmstart.core.ids import Ids
from warmstart.core.linear import BoolArray, FloatArray, IntArray, standardise
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.roles.encoder import Encoder
from warmstart.roles.scorer import Retriever
from warmstart.search.bm25 import Bm25Retriever
from warmstart.search.dense import DenseRetriever

_NEAR = 1.0  # deviations above the mean from which an item without a word of the query counts as found


@dataclass(frozen=True)
class Legs:
    """What the legs of a hybrid search say: their shares of every item's score, and what they found."""

    parts: dict[str, FloatArray]
    found: BoolArray

    def total(self) -> FloatArray:
        """The sum of the shares; NaN for items that no leg found."""
        total = np.zeros(len(self.found), dtype=np.float32)
        for part in self.parts.values():
            total += part
        return np.where(self.found, total, np.float32("nan"))


@dataclass(kw_only=True)
class HybridRetriever(Retriever):
    """BM25F and dense retrieval, fused by standardised scores.

    Both legs score the whole catalogue; each is standardised (mean 0, deviation 1) and they are mixed
    with `dense_weight`, by default the share that the encoder has earned (`Encoder.search_weight`).
    Scores are mixed, not ranks, because the gaps between scores say how sure a leg is; reciprocal rank
    fusion throws that away and measured worse. The dense leg reads the query after spelling correction.

    The default for search. An item is found when it holds a word of the query, or when its meaning lies
    well above the catalogue's average; all others, and everything for an empty query, get NaN.
    """

    serves_items: ClassVar[frozenset[str]] = frozenset({"hot", "warm"})
    needs_encoder: ClassVar[bool] = True
    source: ClassVar[str] = "search"

    dense_weight: float | None = tunable(None, choices=(None, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6))
    lexical: Bm25Retriever = field(default_factory=Bm25Retriever)
    dense: DenseRetriever = field(default_factory=DenseRetriever)

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        self.lexical.fit(dataset)
        self.dense.fit(dataset, encoder)

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded retriever back the encoder that it was fitted with."""
        super().use_encoder(encoder)
        self.dense.use_encoder(encoder)

    def share_ids(self, ids: Ids) -> None:
        """Hold these ids in place of equal ones of its own, in both legs, too."""
        super().share_ids(ids)
        self.lexical.share_ids(ids)
        self.dense.share_ids(ids)

    def _add(self, items: pl.DataFrame, positions: IntArray) -> None:
        self.lexical.add(items)
        self.dense.add(items)

    @property
    def weight_in_use(self) -> float:
        """What the dense leg weighs: `dense_weight`, or the share that the encoder has earned."""
        return self._encoder_in_use().search_weight if self.dense_weight is None else self.dense_weight

    def legs(self, query: Query) -> Legs:
        """What each leg that knows anything adds to the score, and which items were found."""
        legs, weight = self.unweighted(query), self.weight_in_use
        shares = {"lexical": 1.0 - weight, "dense": weight}
        parts = {name: shares[name] * scores for name, scores in legs.parts.items()}
        return Legs(parts=parts, found=legs.found)

    def unweighted(self, query: Query) -> Legs:
        """The standardised score of each leg that knows anything, and which items were found."""
        corrected = Query(text=self.lexical.correct(query.text))
        raw = {"lexical": self.lexical.score(query), "dense": self.dense.score(corrected)}
        known = {name: _standardised(scores) for name, scores in raw.items() if not np.isnan(scores).all()}
        found = ~np.isnan(raw["lexical"])
        if "dense" in known:
            found |= known["dense"] > _NEAR
        return Legs(parts=known, found=found)

    def _score(self, query: Query) -> FloatArray:
        return self.legs(query).total()

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
