"""What may be shown: the catalogue as filters, availability and titles see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import BoolArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.search.filters import FilterIndex
from warmstart.search.suggest import Suggester


class Shelves:
    """Everything about a catalogue that is looked up rather than learned."""

    def __init__(self, dataset: Dataset) -> None:
        self._filters = FilterIndex(dataset.items)
        self._suggester = Suggester(dataset.items, dataset.queries[c.QUERY])
        self.titles: dict[str, str] = {}
        self._place: dict[str, int] = {}
        self._take_titles(dataset.items)

    def _take_titles(self, items: pl.DataFrame) -> None:
        for item_id, title in zip(items[c.ITEM_ID], items[c.TITLE], strict=True):
            self.titles[item_id] = title or ""
            self._place.setdefault(item_id, len(self._place))

    def put(self, items: pl.DataFrame) -> None:
        """Take in new items and new facts about known ones."""
        self._take_titles(items)
        positions = np.array([self._place[item_id] for item_id in items[c.ITEM_ID]], dtype=np.int64)
        self._filters.put(items, positions)
        self._suggester.add(items)

    def allowed(self, filters: Mapping[str, Any], hidden: Iterable[str]) -> BoolArray:
        """Which items may be shown: available, passing every filter, not hidden; catalogue order."""
        mask = self._filters.mask({c.AVAILABLE: True, **filters})
        mask[[self._place[item_id] for item_id in hidden if item_id in self._place]] = False
        return mask

    def suggest(self, prefix: str, n: int) -> list[str]:
        """Completions of what a shopper is typing."""
        return self._suggester.suggest(prefix, n)

    def missing_signals(self, query: Query) -> tuple[str, ...]:
        """What the answer to a query could not draw on."""
        found = []
        if not query.events and not query.anchors:
            found.append("user_without_events" if query.user_id else "no_user")
        touched = {event.item_id for event in query.events if event.item_id}
        unknown = (touched | set(query.anchors)) - self.titles.keys()
        return (*found, *(f"unknown_item:{item_id}" for item_id in sorted(unknown)))
