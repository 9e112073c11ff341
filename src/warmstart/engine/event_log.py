"""Who did what: the fitted past and what has come since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import count
from operator import itemgetter

import polars as pl

from warmstart.data.records import Event, event_from_row, events_frame
from warmstart.data.schema import EVENTS
from warmstart.engine.packed_events import PackedEvents


class EventLog:
    """The events of each user, oldest first.

    `fitted` are those that the shop-wide tables were learned from; `since` those that came after and so
    far speak only for their own user.
    """

    def __init__(self, fitted: PackedEvents) -> None:
        self.fitted = fitted
        self._since: dict[str, list[tuple[int, Event]]] = {}
        self._arrivals = count()

    def append(self, event: Event) -> None:
        """Take in one event."""
        self._since.setdefault(event.user_id, []).append((next(self._arrivals), event))

    def events_of(self, user_id: str) -> tuple[Event, ...]:
        """All events of one user; none for an unknown one."""
        return (*self.fitted.events_of(user_id), *(event for _, event in self._since.get(user_id, ())))

    def user_ids(self) -> set[str]:
        """Who did anything."""
        return self.fitted.user_ids() | self._since.keys()

    def item_counts(self, without: Collection[str] = ()) -> Mapping[str, int]:
        """How many events each item has, but for those of these types."""
        counts = Counter(self.fitted.item_counts(without))
        for _, event in (pair for pairs in self._since.values() for pair in pairs):
            if event.item_id and event.event_type not in without:
                counts[event.item_id] += 1
        return counts

    def remove(self, user_id: str) -> tuple[int, bool]:
        """Drop a user's events; how many there were, and whether the fitted tables held any."""
        rows = self.fitted.rows_of(user_id)
        n_since = len(self._since.pop(user_id, ()))
        if len(rows):
            self.fitted = self.fitted.without(rows)
        return len(rows) + n_since, len(rows) > 0

    def take_back(self, user_id: str, places: set[int]) -> tuple[Event, ...]:
        """Drop some of a user's events, 0 being the oldest; those that were dropped, oldest first."""
        events, rows = self.events_of(user_id), self.fitted.rows_of(user_id)
        if gone := [place for place in sorted(places) if place < len(rows)]:
            self.fitted = self.fitted.without(rows[gone])
        since = self._since.pop(user_id, [])
        if staying := [pair for place, pair in enumerate(since, start=len(rows)) if place not in places]:
            self._since[user_id] = staying
        return tuple(events[place] for place in sorted(places))

    def rename(self, old: str, new: str) -> int:
        """Put one user's events under another's name, among that one's own; how many there were.

        They stand in order of time where all events of both have one, else in the order in which they
        came: as if they had carried the new name from the start. Tables learned from them keep taking
        both for two people until they are learned again.
        """
        rows, since = self.fitted.rows_of(old), self._since.pop(old, [])
        if len(rows):
            self.fitted.give(old, new)
        if since:
            both = sorted([*self._since.get(new, ()), *since], key=itemgetter(0))
            events = _in_time([replace(event, user_id=new) for _, event in both])
            self._since[new] = [(place, event) for (place, _), event in zip(both, events, strict=True)]
        return len(since) + len(rows)

    def describe(self) -> dict[str, int]:
        """How many events there are, how many of them came after the fit, and from how many before it."""
        since = sum(len(events) for events in self._since.values())
        return {"events": len(self), "events_since_fit": since, "users": self.fitted.n_users}

    def since(self) -> pl.DataFrame:
        """The events that came after the fit, in the order in which they came."""
        arrived = (pair for pairs in self._since.values() for pair in pairs)
        return events_frame(event for _, event in sorted(arrived, key=itemgetter(0)))

    def frame(self, names: Iterable[str] = EVENTS) -> pl.DataFrame:
        """All events as a table, or some of its columns."""
        wanted = list(names)
        return pl.concat([self.fitted.frame(wanted), self.since().select(wanted)])

    def restore(self, since: pl.DataFrame) -> None:
        """Take back what `since` gave."""
        for row in since.iter_rows(named=True):
            self.append(event_from_row(row))

    def __len__(self) -> int:
        return len(self.fitted) + sum(len(events) for events in self._since.values())


def _in_time(events: list[Event]) -> list[Event]:
    """In order of time where each has one, else as they are."""
    if any(event.timestamp is None for event in events):
        return events
    return sorted(events, key=lambda event: event.timestamp or 0.0)
