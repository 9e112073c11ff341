"""Where each user's events stand in a table."""

from __future__ import annotations

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import BoolArray, IntArray

_NONE: IntArray = np.zeros(0, dtype=np.int64)


class UserRows:
    """The row numbers of each user's events, rising.

    One array holds those of all users, so that a row that leaves a table of a million is two passes over
    it. Users whose rows were put by hand have arrays of their own.
    """

    def __init__(self, events: pl.DataFrame) -> None:
        users = events.select(c.USER_ID).with_row_index("row").group_by(c.USER_ID, maintain_order=True)
        groups = users.agg("row")
        self._n = len(events)
        self._group = {user: place for place, user in enumerate(groups[c.USER_ID])}
        self._ends = np.concatenate([[0], groups["row"].list.len().to_numpy().cumsum(dtype=np.int64)])
        self._rows = groups["row"].explode().to_numpy().astype(np.int64) if self._n else _NONE
        self._own: dict[str, IntArray] = {}

    def of(self, user_id: str) -> IntArray:
        """The rows of one user; none for an unknown one."""
        if user_id in self._own:
            return self._own[user_id]
        group = self._group.get(user_id)
        return _NONE if group is None else self._rows[self._ends[group] : self._ends[group + 1]]

    def put(self, user_id: str, rows: IntArray) -> None:
        """From now on these rows are the user's."""
        self._own[user_id] = rows

    def drop(self, rows: IntArray) -> BoolArray:
        """These rows leave the table; says of each row of the table as it was whether it stays."""
        stays: BoolArray = np.ones(self._n, dtype=np.bool_)
        stays[rows] = False
        place = np.cumsum(stays) - 1
        kept = stays[self._rows]
        self._ends = np.concatenate([[0], np.cumsum(kept)])[self._ends]
        self._rows = place[self._rows[kept]]
        self._own = {user: place[own[stays[own]]] for user, own in self._own.items()}
        self._n -= len(rows)
        return stays

    def user_ids(self) -> set[str]:
        """Those who have any."""
        has = np.diff(self._ends) > 0
        found = {user for user, any_row in zip(self._group, has.tolist(), strict=True) if any_row}
        return found.difference(self._own) | {user for user, own in self._own.items() if len(own)}
