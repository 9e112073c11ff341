"""Candidates in, scores out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.component import State
from warmstart.core.errors import ConfigError, NotFittedError
from warmstart.core.linear import BoolArray, FloatArray, IntArray, top_positions
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.roles.catalogued import Catalogued
from warmstart.roles.encoder import Encoder


@dataclass(kw_only=True)
class Scorer(Catalogued, ABC):
    """Gives every item of the catalogue a score for a query, or NaN where it knows nothing.

    A new scorer writes `_fit`, `_score` and, when it can take new items without a fit, `_add`.
    `serves_items` says which items it can score: "hot" (with events), "warm" (with text only).
    """

    serves_items: ClassVar[frozenset[str]] = frozenset({"hot"})
    needs_encoder: ClassVar[bool] = False

    def fit(self, dataset: Dataset, encoder: Encoder | None = None) -> Self:
        """Learn from a shop. Scorers that read text need a fitted `encoder`; the others ignore it."""
        if self.needs_encoder and encoder is None:
            raise ConfigError(
                expected=f"a fitted encoder for {type(self).__name__}",
                found="none",
                todo="Call fit(dataset, encoder), for example with CatalogueEncoder().fit(texts).",
            )
        self._take_ids(dataset.item_ids)
        self._encoder = encoder
        self._fit(dataset, encoder)
        return self

    def _encoder_in_use(self) -> Encoder:
        if self._encoder is None:
            raise NotFittedError(type(self).__name__)
        return self._encoder

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded scorer back the encoder that it was fitted with."""
        self._encoder = encoder

    def add(self, items: pl.DataFrame) -> None:
        """Take in new items, and new facts about known ones, without fitting again.

        `items` has the columns of `data.schema.ITEMS`.
        """
        self._check_fitted()
        positions = self._ids.add(items[c.ITEM_ID])
        self._add(items, positions)

    def score(self, query: Query, item_ids: Sequence[str] | None = None) -> FloatArray:
        """Scores of `item_ids`, or of the whole catalogue in its order when None.

        Higher is better, NaN means no opinion; an item that is not in the catalogue gets NaN.
        """
        self._check_fitted()
        scores = self._score(query).astype(np.float32)
        if item_ids is None:
            return scores
        padded = np.append(scores, np.float32("nan"))
        unknown = len(scores)
        chosen: FloatArray = padded[[self._place.get(item_id, unknown) for item_id in item_ids]]
        return chosen

    def positions(self, item_ids: Sequence[str]) -> IntArray:
        """Catalogue positions of the ids that are known, in the order given."""
        known = (self._place.get(item_id) for item_id in item_ids)
        return np.array([position for position in known if position is not None], dtype=np.int64)

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        self._encoder = None

    @abstractmethod
    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None: ...

    @abstractmethod
    def _score(self, query: Query) -> FloatArray: ...

    def _add(self, items: pl.DataFrame, positions: IntArray) -> None:
        raise NotImplementedError(f"{type(self).__name__} takes new items only at the next fit")

    def _grown(self, array: Any, fill: float = 0.0) -> Any:
        """`array` with rows up to the size of the catalogue, as a writable copy."""
        missing = len(self.item_ids_) - len(array)
        if missing <= 0:
            return np.array(array)
        return np.concatenate([array, np.full((missing, *array.shape[1:]), fill, dtype=array.dtype)])


@dataclass(kw_only=True)
class Retriever(Scorer, ABC):
    """A scorer that also cuts the catalogue down to a list."""

    def retrieve(self, query: Query, n: int, allowed: BoolArray | None = None) -> ItemList:
        """The `n` best items, best first; fewer when fewer match.

        `query.exclude` always holds. `allowed` marks, in catalogue order, the items that may appear;
        it is applied before the cut, so that a narrow filter still fills the list.
        """
        scores = self.score(query)
        if allowed is not None:
            scores[~allowed] = np.nan
        scores[self.positions(sorted(query.exclude))] = np.nan
        best = top_positions(scores, n)
        return ItemList(
            item_ids=tuple(self.item_ids_[i] for i in best),
            scores=scores[best],
            sources=(self.source,) * len(best),
        )

    source: ClassVar[str] = "search"
