"""A visitor turns out to be a user."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.data.dataset import Dataset
from warmstart.engine.event_log import EventLog


def merge(dataset: Dataset, log: EventLog, visitor_id: str, user_id: str) -> tuple[Dataset, int]:
    """Put all that is known of a visitor under the name of a user.

    Returns the shop afterwards and how many events changed hands; `log` is changed in place. Evidence
    adds up: nothing is weighed, and what both of them did counts as if one of them had done it. Of two
    attributes by the same name the user's stays.

    Errors: `InputError` for names that are empty or the same.
    """
    names: tuple[object, object] = (visitor_id, user_id)
    if not all(isinstance(name, str) and name for name in names):
        raise InputError(
            expected="the ids of a visitor and of a user",
            found=f"{visitor_id!r} and {user_id!r}",
            todo="Pass both as text.",
        )
    if visitor_id == user_id:
        raise InputError(
            expected="a visitor and a user with different ids",
            found=f"{user_id!r} twice",
            todo="Events that carry the user's own id need no merge.",
        )
    moved = log.rename(visitor_id, user_id)
    tables: dict[str, Any] = {
        name: _renamed(frame, visitor_id, user_id)
        for name in ("reviews", "queries", "withheld")
        if len(frame := getattr(dataset, name))
    }
    users = _one_row(dataset.users, visitor_id, user_id)
    return replace(dataset, users=users, **tables), moved


def _renamed(frame: pl.DataFrame, visitor_id: str, user_id: str) -> pl.DataFrame:
    return frame.with_columns(pl.col(c.USER_ID).replace(visitor_id, user_id))


def _one_row(users: pl.DataFrame, visitor_id: str, user_id: str) -> pl.DataFrame:
    """The attributes of both in one row, which stands where the first of the two stood."""
    theirs = users.filter(pl.col(c.USER_ID) == visitor_id)
    if not len(theirs):
        return users
    renamed = _renamed(users, visitor_id, user_id)
    own = users.filter(pl.col(c.USER_ID) == user_id)
    known: dict[str, Any] = {}
    for text in (*theirs[c.ATTRIBUTES], *own[c.ATTRIBUTES]):
        known |= json.loads(text) if text else {}
    told = json.dumps(known, ensure_ascii=False, sort_keys=True) if known else None
    mine = pl.col(c.USER_ID) == user_id
    return renamed.filter(~mine | (mine.cum_sum() == 1)).with_columns(
        pl.when(mine).then(pl.lit(told, dtype=pl.String)).otherwise(c.ATTRIBUTES).alias(c.ATTRIBUTES)
    )
