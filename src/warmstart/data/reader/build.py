"""From a file's strings to a table with the columns and types of `data.schema`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import polars as pl

from warmstart.core import columns as c
from warmstart.data.issues import FILE, ROW, IssueLog
from warmstart.data.reader import aliases
from warmstart.data.reader.event_types import UNKNOWN, to_event_types
from warmstart.data.reader.files import Source
from warmstart.data.reader.lists import join_levels, to_categories, to_tags
from warmstart.data.reader.mapping import EXTRAS, ColumnMap
from warmstart.data.reader.objects import columns_to_objects, merge_objects, to_objects
from warmstart.data.reader.report import ColumnUse
from warmstart.data.reader.settings import RoleSettings
from warmstart.data.reader.tables import RawTable
from warmstart.data.reader.texts import to_first, to_texts
from warmstart.data.reader.times import DAY, EARLIEST_EVENT, EARLIEST_ITEM, to_seconds
from warmstart.data.reader.values import (
    blank_to_null,
    to_booleans,
    to_ids,
    to_numbers,
    to_prices,
    to_whole_numbers,
)
from warmstart.data.schema import EVENT_TYPES, TABLES

_EMPTY: Final = ("{}", "[]", "[[]]", "[{}]")
_KEPT_WORD: Final = "\x00event_type"


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """How a column is read, and what is said of a value that cannot be."""

    convert: Callable[[pl.Series], pl.Series]
    kind: str = ""
    expected: str = ""


_TEXT: Final = _Reading(convert=to_texts)
_ID: Final = _Reading(convert=to_ids)
_NUMBER: Final = _Reading(convert=to_numbers, kind="bad_number", expected="a number")
_OBJECT: Final = _Reading(
    convert=to_objects, kind="bad_list", expected="a JSON object or Key:Value pairs parted by ;"
)
_READINGS: Final[dict[str, _Reading]] = {
    **dict.fromkeys((c.ITEM_ID, c.USER_ID, c.VISITOR_ID, c.SESSION_ID, c.GROUP_ID), _ID),
    **dict.fromkeys((c.HEAD, c.RELATION, c.TAIL, c.ENTITY), _ID),
    **dict.fromkeys((c.VALUE, c.RATING, c.GRADE), _NUMBER),
    **dict.fromkeys((c.ATTRIBUTES, c.CONTEXT), _OBJECT),
    c.POSITION: _Reading(convert=to_whole_numbers, kind="bad_number", expected="a whole number"),
    c.PRICE: _Reading(convert=to_prices, kind="bad_number", expected="a price, zero or more"),
    c.AVAILABLE: _Reading(convert=to_booleans, kind="bad_boolean", expected="yes or no"),
    c.IMAGE: _Reading(convert=to_first),
}
"""Columns that are not plain text; times, which need a clock, and lists are read apart."""


def _times(column: str, now: float) -> _Reading:
    earliest, latest, span = (
        (EARLIEST_EVENT, now + DAY, "1990 to now")
        if column == c.TIMESTAMP
        else (EARLIEST_ITEM, now + 3653 * DAY, "1900 to ten years ahead")
    )
    convert = partial(to_seconds, earliest=earliest, latest=latest)
    return _Reading(convert=convert, kind="bad_time", expected=f"Unix seconds or ISO 8601, from {span}")


@dataclass(frozen=True, kw_only=True)
class Built:
    """A typed table with `issues.FILE` and `issues.ROW`, and how its columns were understood."""

    frame: pl.DataFrame
    uses: tuple[ColumnUse, ...]


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Builds the table of one file. `now` (seconds UTC) bounds the times that are believed."""

    raw: RawTable
    source: Source
    columns: ColumnMap
    settings: RoleSettings
    log: IssueLog
    now: float
    _notes: dict[str, str] = field(default_factory=dict)

    def build(self) -> Built:
        """Convert every column, reporting each value that cannot be read."""
        role = self.source.role
        made = {name: self._column(name) for name in self.columns.sources if name != c.VISITOR_ID}
        if role in EXTRAS:
            made[EXTRAS[role]] = self._objects(made.get(EXTRAS[role]))
        added: tuple[ColumnUse, ...] = ()
        if role == "events":
            added = self._complete_events(made)
        elif self.source.split and c.SPLIT not in made:
            made[c.SPLIT] = self._constant(self.source.split)
            added = (ColumnUse(theirs="", ours=f"split = '{self.source.split}'", how="file name"),)
        columns = [
            made.get(name, self._constant(None)).cast(dtype).alias(name)
            for name, dtype in TABLES[role].items()
        ]
        frame = pl.DataFrame([self._constant(self.source.file).alias(FILE), self.raw.frame[ROW], *columns])
        return Built(frame=frame, uses=(*map(self._noted, self.columns.uses), *added))

    def _constant(self, value: str | None) -> pl.Series:
        return pl.Series([value], dtype=pl.String()).new_from_index(0, len(self.raw.frame))

    def _noted(self, use: ColumnUse) -> ColumnUse:
        """How a column was understood, with how its values were read."""
        note = self._notes.get(use.ours.split(",", 1)[0])
        return replace(use, how=f"{use.how}, {note}") if note else use

    def _values(self, column: str) -> pl.Series:
        return self.raw.frame[self.columns.sources[column][0]]

    def _column(self, column: str) -> pl.Series:
        if column == c.CATEGORIES:
            return self._categories()
        if column == c.TAGS:
            return self._tags()
        if column == c.EVENT_TYPE:
            return self._event_types()
        timed = column in (c.TIMESTAMP, c.CREATED_AT)
        reading = _times(column, self.now) if timed else _READINGS.get(column, _TEXT)
        values = self._values(column)
        typed = reading.convert(values)
        if reading.kind:
            self._report_lost(values, typed, column, reading.kind, reading.expected)
        if column == c.PRICE and self.settings.price_in_cents:
            self._notes[column] = "cents"
            return (typed / 100).round(4)
        return typed

    def _report_lost(
        self, values: pl.Series, typed: pl.Series, column: str, kind: str, expected: str
    ) -> None:
        """Report the values of which nothing was left in `typed`."""
        texts = blank_to_null(values)
        lost = typed.is_null() & texts.is_not_null() & ~texts.is_in(_EMPTY)
        self._report_rows(
            lost, found=values.name, column=column, kind=kind, expected=expected, action="value left empty"
        )

    def _report_rows(
        self, which: pl.Series, *, found: str, column: str, kind: str, expected: str, action: str
    ) -> None:
        rows = self.raw.frame.filter(which).with_columns(pl.lit(self.source.file).alias(FILE))
        self.log.add_rows(rows, kind=kind, column=column, found=found, expected=expected, action=action)

    def _categories(self) -> pl.Series:
        levels: list[pl.Series] = []
        for name in self.columns.sources[c.CATEGORIES]:
            values = self.raw.frame[name]
            genres = aliases.fold(name) in aliases.GENRES
            words = " " if genres and name.endswith(":token_seq") else None  # RecBole's lists
            lists, note = to_categories(
                values,
                genres=genres,
                separator=self.settings.category_separator or words,
            )
            self._report_lost(values, lists, c.CATEGORIES, "bad_list", "a JSON list, or A > B > C")
            self._notes[c.CATEGORIES] = self._notes.get(c.CATEGORIES) or note
            levels.append(lists)
        return levels[0] if len(levels) == 1 else join_levels(levels)

    def _tags(self) -> pl.Series:
        values = self._values(c.TAGS)
        tags, self._notes[c.TAGS] = to_tags(values)
        self._report_lost(values, tags, c.TAGS, "bad_list", "a JSON list, or tags parted by | ; or ,")
        return tags

    def _objects(self, base: pl.Series | None) -> pl.Series:
        """Extra columns as one JSON object, joined with the object column that the file may have."""
        keys: dict[str, str] = {}
        for name in self.columns.extras:
            key = aliases.plain(name)
            keys[name] = name if key in keys.values() else key
        frame = self.raw.frame
        if {c.USER_ID, c.VISITOR_ID} <= set(self.columns.sources):
            keys[self._values(c.VISITOR_ID).name] = c.VISITOR_ID
        if c.EVENT_TYPE in self.columns.sources:
            _, unknown = to_event_types(self._values(c.EVENT_TYPE), self.settings.types)
            frame = frame.with_columns(unknown.alias(_KEPT_WORD))
            keys[_KEPT_WORD] = c.EVENT_TYPE
        extras = columns_to_objects(frame, keys)
        return extras if base is None else merge_objects(extras, base)

    def _event_types(self) -> pl.Series:
        values = self._values(c.EVENT_TYPE)
        types, unknown = to_event_types(values, self.settings.types)
        self._report_rows(
            unknown.is_not_null(),
            found=values.name,
            column=c.EVENT_TYPE,
            kind="unknown_event_type",
            expected=f"an event type among {', '.join(EVENT_TYPES)}",
            action=f"read as '{UNKNOWN}', the word kept in context; map it under [events.types]",
        )
        return types

    def _complete_events(self, made: dict[str, pl.Series]) -> tuple[ColumnUse, ...]:
        """Fill in who acted and what they did where a row does not say."""
        if c.VISITOR_ID in self.columns.sources:
            visitors = to_ids(self._values(c.VISITOR_ID))
            made[c.USER_ID] = made[c.USER_ID].fill_null(visitors) if c.USER_ID in made else visitors
        types = made.get(c.EVENT_TYPE, self._constant(None))
        missing = types.null_count()
        if not missing:
            return ()
        if c.QUERY in made:
            items = made.get(c.ITEM_ID, self._constant(None))
            searches = made[c.QUERY].is_not_null() & items.is_null() & types.is_null()
            types = types.set(searches, "search")
        default, how = self._default_type()
        made[c.EVENT_TYPE] = types.fill_null(default)
        rows = "every row" if missing == len(types) else f"{missing:,} rows"
        return (ColumnUse(theirs="", ours=f"event_type = '{default}' for {rows}", how=how),)

    def _default_type(self) -> tuple[str, str]:
        if self.settings.default_type is not None:
            return self.settings.default_type, "shop.toml"
        if self.source.event_type is not None:
            return self.source.event_type, "file name"
        value = self.columns.source(c.VALUE)
        if value is not None and aliases.fold(value) != c.VALUE:
            return "rate", f"because of the column {value}"
        return UNKNOWN, "nothing says otherwise"
