"""Many events in few bytes each, and whose they are."""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import IntArray
from warmstart.data.records import Event, event_from_row
from warmstart.data.schema import EVENTS

_OTHERS: Final = tuple(name for name in EVENTS if name != c.USER_ID)


@dataclass
class _Column:
    """One fact of every event: numbers, or codes of the texts that there are; nothing where all are null.

    A code is the place of a text among `texts`, and the one after the last of them is null.
    """

    dtype: pl.DataType
    size: int
    values: npt.NDArray[Any] | None = None
    texts: pl.Series | None = None
    is_null: npt.NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, series: pl.Series, dtype: pl.DataType) -> Self:
        """The same facts packed."""
        if series.null_count() == len(series):
            return cls(dtype, len(series))
        if dtype == pl.String():
            texts = series.drop_nulls().unique().sort()
            return cls(dtype, len(series), _codes(series, texts), texts)
        nulls = series.is_null().to_numpy() if series.null_count() else None
        return cls(dtype, len(series), series.fill_null(0).to_numpy().copy(), is_null=nulls)

    def series(self, rows: IntArray | None = None) -> pl.Series:
        """The facts of all events, or of some."""
        if self.values is None:
            size = self.size if rows is None else len(rows)
            return pl.Series([None], dtype=self.dtype).new_from_index(0, size)
        values = self.values if rows is None else self.values[rows]
        if self.texts is not None:
            codes = pl.Series(values.astype(np.uint32))
            return self.texts.gather(codes.set(codes == len(self.texts), None))
        found = pl.Series(values, dtype=self.dtype)
        if self.is_null is None:
            return found
        nulls = pl.Series(self.is_null if rows is None else self.is_null[rows])
        return found.set(nulls, None)

    def at(self, rows: IntArray) -> list[Any]:
        """The facts of a few events; None where there is none."""
        if self.values is None:
            return [None] * len(rows)
        values = self.values[rows]
        if self.texts is not None:
            known = values < len(self.texts)
            told = iter(self.texts.gather(values[known].astype(np.int64)))
            return [next(told) if here else None for here in known.tolist()]
        nulls = np.zeros(len(rows), dtype=np.bool_) if self.is_null is None else self.is_null[rows]
        return [
            None if null else value for value, null in zip(values.tolist(), nulls.tolist(), strict=True)
        ]

    def without(self, gone: npt.NDArray[np.bool_]) -> Self:
        """The others, without the texts that only those had who are gone."""
        values = None if self.values is None else self.values[~gone]
        is_null = None if self.is_null is None else self.is_null[~gone]
        texts = self.texts
        if texts is not None and values is not None:
            told = np.bincount(values, minlength=len(texts) + 1)[: len(texts)] > 0
            places = np.append(np.cumsum(told) - 1, told.sum())
            texts, values = texts.filter(told), places[values].astype(np.min_scalar_type(int(told.sum())))
        return type(self)(self.dtype, int((~gone).sum()), values, texts, is_null)

    def move(self, rows: IntArray, source: IntArray) -> None:
        """Let the events at `rows` have the facts that those at `source` had."""
        for part in (self.values, self.is_null):
            if part is not None:
                part[rows] = part[source]


