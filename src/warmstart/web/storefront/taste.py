"""What the shop knows about a visitor, as bars that one can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import FloatArray
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.engine.engine import Engine
from warmstart.serve.history import Numbered, aligned

_SHOWN: Final = 4
_LIST: Final = 40
_THIN: Final = 3.0
"""So many items of no opinion stand beside those of a brand, so that one item does not make a taste."""


def taste_of(engine: Engine, visitor: str, kept: Sequence[Numbered] = ()) -> dict[str, Any]:
    """What was done, and what it changed.

    `kept` are the events as the store has them: each event comes with the number by which it can be taken
    back, None where the store has it no more. `leanings` say how far the scores of a brand's or category's
    items rise above those for a stranger, the largest being 1. `weights` say which share of the reasons in
    the visitor's list each item that they touched has.
    """
    events = engine.events_of(visitor)
    lift = _lift(engine, visitor)
    shop = engine.dataset.items
    return {
        "events": [_event(engine, *pair) for pair in zip(_numbers(events, kept), events, strict=True)][
            ::-1
        ],
        "brands": _leanings(shop[c.BRAND], lift),
        "categories": _leanings(shop[c.CATEGORIES].list.get(-1, null_on_oob=True), lift),
        "weights": _weights(engine, visitor),
    }


def _numbers(events: Sequence[Event], kept: Sequence[Numbered]) -> list[int | None]:
    places = aligned(events, [event for _, event in kept])
    return [None if place is None else kept[place][0] for place in places]


def _event(engine: Engine, number: int | None, event: Event) -> dict[str, Any]:
    item = engine.item(event.item_id) if event.item_id else None
    return {
        "number": number,
        "act": event.event_type,
        "id": event.item_id,
        "title": (item.title or item.item_id) if item else "",
        "query": event.query or "",
        "at": event.timestamp,
    }


def _lift(engine: Engine, visitor: str) -> FloatArray:
    """By how much each item's score rises above a stranger's, in standard deviations."""
    events = engine.events_of(visitor)
    known = engine.score(Query(user_id=visitor, events=events))
    if not events:
        return np.zeros_like(known)
    first = engine.dataset.item_ids[0]
    if engine.explain(first).score:  # else what strangers get is no score of the same kind
        known = known - engine.score(Query())
    lift = np.nan_to_num(known)
    spread = float(lift.std())
    return (lift - float(np.median(lift))) / spread if spread > 0 else np.zeros_like(lift)


def _leanings(names: pl.Series, lift: FloatArray) -> list[dict[str, Any]]:
    """The names whose items rise most."""
    table = pl.DataFrame({"name": names, "lift": lift}).filter(
        pl.col("name").is_not_null() & (pl.col("name") != "")
    )
    means = (
        table.group_by("name")
        .agg((pl.col("lift").sum() / (pl.len() + _THIN)).alias("lift"))
        .filter(pl.col("lift") > 0.05)
        .sort(["lift", "name"], descending=[True, False])
        .head(_SHOWN)
    )
    best = means["lift"].max()
    top = float(best) if isinstance(best, float) else 1.0
    return [{"name": name, "weight": round(value / top, 4)} for name, value in means.iter_rows()]


def _weights(engine: Engine, visitor: str) -> list[dict[str, Any]]:
    """The share of each touched item in the reasons of the visitor's list."""
    totals: dict[str, float] = {}
    for entry in engine.recommend(visitor, n=_LIST, exposure=0.0):
        for reason in entry.reasons:
            if reason.item_id and reason.value > 0:
                totals[reason.item_id] = totals.get(reason.item_id, 0.0) + reason.value
    whole = sum(totals.values())
    best = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))[:_SHOWN]
    return [{"id": i, "title": _title(engine, i), "weight": round(v / whole, 4)} for i, v in best]


def _title(engine: Engine, item_id: str) -> str:
    item = engine.item(item_id)
    return (item.title if item else "") or item_id
