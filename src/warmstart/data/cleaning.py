"""Clean the tables of a shop, and say what was done.

Every function takes a table and gives the table it should have been with an `IssueLog`. Rows are named
in the log by the helper columns `issues.FILE` and `issues.ROW` where the table has them. Nothing here
guesses: a doubtful row is kept and reported, a row is dropped only when it can mean nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.data.issues import FILE, ROW, IssueLog
from warmstart.data.schema import ITEMS
from warmstart.data.text_cleaning import (
    CONTROL,
    HAS_GARBLED,
    HAS_MARKUP,
    clean_text,
    mend_mojibake,
    strip_control,
    strip_html,
)

Cleaned = tuple[pl.DataFrame, IssueLog]

BOT_EVENTS: Final = 1000
"""A user with fewer events is never taken for a bot."""

BOT_RATE: Final = 50.0
"""Events per second, held over `BOT_EVENTS` events, that no person reaches."""

BOT_MULTIPLE: Final = 100.0
"""How many times the events of the user at the 99th percentile no person reaches."""

_ESCAPED_CONTROL: Final = r"\\u00[01]"
"""How JSON writes control characters."""

_STEPS: Final[dict[str, tuple[Callable[[str], str], str]]] = {
    "damaged_text": (mend_mojibake, "text in one encoding"),
    "control_characters": (strip_control, "printable text"),
    "html": (strip_html, "plain text"),
}


def clean_texts(frame: pl.DataFrame, columns: Sequence[str], json_columns: Sequence[str] = ()) -> Cleaned:
    """Strip HTML, mend garbled letters and remove control characters in text and list columns.

    `json_columns` hold JSON objects, whose strings are cleaned one by one. A text that becomes empty
    becomes null.
    """
    log = IssueLog()
    for column in (*columns, *json_columns):
        if column not in frame.columns:
            continue
        places = _suspects(frame, column)
        if len(places):
            frame = _clean_column(frame, column, places, log, as_json=column in json_columns)
    return frame, log


def _suspects(frame: pl.DataFrame, column: str) -> pl.Series:
    text = pl.col(column)
    if isinstance(frame.schema[column], pl.List):
        text = text.list.join("\n", ignore_nulls=True)
    patterns = (HAS_MARKUP, HAS_GARBLED, CONTROL, _ESCAPED_CONTROL)
    suspicious = pl.any_horizontal(text.str.contains(pattern) for pattern in patterns)
    return frame.select(suspicious.fill_null(value=False).arg_true()).to_series()


def _clean_column(
    frame: pl.DataFrame, column: str, places: pl.Series, log: IssueLog, *, as_json: bool
) -> pl.DataFrame:
    found = frame[column].gather(places).to_list()
    values = [json.loads(text) for text in found] if as_json else found
    for kind, (step, expected) in _STEPS.items():
        touched = [i for i, value in enumerate(values) if _deep(step, value) != value]
        if touched:
            excerpts = [_excerpt(step, values[i]) for i in touched]
            rows = frame[places.gather(touched).to_list()].with_columns(pl.Series("_found", excerpts))
            log.add_rows(
                rows, kind=kind, column=column, found="_found", expected=expected, action="cleaned and kept"
            )
        values = [_deep(step, value) for value in values]
    values = [_deep(clean_text, value) for value in values]  # what one step uncovered for another
    if as_json:
        after = [json.dumps(value, ensure_ascii=False, sort_keys=True) for value in values]
    else:
        after = [_nothing_if_empty(value) for value in values]
    mended = pl.Series(column, after, dtype=frame.schema[column])
    where = np.arange(len(frame))
    where[places.to_numpy()] = len(frame) + np.arange(len(mended))
    return frame.with_columns(pl.concat([frame[column], mended]).gather(where))


def _excerpt(step: Callable[[str], str], value: Any) -> str:
    """What stands around the first place that `step` changes."""
    text = next(text for text in _strings(value) if step(text) != text)
    pairs = enumerate(zip(text, step(text), strict=False))
    place = next((i for i, (before, after) in pairs if before != after), len(step(text)))
    return text[max(place - 20, 0) : place + 40]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(part)


def _deep(change: Callable[[str], str], value: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_deep(change, part) for part in value]
    if isinstance(value, dict):
        return {key: _deep(change, part) for key, part in value.items()}
    return value


def _nothing_if_empty(value: Any) -> Any:
    return ([part for part in value if part] if isinstance(value, list) else value) or None


def drop_missing(frame: pl.DataFrame, required: Sequence[str]) -> Cleaned:
    """Drop rows that lack a value in one of the `required` columns."""
    log = IssueLog()
    for column in required:
        log.add_rows(
            frame.filter(pl.col(column).is_null()),
            kind="missing_value",
            column=column,
            expected=f"a value in '{column}'",
            action="row dropped; write the value and read again",
        )
        frame = frame.filter(pl.col(column).is_not_null())
    return frame, log


def keep_last(frame: pl.DataFrame, key: Sequence[str]) -> Cleaned:
    """Keep one row per key: the last one, because exports append what is newer, at the first one's place.

    Every row that gives way is reported.
    """
    log = IssueLog()
    if not frame.select(key).is_duplicated().any():
        return frame, log
    numbered = frame.with_row_index("_place")
    last = numbered.select(pl.col("_place").max().over(key)).to_series()
    log.add_rows(
        numbered.filter(pl.col("_place") != last),
        kind="duplicate_row",
        column=key[0],
        expected=f"each {' and '.join(key)} once",
        action="row dropped, a later one has the same key",
    )
    places = numbered.group_by(key, maintain_order=True).agg(pl.col("_place").max())["_place"]
    return frame[places.to_list()], log


def drop_empty_events(events: pl.DataFrame) -> Cleaned:
    """Drop events with neither an item nor a query: they say nothing."""
    log = IssueLog()
    empty = pl.col(c.ITEM_ID).is_null() & pl.col(c.QUERY).is_null()
    log.add_rows(
        events.filter(empty),
        kind="empty_event",
        column=c.ITEM_ID,
        expected="an item_id or a query",
        action="row dropped",
    )
    return events.filter(~empty), log


def drop_duplicate_events(events: pl.DataFrame) -> Cleaned:
    """Drop an event that repeats another in every column, when it carries a time or a position.

    Without either, two equal rows may well be two purchases: they are kept, and counted in the log.
    """
    log = IssueLog()
    facts = [name for name in events.columns if name not in {FILE, ROW}]
    repeats = ~events.select(pl.struct(facts).is_first_distinct()).to_series()
    if not repeats.any():
        return events, log
    dated = events.select(pl.any_horizontal(pl.col(c.TIMESTAMP, c.POSITION).is_not_null())).to_series()
    log.add_rows(
        events.filter(repeats & dated),
        kind="duplicate_event",
        column=c.ITEM_ID,
        expected="each event once",
        action="row dropped, an earlier one is the same in every column",
    )
    log.add_rows(
        events.filter(repeats & ~dated),
        kind="repeated_event",
        column=c.ITEM_ID,
        expected="events with a timestamp or a position",
        action="kept: without a time a repeat cannot be told from a copy",
    )
    return events.filter(~(repeats & dated)), log


def drop_bots(events: pl.DataFrame) -> Cleaned:
    """Drop the events of users that cannot be people.

    Either `BOT_EVENTS` events in a row at more than `BOT_RATE` a second, or at least `BOT_EVENTS` events
    and more than `BOT_MULTIPLE` times as many as the user at the 99th percentile. The rate is only
    judged when the times are fine enough to show it.
    """
    log = IssueLog()
    totals = events.group_by(c.USER_ID, maintain_order=True).len()
    many = totals.filter(pl.col("len") >= BOT_EVENTS)
    if not len(many):
        return events, log
    limit = BOT_MULTIPLE * float(totals["len"].quantile(0.99) or 0)
    crowd = many.filter(pl.col("len") > limit)[c.USER_ID]
    swift = _swift_users(events.filter(pl.col(c.USER_ID).is_in(many[c.USER_ID].to_list())))
    bots = pl.Series([user for user in many[c.USER_ID] if user in {*crowd, *swift}], dtype=pl.String())
    is_bot = pl.col(c.USER_ID).is_in(bots.to_list())
    log.add_rows(
        events.filter(is_bot),
        kind="bot",
        column=c.USER_ID,
        expected=f"users with at most {limit:.0f} events, or {BOT_RATE:.0f} a second",
        action="row dropped; write `keep_bots = true` under [events] in shop.toml to keep it",
    )
    return events.filter(~is_bot), log


def _swift_users(events: pl.DataFrame) -> list[str]:
    """Users with `BOT_EVENTS` successive events in less time than `BOT_RATE` allows."""
    times = events.select(c.USER_ID, c.TIMESTAMP).drop_nulls().sort(c.TIMESTAMP)
    window = BOT_EVENTS / BOT_RATE
    if not len(times) or not times.select((pl.col(c.TIMESTAMP) % 60 != 0).any()).item():
        return []  # times in whole minutes or days say nothing about rates
    span = pl.col(c.TIMESTAMP) - pl.col(c.TIMESTAMP).shift(BOT_EVENTS - 1).over(c.USER_ID)
    return times.filter(span < window)[c.USER_ID].unique().to_list()


def add_unknown_items(items: pl.DataFrame, events: pl.DataFrame) -> Cleaned:
    """Give every item that events name a place in the catalogue, without text where items lack it.

    An id that the shop forgot to describe still has evidence, and evidence is worth keeping.
    """
    log = IssueLog()
    named = events.filter(pl.col(c.ITEM_ID).is_not_null())
    unknown = named.join(items.select(c.ITEM_ID), on=c.ITEM_ID, how="anti", maintain_order="left")
    if not len(unknown):
        return items, log
    known = items[c.ITEM_ID][0] if len(items) else None
    log.add_rows(
        unknown,
        kind="unknown_item",
        column=c.ITEM_ID,
        expected=f"an item_id of the items table{f', such as {known!r}' if known else ''}",
        action="kept; the item joins the catalogue without text",
    )
    added = unknown.select(pl.col(c.ITEM_ID).unique(maintain_order=True))
    return pl.concat([items, added.cast({c.ITEM_ID: ITEMS[c.ITEM_ID]})], how="diagonal"), log


def doubt_prices(items: pl.DataFrame) -> IssueLog:
    """Say that prices may be cents, when those of a large catalogue are all whole and look it.

    Nothing is changed: 1995 may well be a price.
    """
    log = IssueLog()
    prices = items.filter(pl.col(c.PRICE).is_not_null())
    if len(prices) < 20 or (prices[c.PRICE] % 1 != 0).any():
        return log
    charming = (prices[c.PRICE] % 100).is_in([90.0, 95.0, 98.0, 99.0])
    if charming.sum() > 0.3 * len(prices):
        log.add_rows(
            prices.head(1),
            kind="doubtful_price",
            column=c.PRICE,
            expected="prices in whole units of the currency",
            action="read as they are; if they are cents write `price_in_cents = true` under [items]",
        )
    return log
