"""What is known when a question is asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import polars as pl

from warmstart.core import columns as c
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.engine.event_log import EventLog
from warmstart.recommend.context.values import TIME


class Memory:
    """What the engine remembers of users: their events and the attributes of their profiles."""

    def __init__(self, log: EventLog, users: pl.DataFrame) -> None:
        self._log = log
        self._users = users

    @cached_property
    def _profiles(self) -> dict[str, str | None]:  # built by the first question of a user
        return dict(self._users.select(c.USER_ID, c.ATTRIBUTES).iter_rows())

    def know(self, profiles: pl.DataFrame, users: pl.DataFrame) -> None:
        """Take in some profiles; `users` is the whole table with them."""
        self._users = users
        if "_profiles" in vars(self):
            self._profiles.update(profiles.select(c.USER_ID, c.ATTRIBUTES).iter_rows())

    def query(
        self,
        *,
        text: str = "",
        user_id: str | None = None,
        events: Sequence[Event] = (),
        anchors: Sequence[str] = (),
        filters: Mapping[str, Any] | None = None,
        exclude: Iterable[str] = (),
        context: Mapping[str, Any] | None = None,
    ) -> Query:
        """A question with all that is known of the asker; what its context says goes before the profile."""
        known = self._log.events_of(user_id) if user_id else ()
        return Query(
            text=text,
            user_id=user_id,
            events=(*known, *events),
            anchors=tuple(anchors),
            filters=dict(filters or {}),
            exclude=frozenset(exclude),
            context={**self._profile(user_id), **(context or {})},
        )

    def _profile(self, user_id: str | None) -> dict[str, Any]:
        """Attributes of a user. One named like the moment of a question is none: it is when they came."""
        said = self._profiles.get(user_id) if user_id else None
        return {name: value for name, value in json.loads(said or "{}").items() if name != TIME}
