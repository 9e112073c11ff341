"""Items in, the ratings a user would give them out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import ConfigError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.rating_states import ratings_of
from warmstart.data.text import item_texts
from warmstart.roles.catalogued import Catalogued
from warmstart.roles.encoder import Encoder

SCALE: Final = (1.0, 5.0)
"""Assumed where a shop has no ratings, or only one value of them."""
USER: Final = "user"
ITEM: Final = "item"
"""Columns of the table that `Rater._fit` is given: users numbered from 0, items by catalogue position."""


@dataclass(kw_only=True)
class Rater(Catalogued, ABC):
    """Says which rating a user would give to an item; always a number, for a stranger the prior.

    A new rater writes `_fit` and `_predict`. The catalogue it is given stands in the order of its texts
    and the ratings in that of what was rated, whatever the order in the files: ids are only names.
    """

    needs_encoder: ClassVar[bool] = False

    def fit(self, dataset: Dataset, encoder: Encoder | None = None) -> Self:
        """Learn from the events of a shop that carry a rating.

        Errors: `ConfigError` when the rater reads text and gets no fitted `encoder`.
        """
        if self.needs_encoder and encoder is None:
            raise ConfigError(
                expected=f"a fitted encoder for {type(self).__name__}",
                found="none",
                todo="Call fit(dataset, encoder), for example with CatalogueEncoder().fit(texts).",
            )
        self._fit(*self._begin(dataset), encoder)
        return self

    def _begin(self, dataset: Dataset) -> tuple[Dataset, pl.DataFrame]:
        """The shop and its ratings in an order that no name decides; catalogue and scale are known then."""
        texts = item_texts(dataset.items)
        order = sorted(range(len(texts)), key=lambda i: (texts[i], dataset.item_ids[i]))
        ordered = replace(dataset, items=dataset.items[order])
        self._take_ids(ordered.item_ids)
        ratings = _in_order(ratings_of(ordered), self._place)
        values = ratings[c.VALUE].to_numpy()
        known = len(values) and values.min() < values.max()
        self.scale_ = [float(values.min()), float(values.max())] if known else list(SCALE)
        return ordered, ratings

    def predict(self, query: Query, item_ids: Sequence[str]) -> FloatArray:
        """The rating expected for each item, on the shop's scale; never NaN.

        The evidence is the rating events of `query`. A rater may also know the user of `query.user_id`
        from training: then `events` should hold only what came later. An item that was not in the
        catalogue, a user who was not, and a query without events get the prior.
        """
        self._check_fitted()
        positions = np.array([self._place.get(item_id, -1) for item_id in item_ids], dtype=np.int64)
        if not len(positions):
            return np.zeros(0, dtype=np.float32)
        worst, best = self.scale_
        found: FloatArray = np.clip(self._predict(query, positions), worst, best)
        return found.astype(np.float32)

    def evidence(self, query: Query) -> tuple[IntArray, FloatArray]:
        """Catalogue positions and ratings of the query's rated events, the last one of each item."""
        found: dict[int, float] = {}
        for event in query.events:
            place = self._place.get(event.item_id) if event.item_id is not None else None
            rated = event.event_type in {"rate", "review"} and event.value is not None
            if place is not None and rated:
                found[place] = float(event.value or 0.0)
        return np.array(list(found), dtype=np.int64), np.array(list(found.values()), dtype=np.float32)

    @abstractmethod
    def _fit(self, dataset: Dataset, ratings: pl.DataFrame, encoder: Encoder | None) -> None:
        """Learn from `ratings`: user (0 ...), item (catalogue position), value and user_id."""

    @abstractmethod
    def _predict(self, query: Query, positions: IntArray) -> FloatArray:
        """One rating per position, -1 being an unknown item."""


def _in_order(ratings: pl.DataFrame, place: Mapping[str, int]) -> pl.DataFrame:
    """The ratings of catalogue items with numbered users, whose order is that of what they rated."""
    items = pl.DataFrame(
        {c.ITEM_ID: list(place), ITEM: list(place.values())},
        schema_overrides={c.ITEM_ID: pl.String, ITEM: pl.Int64},
    )
    known = ratings.join(items, on=c.ITEM_ID, how="inner").sort(ITEM, c.VALUE)
    users = (
        known.group_by(c.USER_ID)
        .agg(pl.col(ITEM), pl.col(c.VALUE))
        .sort(pl.col(ITEM).list.len(), pl.col(ITEM), pl.col(c.VALUE), c.USER_ID)
        .select(c.USER_ID)
        .with_row_index(USER)
    )
    return (
        known.join(users, on=c.USER_ID, how="inner").sort(USER, ITEM).select(USER, ITEM, c.VALUE, c.USER_ID)
    )
