"""The facts of a shop as one frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from typing import Final, Self

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.core.linear import IntArray
from warmstart.data.records import Event, Item, events_frame, items_frame
from warmstart.data.schema import EVENT_TYPES, REQUIRED, TABLES, empty_table
from warmstart.data.text import field_texts, join_fields

_FEW: Final = 8
_CHUNKS: Final = 64
"""From more pieces of a column on reading it here and there costs more than joining them."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Items, users, events and what else a shop may know, with columns as in `data.schema`.

    A value: nothing changes it; `with_events` and `with_items` give new ones. Events of one user stand
    in the order in which they happened. Build it with `read_shop` from files, `from_records` from
    Python objects, or directly from polars tables; missing columns are added, extra ones refused.

    >>> shop = Dataset.from_records([Item(item_id="a", title="red shoe")])
    >>> shop.items["title"].to_list(), len(shop.events)
    (['red shoe'], 0)
    """

    name: str = "shop"
    items: pl.DataFrame
    events: pl.DataFrame = field(default_factory=partial(empty_table, "events"))
    users: pl.DataFrame = field(default_factory=partial(empty_table, "users"))
    reviews: pl.DataFrame = field(default_factory=partial(empty_table, "reviews"))
    queries: pl.DataFrame = field(default_factory=partial(empty_table, "queries"))
    judgments: pl.DataFrame = field(default_factory=partial(empty_table, "judgments"))
    graph: pl.DataFrame = field(default_factory=partial(empty_table, "graph"))
    graph_links: pl.DataFrame = field(default_factory=partial(empty_table, "graph_links"))
    labels: pl.DataFrame = field(default_factory=partial(empty_table, "labels"))
    unlabelled: pl.DataFrame = field(default_factory=partial(empty_table, "unlabelled"))
    withheld: pl.DataFrame = field(default_factory=partial(empty_table, "withheld"))

    def __post_init__(self) -> None:
        for f in fields(self):
            if f.name in TABLES:
                object.__setattr__(self, f.name, _conform(f.name, getattr(self, f.name)))
        object.__setattr__(self, "events", _with_event_types(self.events))
        _check_unique(self.items)

    @classmethod
    def from_records(
        cls, items: Iterable[Item], events: Iterable[Event] = (), *, name: str = "shop"
    ) -> Self:
        """Build from `Item` and `Event` values; events of one user in the order given."""
        return cls(name=name, items=items_frame(items), events=events_frame(events))

    @cached_property
    def item_ids(self) -> tuple[str, ...]:
        """All item ids, in catalogue order."""
        return tuple(self.items[c.ITEM_ID].to_list())

    @cached_property
    def interactions(self) -> pl.DataFrame:
        """The events that touch an item."""
        return self.events.filter(pl.col(c.ITEM_ID).is_not_null())

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """The text of each field for every item, as `text.field_texts` reads it."""
        return field_texts(self.items)

    @cached_property
    def item_texts(self) -> list[str]:
        """One text per item, as `text.join_fields` writes it."""
        return join_fields(self.texts)

    def with_items(self, items: pl.DataFrame, places: Mapping[str, int] | None = None) -> Self:
        """The same shop with these items added; an id that exists already is replaced in place.

        `places` are the rows of those that exist, where the caller keeps them: it saves the search.
        """
        added = _conform("items", items)
        if not len(added):
            return self
        _check_unique(added)
        if places is None:
            places = {item_id: row for row, item_id in enumerate(self.item_ids)}
        rows = pl.Series([places.get(item_id) for item_id in added[c.ITEM_ID]], dtype=pl.Int64)
        frame = _replaced(self.items, added.filter(rows.is_not_null()), rows.drop_nulls().to_numpy())
        grown = pl.concat([frame, added.filter(rows.is_null())])
        return self.having(items=grown.rechunk() if grown.n_chunks() > _CHUNKS else grown)

    def having(self, **tables: pl.DataFrame) -> Self:
        """The same shop with other tables, known to be in order; the rest is not checked again."""
        same = copy(self)
        for name in ("item_ids", "texts", "item_texts", "interactions"):
            vars(same).pop(name, None)
        for name, table in tables.items():
            object.__setattr__(same, name, table)
        return same

    def with_events(self, events: pl.DataFrame) -> Self:
        """The same shop with these events after the ones it has."""
        return replace(self, events=pl.concat([self.events, _conform("events", events)]))


def _replaced(frame: pl.DataFrame, changed: pl.DataFrame, rows: IntArray) -> pl.DataFrame:
    """The same table with other rows at these places."""
    if len(rows) > _FEW:
        order = np.arange(len(frame))
        order[rows] = len(frame) + np.arange(len(rows))
        return pl.concat([frame, changed])[order]
    pieces, after = [], 0
    for place in np.argsort(rows).tolist():  # what lies between is not copied
        row = int(rows[place])
        pieces += [frame.slice(after, row - after), changed.slice(place, 1)]
        after = row + 1
    return pl.concat([*pieces, frame.slice(after)])


def _check_unique(items: pl.DataFrame) -> None:
    repeated = items.filter(pl.col(c.ITEM_ID).is_duplicated())
    if len(repeated):
        raise InputError(
            expected="each item_id once",
            found=f"{repeated[c.ITEM_ID].n_unique()} repeated, such as {repeated[c.ITEM_ID][0]!r}",
            todo="Keep one row per item (read_shop does this and reports it).",
        )


def _with_event_types(events: pl.DataFrame) -> pl.DataFrame:
    """Events of no stated type are interactions; unknown types are refused."""
    unknown = sorted(set(events[c.EVENT_TYPE].drop_nulls().unique()) - set(EVENT_TYPES))
    if unknown:
        raise InputError(
            expected=f"event types among {', '.join(EVENT_TYPES)}",
            found=", ".join(map(repr, unknown[:5])),
            todo="Map your event names to these, or read the files with read_shop, which does.",
        )
    return events.with_columns(pl.col(c.EVENT_TYPE).fill_null("interaction"))


def _conform(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    schema = TABLES[name]
    missing = [column for column in REQUIRED[name] if column not in frame.columns]
    extra = [column for column in frame.columns if column not in schema]
    if missing or extra:
        raise InputError(
            expected=f"table '{name}' with columns {', '.join(REQUIRED[name])} among {', '.join(schema)}",
            found=f"missing {missing or 'none'}, unknown {extra or 'none'}",
            todo="Rename the columns, or read the files with read_shop, which maps common names.",
        )
    conformed = frame.select(
        (pl.col(column) if column in frame.columns else pl.lit(None)).cast(dtype).alias(column)
        for column, dtype in schema.items()
    )
    if name == "events":  # an event of no stated kind is still an interaction
        return conformed.with_columns(pl.col(c.EVENT_TYPE).fill_null("interaction"))
    return conformed
