"""What may be shown: the catalogue as filters, availability and titles see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import UnknownIdError
from warmstart.core.growing import GrowingRows
from warmstart.core.ids import Ids
from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.engine.titles import Titles
from warmstart.search.filters import FilterIndex
from warmstart.search.sentence import Wish, read_sentence
from warmstart.search.sentence_literal import literal_texts, says_any
from warmstart.search.sentence_shop import CountedShopWords, ShopWords
from warmstart.search.suggest import Suggester

_SAYING: Final = (c.TITLE, c.BRAND, c.CATEGORIES, c.TAGS, c.CURRENCY)
"""What completions and sentences read of an item: a change of anything else is none to them."""


class Shelves:
    """Everything about a catalogue that is looked up rather than learned."""

    def __init__(self, dataset: Dataset, ids: Ids) -> None:
        self._items, self._queries = (
            dataset.items,
            dataset.queries,
        )  # no more of it: the rest may be forgotten
        self._ids = ids
        self._available = _availability(dataset.items)
        self._growing_available, self._growing_prices = GrowingRows(), GrowingRows()

    @cached_property
    def _filters(self) -> FilterIndex:  # built by the first filter: loading a model should not wait for it
        return FilterIndex(self._items)

    @cached_property
    def _suggester(self) -> Suggester:
        return Suggester(self._items, self._queries[c.QUERY])

    @cached_property
    def _counted_words(self) -> CountedShopWords:
        return CountedShopWords(self._items)

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """The title of each item, by id."""
        return Titles(self._items, self._ids)

    @property
    def words(self) -> ShopWords:
        """The shop's own words, by which sentences are read."""
        return self._counted_words.words

    @cached_property
    def prices(self) -> FloatArray:
        """Prices in catalogue order, NaN where unknown."""
        return _prices(self._items)

    def wish(self, text: str) -> Wish:
        """Read a sentence with the shop's own words."""
        return read_sentence(text, self.words)

    def texts_of(self, positions: IntArray) -> list[str]:
        """All that items at catalogue positions say of themselves."""
        return literal_texts(self._items[positions.tolist()])

    def flagged(self, thing: str) -> IntArray:
        """Positions of items with an attribute named like `thing` that is true."""
        flags = self._filters.flags()
        named = says_any([name.replace("_", " ") for name in flags], [thing])
        found = [where for where, said in zip(flags.values(), named, strict=True) if said]
        return np.concatenate([np.zeros(0, dtype=np.int64), *found])

    def put(self, dataset: Dataset, items: pl.DataFrame) -> None:
        """Take in new items and new facts about known ones; `dataset` is the shop with them.

        Costs what these items hold: what earlier questions had built is brought up to date.
        """
        positions = self._ids.add(items[c.ITEM_ID])
        built = vars(self)
        self._reword(items, positions)
        if "_filters" in built:
            self._filters.put(items, positions)
        size = len(dataset.items)
        rows = _availability(items)
        self._available = self._growing_available.put(self._available, positions, rows, size)
        if "prices" in built:
            built["prices"] = self._growing_prices.put(self.prices, positions, _prices(items), size)
        self._items = dataset.items
        built.pop("titles", None)

    def _reword(self, items: pl.DataFrame, positions: IntArray) -> None:
        """Tell those who count words what these items say no longer, and what they say from now on."""
        built, old = vars(self), self._items
        gone: list[int] = []
        come: list[int] = []
        for row, position in enumerate(positions.tolist()):
            if position < len(old):
                if _words_of(old, position) == _words_of(items, row):
                    continue
                gone.append(position)
            come.append(row)
        for reader in (built.get("_suggester"), built.get("_counted_words")):
            if reader is not None and gone:
                reader.remove(old[gone])
            if reader is not None and come:
                reader.add(items[come])

    def forget_queries(self, dataset: Dataset) -> None:
        """Complete no more to past queries that are not in `dataset`, which is the shop without them."""
        suggester = vars(self).get("_suggester")
        if suggester is not None:
            gone = Counter(self._queries[c.QUERY]) - Counter(dataset.queries[c.QUERY])
            suggester.forget(gone.elements())
        self._queries = dataset.queries

    def allowed(self, filters: Mapping[str, Any], hidden: Iterable[str]) -> BoolArray:
        """Which items may be shown: available, passing every filter, not hidden; catalogue order."""
        mask = self.passing(filters)
        mask &= self._available
        places = self._ids.places
        mask[[places[item_id] for item_id in hidden if item_id in places]] = False
        return mask

    def place(self, item_id: str) -> int | None:
        """Where an item stands in the catalogue; None when it is unknown."""
        return self._ids.places.get(item_id)

    def passing(self, filters: Mapping[str, Any]) -> BoolArray:
        """Which items pass every filter, sold out or not; catalogue order."""
        return self._filters.mask(filters) if filters else np.ones(len(self._ids), dtype=np.bool_)

    def hopeless(self, filters: Mapping[str, Any]) -> tuple[str, ...]:
        """Warnings that name each filter which no item passes, whatever the others say."""
        names = [name for name, said in filters.items() if not self.passing({name: said}).any()]
        return tuple(f"nothing_passes:{name}" for name in names)

    def check_known(self, item_id: str) -> None:
        """Errors: `UnknownIdError` for an item that is not in the catalogue."""
        if item_id not in self.titles:
            raise UnknownIdError(
                expected="an item of the catalogue",
                found=repr(item_id),
                todo="Check the id, or add the item.",
            )

    def suggest(self, prefix: str, n: int) -> list[str]:
        """Completions of what a shopper is typing."""
        return self._suggester.suggest(prefix, n)

    def missing_signals(self, query: Query) -> tuple[str, ...]:
        """What the answer to a query could not draw on."""
        found = []
        if not query.events and not query.anchors:
            found.append("user_without_events" if query.user_id else "no_user")
        touched = {event.item_id for event in query.events if event.item_id}
        unknown = {item_id for item_id in touched.union(query.anchors) if item_id not in self.titles}
        return (*found, *(f"unknown_item:{item_id}" for item_id in sorted(unknown)))


def _words_of(items: pl.DataFrame, row: int) -> list[Any]:
    said = items.row(row, named=True)
    return [said[name] for name in _SAYING]


def _availability(items: pl.DataFrame) -> BoolArray:
    return items[c.AVAILABLE].fill_null(value=True).to_numpy()


def _prices(items: pl.DataFrame) -> FloatArray:
    return items[c.PRICE].cast(pl.Float32).fill_null(float("nan")).to_numpy()
