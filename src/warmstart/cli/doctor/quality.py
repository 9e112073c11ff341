"""How much a shop's data can carry: counts, gaps, and what each gap costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from warmstart.core import columns as c
from warmstart.data.dataset import Dataset
from warmstart.data.schema import TABLES

BANDS: tuple[tuple[str, int, int | None], ...] = (
    ("0", 0, 0),
    ("1", 1, 1),
    ("2-5", 2, 5),
    ("6-20", 6, 20),
    ("more", 21, None),
)
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)

_TELLING = {"purchase", "rate", "review", "like"}
"""Event types that say something about liking even when there is no other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A signal that is missing or thin, and what that costs."""

    signal: str
    state: str
    cost: str


def quality(dataset: Dataset) -> dict[str, Any]:
    """Counts, shares and gaps of a shop as plain values."""
    return {
        "rows": {name: len(getattr(dataset, name)) for name in TABLES},
        "users_with_events": dataset.events[c.USER_ID].n_unique(),
        "items_without": _missing_shares(dataset.items),
        "items_by_events": _bands(_events_per_item(dataset)),
        "users_by_events": _bands(_events_per_user(dataset)),
        "events_per_user": _quantiles(_events_per_user(dataset)),
        "event_types": _event_types(dataset),
        "gaps": [asdict(gap) for gap in gaps(dataset)],
    }


def _missing_shares(items: pl.DataFrame) -> dict[str, float]:
    if not len(items):
        return {}
    text = (c.TITLE, c.DESCRIPTION, c.BRAND, c.IMAGE, c.ATTRIBUTES)
    empty = {name: (pl.col(name).fill_null("") == "") for name in text}
    empty |= {name: (pl.col(name).list.len().fill_null(0) == 0) for name in (c.CATEGORIES, c.TAGS)}
    empty |= {name: pl.col(name).is_null() for name in (c.PRICE, c.CREATED_AT)}
    shares = items.select(expression.mean().alias(name) for name, expression in empty.items()).row(0)
    return {name: round(float(share), 4) for name, share in zip(empty, shares, strict=True)}


def _events_per_item(dataset: Dataset) -> pl.Series:
    counts = dataset.interactions.group_by(c.ITEM_ID).len()
    joined = dataset.items.select(c.ITEM_ID).join(counts, on=c.ITEM_ID, how="left")
    return joined["len"].fill_null(0)


def _events_per_user(dataset: Dataset) -> pl.Series:
    ids = pl.concat([dataset.users.select(c.USER_ID), dataset.events.select(c.USER_ID)]).unique()
    counts = dataset.events.group_by(c.USER_ID).len()
    return ids.join(counts, on=c.USER_ID, how="left")["len"].fill_null(0)


def _bands(counts: pl.Series) -> dict[str, int]:
    upper = counts.max() or 0
    return {
        name: int(counts.is_between(low, upper if high is None else high).sum())
        for name, low, high in BANDS
    }


def _quantiles(counts: pl.Series) -> dict[str, float]:
    if not len(counts):
        return {}
    found = {f"{round(q * 100)}%": float(counts.quantile(q, "nearest") or 0) for q in QUANTILES}
    return found | {"most": float(counts.max() or 0)}  # type: ignore[arg-type]


def _event_types(dataset: Dataset) -> dict[str, int]:
    counts = dataset.events[c.EVENT_TYPE].fill_null("interaction").value_counts(sort=True)
    return dict(counts.iter_rows())


def gaps(dataset: Dataset) -> list[Gap]:
    """The signals that are missing or thin, the costliest first; none for a folder without items."""
    return [gap for check in _CHECKS for gap in check(dataset)] if len(dataset.items) else []


def _text_gaps(dataset: Dataset) -> list[Gap]:
    missing = _missing_shares(dataset.items)
    found = []
    if missing.get(c.TITLE, 0) > 0.01:
        found.append(Gap(signal="title", state=_share(missing[c.TITLE]), cost=_COSTS[c.TITLE]))
    found += [
        Gap(signal=name, state=_share(missing[name]), cost=_COSTS[name])
        for name in (c.DESCRIPTION, c.CATEGORIES, c.BRAND, c.PRICE, c.ATTRIBUTES, c.CREATED_AT)
        if missing.get(name, 0) > 0.5
    ]
    return found


def _share(value: float) -> str:
    return "on no item" if value == 1 else f"missing on {value:.0%} of the items"


def _event_gaps(dataset: Dataset) -> list[Gap]:
    events = dataset.events
    if not len(events):
        return [Gap(signal="events", state="none", cost=_COSTS["events"])]
    found = []
    if events[c.TIMESTAMP].null_count() == len(events) and events[c.POSITION].null_count() == len(events):
        found.append(Gap(signal="timestamp", state="neither time nor position", cost=_COSTS[c.TIMESTAMP]))
    kinds = events[c.EVENT_TYPE].fill_null("interaction").unique().to_list()
    if len(kinds) == 1 and kinds[0] not in _TELLING:
        kind = kinds[0]
        found.append(Gap(signal="event_type", state=f"all are '{kind}'", cost=_COSTS[c.EVENT_TYPE]))
    if events[c.QUERY].null_count() == len(events) and not len(dataset.queries):
        found.append(Gap(signal="query", state="no searches", cost=_COSTS[c.QUERY]))
    return found


def _table_gaps(dataset: Dataset) -> list[Gap]:
    return [
        Gap(signal=name, state="none", cost=_COSTS[name])
        for name in ("judgments", "reviews", "users")
        if not len(getattr(dataset, name))
    ]


_CHECKS: tuple[Callable[[Dataset], list[Gap]], ...] = (_text_gaps, _event_gaps, _table_gaps)
_COSTS = {
    c.TITLE: "Such items cannot be found by words and cannot be recommended before their first event.",
    c.DESCRIPTION: "Search sees only titles: words that shoppers use but titles lack find nothing.",
    c.CATEGORIES: "Similar items and new items lean on titles alone; filters by category keep nothing.",
    c.BRAND: "Filters by brand keep nothing, and a liking for a brand cannot be learned.",
    c.PRICE: "Filters by price keep nothing.",
    c.ATTRIBUTES: "Searches for a colour, size or feature rely on titles and descriptions.",
    c.CREATED_AT: "An item counts as new only while it has few events.",
    "events": "Answers come from text alone until the first clicks arrive; that is a legal start.",
    c.TIMESTAMP: "The order of rows stands in for time: recency and next-item order are a guess.",
    c.EVENT_TYPE: "A look counts as much as a purchase.",
    c.QUERY: "What people search for cannot teach the search.",
    "judgments": "Search quality cannot be measured here ('evaluate --protocol search' needs them).",
    "reviews": "Opinions cannot be read.",
    "users": "Strangers differ only by what they do; age group, region and the like stay unused.",
}
