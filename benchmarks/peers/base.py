"""What the peers share: events in, a score for each item of the shop out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import ClassVar

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import MissingExtraError
from warmstart.core.linear import FloatArray, top_positions
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.evaluate.methods import RankingMethod


@dataclass(kw_only=True)
class PeerMethod(RankingMethod):
    """A model of another library. A subclass trains it (`_fit`) and asks it (`_score`).

    Every event counts as one positive sign, the common reading of implicit feedback; a user's repeats of
    an item count once. All that a question reveals is the history: no peer is told who asks.
    """

    library: ClassVar[str]
    """The package to import."""
    name: str = "peer"
    seed: int = 0

    def fit(self, dataset: Dataset) -> None:
        """Train on the events of `dataset`."""
        self._item_ids = dataset.item_ids
        self._place = {item_id: i for i, item_id in enumerate(self._item_ids)}
        events = dataset.interactions.select(c.USER_ID, c.ITEM_ID).unique(maintain_order=True)
        events = events.filter(pl.col(c.ITEM_ID).is_in(self._item_ids))
        users, items = events[c.USER_ID].to_list(), events[c.ITEM_ID].to_list()
        self._hot = frozenset(items)
        self._fit(dataset, users, items)

    def score(self, query: Query) -> FloatArray:
        """The library's scores in catalogue order, NaN where it gives none.

        Items without events in training say nothing to any of these models (and LensKit's neighbours
        crash on them), so they are left out of the history.
        """
        touched = dict.fromkeys(event.item_id or "" for event in query.events)
        return self._score([item_id for item_id in touched if item_id in self._hot])

    def retrieve(self, query: Query, n: int) -> ItemList:
        """The top of the scores: these libraries do not search."""
        scores = self.score(query)
        best = top_positions(scores, n)
        return ItemList(item_ids=tuple(self._item_ids[i] for i in best), scores=scores[best])

    def _spread(self, item_ids: Sequence[str], scores: FloatArray) -> FloatArray:
        """Scores of some items as scores of the catalogue."""
        spread = np.full(len(self._item_ids), np.nan, dtype=np.float32)
        spread[[self._place[item_id] for item_id in item_ids]] = scores
        return spread

    @abstractmethod
    def _fit(self, dataset: Dataset, users: list[str], items: list[str]) -> None:
        """Train on pairs of user and item, each pair once."""

    @abstractmethod
    def _score(self, history: list[str]) -> FloatArray:
        """Scores in catalogue order for somebody who touched these items, oldest first."""


def load(module: str) -> ModuleType:
    """Import a module of a peer.

    Errors: `MissingExtraError` says how to make the environment that has it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        todo = "Make an environment for the libraries that we compare with: make peers"
        raise MissingExtraError(f"'{module}'", "peers", todo=todo) from error
