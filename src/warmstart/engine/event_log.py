"""Who did what: the fitted past and what has come since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import IntArray
from warmstart.data.records import Event, events_frame
from warmstart.data.schema import EVENTS


class EventLog:
    """The events of each user, oldest first.

    `fitted` are those that the shop-wide tables were learned from; `since` those that came after and so
    far speak only for their own user.
    """

    def __init__(self, fitted: pl.DataFrame) -> None:
        self.fitted = fitted
        self._since: dict[str, list[Event]] = {}
        self._rows = _rows_by_user(fitted)

    def append(self, event: Event) -> None:
        """Take in one event."""
        self._since.setdefault(event.user_id, []).append(event)

    def events_of(self, user_id: str) -> tuple[Event, ...]:
        """All events of one user; none for an unknown one."""
        rows = self._rows.get(user_id)
        past = () if rows is None else (_event(row) for row in self.fitted[rows].iter_rows(named=True))
        return (*past, *self._since.get(user_id, ()))

    def remove(self, user_id: str) -> tuple[int, bool]:
        """Drop a user's events; how many there were, and whether the fitted tables held any."""
        rows = self._rows.get(user_id)
        n_fitted = 0 if rows is None else len(rows)
        n_since = len(self._since.pop(user_id, ()))
        if n_fitted:
            self.fitted = self.fitted.filter(pl.col(c.USER_ID) != user_id)
            self._rows = _rows_by_user(self.fitted)
        return n_fitted + n_since, n_fitted > 0

    def since(self) -> pl.DataFrame:
        """The events that came after the fit, each user's in order."""
        return events_frame(event for events in self._since.values() for event in events)

    def restore(self, since: pl.DataFrame) -> None:
        """Take back what `since` gave."""
        for row in since.iter_rows(named=True):
            self.append(_event(row))

    def __len__(self) -> int:
        return len(self.fitted) + sum(len(events) for events in self._since.values())


def _rows_by_user(events: pl.DataFrame) -> Mapping[str, IntArray]:
    """Row numbers of each user's events, in order."""
    if not len(events):
        return {}
    order = events.select(pl.col(c.USER_ID).arg_sort(descending=False)).to_series().to_numpy()
    users = events[c.USER_ID].gather(order)
    starts = np.flatnonzero((users != users.shift(1)).fill_null(value=True).to_numpy())
    groups = np.split(order.astype(np.int64), starts[1:])
    return {users[int(start)]: np.sort(group) for start, group in zip(starts, groups, strict=True)}


def _event(row: Mapping[str, Any]) -> Event:
    values = {name: row[name] for name in EVENTS if row[name] is not None}
    if c.CONTEXT in values:
        values[c.CONTEXT] = json.loads(values[c.CONTEXT])
    return Event.from_dict(values)