class PackedEvents:
    """What an engine was fitted to: each user's events in the order in which they came.

    Thirteen bytes an event and some twenty a user, for a table of clicks with times; a table of strings
    takes ten times as much. The log of a large shop is read for one user at a time and is otherwise in the
    way.

    >>> events = PackedEvents.of(pl.DataFrame({"user_id": ["b", "a", "b"], "item_id": ["tea", "pot", "cup"],
    ...     "event_type": ["click"] * 3, "timestamp": [1.0, None, 3.0]}))
    >>> [event.item_id for event in events.events_of("b")], events.events_of("zoe")
    (['tea', 'cup'], ())
    """

    def __init__(self, read: Callable[[str], pl.Series | None]) -> None:
        """`read` gives each column of the table, one at a time; None for one that it does not have."""
        found = read(c.USER_ID)
        users = pl.Series([], dtype=pl.String) if found is None else found
        self._users = users.drop_nulls().unique().sort()
        owner = _codes(users, self._users)
        self._rows = np.argsort(owner, kind="stable").astype(np.uint32)
        self._ends = np.cumsum(np.bincount(owner, minlength=len(self._users))).astype(np.uint32)
        self._moved: dict[str, IntArray] = {}
        self._columns = {name: _packed(read(name), name, len(users)) for name in _OTHERS}

    @classmethod
    def of(cls, events: pl.DataFrame) -> Self:
        """The events of a table with columns of `schema.EVENTS`."""
        return cls(lambda name: events[name] if name in events.columns else None)

    def __len__(self) -> int:
        return self._columns[c.EVENT_TYPE].size

    def rows_of(self, user_id: str) -> IntArray:
        """Where in the table a user's events stand."""
        if user_id in self._moved:
            return self._moved[user_id]
        place = bisect_left(self._users, user_id)
        if place == len(self._users) or self._users[place] != user_id:
            return np.zeros(0, dtype=np.int64)
        start = self._ends[place - 1] if place else 0
        return self._rows[start : self._ends[place]].astype(np.int64)

    def events_of(self, user_id: str) -> tuple[Event, ...]:
        """All events of one user, oldest first; none for an unknown one."""
        rows = self.rows_of(user_id)
        if not len(rows):
            return ()
        known = {name: column for name, column in self._columns.items() if column.values is not None}
        facts = zip(*(column.at(rows) for column in known.values()), strict=True)
        rows_told = (dict(zip(known, values, strict=True)) for values in facts)
        return tuple(event_from_row({c.USER_ID: user_id, **row}) for row in rows_told)

    def user_ids(self) -> set[str]:
        """Who did anything."""
        return {user_id for user_id, rows in self._groups() if len(rows)}

    @property
    def n_users(self) -> int:
        """How many did anything."""
        known = {user_id for user_id in self._moved if len(self._base(user_id))}
        return len(self._users) - len(known) + sum(bool(len(rows)) for rows in self._moved.values())

    def item_counts(self, without: Collection[str] = ()) -> dict[str, int]:
        """How many events each item has, but for those of these types."""
        items, types = self._columns[c.ITEM_ID], self._columns[c.EVENT_TYPE]
        if items.values is None or items.texts is None:
            return {}
        codes = items.values
        if without and types.texts is not None and types.values is not None:
            told = [text not in without for text in types.texts]
            codes = codes[np.array([*told, True])[types.values]]
        counts = np.bincount(codes, minlength=len(items.texts) + 1)[:-1]
        some = np.flatnonzero(counts)
        return dict(zip(items.texts.gather(some).to_list(), counts[some].tolist(), strict=True))

    def frame(self, names: Iterable[str] = EVENTS) -> pl.DataFrame:
        """The table again, or some of its columns; it takes all the room that is saved here."""
        return pl.DataFrame([self._series(name).alias(name) for name in names])

    def _series(self, name: str) -> pl.Series:
        return self._owners() if name == c.USER_ID else self._columns[name].series()

    def without(self, rows: IntArray) -> PackedEvents:
        """The others, those of a user who has no more without a trace of their name."""
        gone = np.zeros(len(self), dtype=np.bool_)
        gone[rows] = True
        place = (np.cumsum(~gone) - 1).astype(np.uint32)
        found = copy.copy(self)
        found._columns = {name: column.without(gone) for name, column in self._columns.items()}
        lengths = np.bincount(self._owner_in_order()[~gone[self._rows]], minlength=len(self._ends))
        stays = lengths > 0
        found._rows = place[self._rows[~gone[self._rows]]]
        found._ends = np.cumsum(lengths[stays]).astype(np.uint32)
        found._users = self._users.filter(stays[: len(self._users)])
        moved = {name: place[own[~gone[own]]].astype(np.int64) for name, own in self._moved.items()}
        found._moved = {name: own for name, own in moved.items() if len(own) or len(found._base(name))}
        return found

    def give(self, old: str, new: str) -> None:
        """Let a user's events be another's, among that one's own.

        They stand in order of time where all of both have one, else in that of the table, which they fill
        in that order; their positions are numbered anew where each has one.
        """
        rows = np.sort(np.concatenate([self.rows_of(old), self.rows_of(new)]))
        times, places = self._columns[c.TIMESTAMP].series(rows), self._columns[c.POSITION]
        if times.null_count() == 0:
            source = rows[np.argsort(times.to_numpy(), kind="stable")]
            for column in self._columns.values():
                column.move(rows, source)
        if places.values is not None and places.series(rows).null_count() == 0:
            places.values[rows] = np.arange(len(rows))
        self._moved |= {old: rows[:0], new: rows}

    def _groups(self) -> Iterator[tuple[str, IntArray]]:
        """Every name that is or was in the table, and the rows of its events."""
        starts = [0, *self._ends.tolist()]
        for place, user_id in enumerate(self._users):
            if user_id not in self._moved:
                yield user_id, self._rows[starts[place] : starts[place + 1]].astype(np.int64)
        yield from self._moved.items()

    def _base(self, user_id: str) -> IntArray:
        moved, self._moved = self._moved, {}
        try:
            return self.rows_of(user_id)
        finally:
            self._moved = moved

    def _owner_in_order(self) -> IntArray:
        """Whose each event is, at first, one user's after the other's."""
        ends = self._ends.astype(np.int64)
        return np.repeat(np.arange(len(ends)), ends - np.append(0, ends[:-1]))

    def _owners(self) -> pl.Series:
        """Whose each event is."""
        owner = np.empty(len(self), dtype=np.int64)
        owner[self._rows] = self._owner_in_order()
        nobody_and_moved = pl.Series([None, *self._moved], dtype=pl.String)
        for place, rows in enumerate(self._moved.values(), start=len(self._users) + 1):
            owner[rows] = place
        return pl.concat([self._users, nobody_and_moved]).gather(owner)


def _packed(series: pl.Series | None, name: str, size: int) -> _Column:
    dtype = EVENTS[name]
    return _Column(dtype, size) if series is None else _Column.of(series.cast(dtype), dtype)


def _codes(series: pl.Series, texts: pl.Series) -> npt.NDArray[Any]:
    """The place of each text among all; one more for null. In as few bytes as hold it."""
    table = pl.DataFrame({"text": texts, "code": np.arange(len(texts), dtype=np.uint32)})
    asked = pl.DataFrame({"text": series})
    codes = asked.join(table, on="text", how="left", maintain_order="left")["code"].fill_null(len(texts))
    return codes.to_numpy().astype(np.min_scalar_type(len(texts)))
