"""Put each user's events in the order in which they happened."""

from __future__ import annotations

import polars as pl

from warmstart.core import columns as c

_PLACE = "_place"


def order_events(events: pl.DataFrame) -> pl.DataFrame:
    """Sort events and number each user's from 0 in `position`.

    Within a user: by timestamp, else by the position the file gave, else as the file has them. An event
    without a time among ones with times stays behind the one before it. When every event has a time the
    whole table is in order of time; otherwise users keep the places they have in the file.
    """
    if not len(events):
        return events
    numbered = events.with_row_index(_PLACE)
    if events[c.TIMESTAMP].null_count() == 0:
        ordered = numbered.sort(c.TIMESTAMP, _PLACE)
    elif not _is_ordered(numbered):
        ordered = _order_within_users(numbered)
    else:
        ordered = numbered
    position = pl.int_range(pl.len()).over(c.USER_ID).cast(pl.Int64).alias(c.POSITION)
    return ordered.drop(_PLACE).with_columns(position)


def _is_ordered(events: pl.DataFrame) -> bool:
    """Whether nothing asks for another order than the file's."""
    return events[c.TIMESTAMP].null_count() == events[c.POSITION].null_count() == len(events)


def _order_within_users(events: pl.DataFrame) -> pl.DataFrame:
    by_position = events.sort(c.USER_ID, c.POSITION, _PLACE, nulls_last=True)
    time = pl.col(c.TIMESTAMP).forward_fill().over(c.USER_ID).fill_null(float("-inf")).alias("_time")
    timed = by_position.with_columns(time).with_row_index("_next")
    wanted = timed.sort(c.USER_ID, "_time", "_next")
    slots = events.sort(c.USER_ID, _PLACE)[_PLACE]
    return wanted.drop("_time", "_next").with_columns(slots.alias(_PLACE)).sort(_PLACE)
