"""How the shop does, in numbers, and what somebody should look at."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from warmstart.core import columns as c
from warmstart.core.extras import load_extra
from warmstart.data.dataset import Dataset
from warmstart.serve.metrics import Metrics

_DAYS: Final = 60
_ERRORS, _SLOW, _EMPTY, _COLD, _DRIFT = 0.01, 0.3, 0.1, 0.7, 0.25
_FEW: Final = 50
"""So many answers or requests are needed before a share of them is an alert."""
_OWN: Final = "/console"
_ASKED: Final = ("/v1/", "/shop/api/")
_WRITES: Final = ("/v1/events", "/v1/items", "/v1/users", "/v1/dialects", "/v1/admin")
"""Who asks one of `_ASKED` waits for an answer, save for those that bring facts or manage the shop."""
_ACTS: Final = ("view", "click", "add_to_cart", "purchase")

Sample = tuple[dict[str, str], float]
Samples = dict[str, list[Sample]]


def samples_of(metrics: Metrics) -> Samples:
    """The counters of the service by name, those of all its workers together."""
    parser = load_extra("prometheus_client.parser", what="the console", extra="serve")
    found: Samples = {}
    for family in parser.text_string_to_metric_families(metrics.render()[0].decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def routes_of(samples: Samples) -> list[dict[str, Any]]:
    """Requests, failures and times to the answer (seconds) of each route, the busiest first.

    Those of the console itself are left out.
    """
    counts: dict[str, dict[str, float]] = {}
    for labels, value in samples.get("warmstart_requests_total", []):
        if labels["route"].startswith(_OWN):
            continue
        row = counts.setdefault(labels["route"], {"requests": 0.0, "errors": 0.0})
        row["requests"] += value
        row["errors"] += value if labels["status"].startswith("5") else 0.0
    buckets = _buckets_of(samples)
    rows = [
        {
            "route": route,
            **{name: int(value) for name, value in row.items()},
            "p50": quantile(buckets.get(route, ()), 0.5),
            "p95": quantile(buckets.get(route, ()), 0.95),
        }
        for route, row in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row["requests"], row["route"]))


def _buckets_of(samples: Samples) -> dict[str, list[tuple[float, float]]]:
    buckets: dict[str, list[tuple[float, float]]] = {}
    for labels, value in samples.get("warmstart_request_seconds_bucket", []):
        buckets.setdefault(labels["route"], []).append((float(labels["le"]), value))
    return buckets


def latency_of(samples: Samples) -> dict[str, Any]:
    """Times to the answer of all questions together, and the slowest door among those that answered any.

    Questions are those of the API and of the shop's own pages; files, health, metrics and writes of the
    API are none: they are many and quick, or nobody waits for them.
    """
    asked = {route: found for route, found in _buckets_of(samples).items() if _is_question(route)}
    together: Counter[float] = Counter()
    for found in asked.values():
        for bound, count in found:
            together[bound] += int(count)
    each = {route: quantile(found, 0.95) for route, found in sorted(asked.items())}
    slowest = max(each, key=lambda route: each[route] or 0.0, default="")
    return {
        "questions": together[math.inf],
        "p50": quantile(together.items(), 0.5),
        "p95": quantile(together.items(), 0.95),
        "slowest": {"route": slowest, "p95": each[slowest]} if slowest else None,
    }


def _is_question(route: str) -> bool:
    return route.startswith(_ASKED) and not route.startswith(_WRITES)


def quantile(buckets: Iterable[tuple[float, float]], share: float) -> float | None:
    """A quantile from cumulative buckets (bound, count), even within each; None where nothing was counted.

    Of the last bucket, which has no end, the beginning is given.

    >>> quantile([(1.0, 5), (2.0, 10), (math.inf, 10)], 0.75)
    1.5
    >>> quantile([], 0.5) is None
    True
    """
    ranked = sorted(buckets)
    total = ranked[-1][1] if ranked else 0.0
    if not total:
        return None
    low, below = 0.0, 0.0
    for high, count in ranked:
        if count >= share * total and count > below:
            inside = (share * total - below) / (count - below)
            return low if math.isinf(high) else round(low + inside * (high - low), 6)
        low, below = high, count
    return low


def scenarios_of(samples: Samples) -> list[dict[str, Any]]:
    """Answers by scenario: for whom nothing was known, without an item, and what came of them."""
    rows: dict[str, dict[str, Any]] = {}
    for name, what in (("", "answers"), ("_cold", "cold"), ("_empty", "empty")):
        for labels, value in samples.get(f"warmstart_answers{name}_total", []):
            rows.setdefault(labels["scenario"], {})[what] = int(value)
    for labels, value in samples.get("warmstart_outcomes_total", []):
        rows.setdefault(labels["scenario"], {})[labels[c.EVENT_TYPE]] = int(value)
    return [_scenario(name, row) for name, row in sorted(rows.items())]


def _scenario(name: str, row: dict[str, Any]) -> dict[str, Any]:
    names = ("answers", "cold", "empty", "impression", "click", "add_to_cart", "purchase")
    counts = {what: row.get(what, 0) for what in names}
    return {
        "scenario": name,
        **counts,
        "cold_share": _share(counts["cold"], counts["answers"]),
        "empty_share": _share(counts["empty"], counts["answers"]),
        "ctr": _share(counts["click"], counts["impression"]),
        "conversion": _share(counts["purchase"], counts["click"]),
    }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def named(samples: Samples, metric: str, label: str) -> list[dict[str, Any]]:
    """The values of one metric by one label, the largest first."""
    rows = [{"name": labels[label], "value": value} for labels, value in samples.get(metric, [])]
    return sorted(rows, key=lambda row: (-row["value"], row["name"]))


def days_of(shop: Dataset) -> dict[str, Any]:
    """Events by kind of each of the last days, those without any among them, and what lies before.

    The last day is that of the newest event, not today: a shop that was brought here has a past only.
    `earlier` counts the events before the first of these days; the last of them was on `until`.
    """
    counts = _daily(shop)
    if not counts:
        return {"rows": [], "earlier": 0, "until": None}
    newest = max(counts)
    first = max(min(counts), newest - timedelta(days=_DAYS - 1))
    span = [first + timedelta(days=n) for n in range((newest - first).days + 1)]
    before = [day for day in counts if day < first]
    nothing = dict.fromkeys(("all", *_ACTS), 0)
    return {
        "rows": [{"day": day.isoformat(), **counts.get(day, nothing)} for day in span],
        "earlier": sum(counts[day]["all"] for day in before),
        "until": max(before).isoformat() if before else None,
    }


def _daily(shop: Dataset) -> dict[date, dict[str, int]]:
    """Events by kind of each day on which there were any."""
    dated = shop.events.filter(pl.col(c.TIMESTAMP).is_not_null())
    day = pl.from_epoch(pl.col(c.TIMESTAMP).cast(pl.Int64), time_unit="s").dt.date().alias("day")
    kinds = [(pl.col(c.EVENT_TYPE) == act).sum().alias(act) for act in _ACTS]
    rows = dated.group_by(day).agg(pl.len().alias("all"), *kinds).iter_rows(named=True)
    return {row.pop("day"): row for row in rows}


def alerts_of(
    routes: Sequence[dict[str, Any]],
    scenarios: Sequence[dict[str, Any]],
    drift: Sequence[dict[str, Any]],
    *,
    has_model: bool,
    has_events: bool,
) -> list[dict[str, Any]]:
    """What somebody should look at: a key for the words, and what they are about."""
    found: list[dict[str, Any]] = [] if has_model else [{"key": "no_model"}]
    found += [] if has_events or not has_model else [{"key": "no_events"}]
    for row in routes:
        share = row["errors"] / row["requests"] if row["requests"] else 0.0
        if share > _ERRORS:
            found.append({"key": "errors", "about": row["route"], "value": round(share, 4)})
        if row["requests"] >= _FEW and (row["p95"] or 0.0) > _SLOW:
            found.append({"key": "slow", "about": row["route"], "value": row["p95"]})
    for row in scenarios:
        many = row["answers"] >= _FEW
        if many and (row["empty_share"] or 0.0) > _EMPTY:
            found.append({"key": "empty", "about": row["scenario"], "value": row["empty_share"]})
        if many and (row["cold_share"] or 0.0) > _COLD:
            found.append({"key": "cold", "about": row["scenario"], "value": row["cold_share"]})
    shifted = [row for row in drift if row["value"] > _DRIFT]
    return found + [{"key": "drift", "about": row["name"], "value": row["value"]} for row in shifted]
