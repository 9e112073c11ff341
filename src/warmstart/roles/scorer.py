"""Candidates in, scores out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from warmstart.core.component import Component
from warmstart.core.linear import FloatArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.roles.encoder import Encoder


@dataclass(kw_only=True)
class Scorer(Component, ABC):
    """Gives every item of the catalogue a score for a query, or NaN where it knows nothing.

    A new scorer writes `_fit` and `_score`. `serves` says which items it can score: "hot" (has
    events), "warm" (has only text), "cold" (unknown) and the same for users, for the documentation
    and the contract tests.
    """

    serves_items: ClassVar[frozenset[str]] = frozenset({"hot"})
    needs_encoder: ClassVar[bool] = False

    def fit(self, dataset: Dataset, encoder: Encoder | None = None) -> Self:
        """Learn from a shop. Scorers that read text need a fitted `encoder`; the others ignore it."""
        self.item_ids_ = dataset.item_ids
        self._fit(dataset, encoder)
        return self

    def score(self, query: Query, item_ids: Sequence[str] | None = None) -> FloatArray:
        """Scores of `item_ids`, or of the whole catalogue in its order when None.

        Higher is better, NaN means no opinion; an item that is not in the catalogue gets NaN.
        """
        self._check_fitted()
        scores = self._score(query).astype(np.float32, copy=False)
        if item_ids is None:
            return scores
        place = {item_id: i for i, item_id in enumerate(self.item_ids_)}
        padded = np.append(scores, np.float32("nan"))
        return padded[[place.get(item_id, len(scores)) for item_id in item_ids]]

    @abstractmethod
    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None: ...

    @abstractmethod
    def _score(self, query: Query) -> FloatArray: ...
