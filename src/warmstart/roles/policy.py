"""A ranked list in, the list that is shown out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.component import Component
from warmstart.core.errors import InputError
from warmstart.core.linear import FloatArray, IntArray, top_positions
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.roles.catalogued import Catalogued
from warmstart.roles.encoder import Encoder


@dataclass(kw_only=True)
class Reranker(Component, ABC):
    """Puts the items of a list into another order, and may leave some out."""

    def rerank(self, query: Query, items: ItemList, n: int | None = None) -> ItemList:
        """The `n` items to show, in the order to show them; as many as there are when None.

        `items` are the candidates, best first, each id once. Nothing is shown that is not among them.
        Errors: `InputError` for a negative `n`.
        """
        if n is not None and n < 0:
            raise InputError(
                expected="n of at least 0", found=str(n), todo="Ask for how many items you want."
            )
        return self._rerank(query, items, len(items) if n is None else min(n, len(items)))

    @abstractmethod
    def _rerank(self, query: Query, items: ItemList, n: int) -> ItemList:
        """`n` is at most the number of candidates."""


@dataclass(kw_only=True)
class Policy(Catalogued, Reranker, ABC):
    """Decides what is shown of a finished ranking, and logs with which probability.

    The propensity of an item is the probability, over the policy's own chance, that it is shown in its
    place. A policy follows the shop: `fit`, then `add` for new items and `update` for new events.
    """

    def fit(self, dataset: Dataset, encoder: Encoder | None = None) -> Self:
        """Learn what the policy has to know of a shop's items; those that read text use `encoder`."""
        self._take_ids(dataset.item_ids)
        self._fit(dataset, encoder)
        return self

    def add(self, items: pl.DataFrame) -> None:
        """Take in new items, and new facts about known ones; columns as in `data.schema.ITEMS`."""
        self._check_fitted()
        self._ids.add(items[c.ITEM_ID])
        self._add(items)

    def update(self, feedback: Iterable[Event]) -> None:
        """Take in what people did since the fit."""
        self._check_fitted()
        self._update(feedback)

    def shortlist(self, scores: FloatArray, n: int) -> IntArray:
        """Catalogue positions of all that `rerank` needs to fill a list of `n`, best first.

        `scores` runs over the catalogue; what must not be shown is NaN in it.
        """
        self._check_fitted()
        return self._shortlist(scores, n)

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded policy back the encoder that it was fitted with; most have no use for it."""

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        """Nothing to learn by default."""

    def _add(self, items: pl.DataFrame) -> None:
        """Nothing to know of an item by default."""

    def _update(self, feedback: Iterable[Event]) -> None:
        """Nothing to learn by default."""

    def _shortlist(self, scores: FloatArray, n: int) -> IntArray:
        return top_positions(scores, n)


def certain(items: ItemList) -> FloatArray:
    """Propensities of a list in which nothing was left to chance."""
    if items.propensities is None:
        return np.ones(len(items), dtype=np.float32)
    return np.asarray(items.propensities, dtype=np.float32)
