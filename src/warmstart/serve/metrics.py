"""What a service tells Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from warmstart.core.extras import load_extra
from warmstart.serve.answering import scenario_of
from warmstart.serve.shifts import Shift

if TYPE_CHECKING:
    from warmstart.data.item_list import ItemList
    from warmstart.data.wire.events import EventIn

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_OUTCOMES: Final = frozenset(
    {"impression", "click", "add_to_cart", "purchase", "ad_impression", "ad_click", "dislike"}
)
_COLD: Final = frozenset({"no_user", "user_without_events"})


class Metrics:
    """Counters of one worker; with several, `render` adds up all of them.

    Click-through and conversion are ratios of `warmstart_outcomes_total`, by scenario: the id of an answer,
    which events carry back, says what had been asked. Labels are route templates, never paths or ids.
    """

    def __init__(self) -> None:
        self._lib = load_extra("prometheus_client", what="the service", extra="serve")
        self.registry = self._lib.CollectorRegistry()
        counter, histogram = self._lib.Counter, self._lib.Histogram
        put: dict[str, Any] = {"registry": self.registry}
        self._requests = counter(
            "warmstart_requests", "Requests by route and status.", ("route", "status"), **put
        )
        self._seconds = histogram(
            "warmstart_request_seconds", "Seconds to the answer.", ("route",), buckets=_BUCKETS, **put
        )
        self._answers = counter("warmstart_answers", "Lists given.", ("scenario",), **put)
        self._cold = counter(
            "warmstart_answers_cold", "Lists for somebody of whom nothing was known.", ("scenario",), **put
        )
        self._empty = counter("warmstart_answers_empty", "Lists without an item.", ("scenario",), **put)
        self._sources = counter("warmstart_items_shown", "Items shown, by source.", ("source",), **put)
        self._events = counter("warmstart_events", "Events taken in.", ("event_type",), **put)
        self._outcomes = counter(
            "warmstart_outcomes", "Events on items of an answer.", ("scenario", "event_type"), **put
        )
        self._refits = counter("warmstart_refits", "New models, by fate.", ("promoted",), **put)
        self._waiting = self._gauge("warmstart_events_waiting", "Events not yet on the disk.")
        self._ready = self._gauge("warmstart_ready", "1 while requests are answered.")
        self._coverage = self._gauge(
            "warmstart_items_shown_distinct", "Different items shown; of the worker with most.", most=True
        )
        self._drift = self._gauge(
            "warmstart_drift",
            "Last answers or events beside the first (stability index); of the worker with most.",
            ("of",),
            most=True,
        )
        self._shown: set[str] = set()
        self._shifts: dict[str, Shift] = {}

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] = (), *, most: bool = False) -> Any:
        """Of several workers the sum is told, or the `most` of any."""
        several = {"multiprocess_mode": "livemax" if most else "livesum"} if _several() else {}
        return self._lib.Gauge(name, text, labels, registry=self.registry, **several)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def answer(self, scenario: str, items: ItemList) -> None:
        """Count a list."""
        self._answers.labels(scenario).inc()
        if _COLD.intersection(items.warnings):
            self._cold.labels(scenario).inc()
        if not len(items):
            self._empty.labels(scenario).inc()
        for source in items.sources:
            self._sources.labels(source).inc()
        if len(items):
            self._see(f"scores of {scenario}", float(items.scores[0]))
        self._shown.update(items.item_ids)
        self._coverage.set(len(self._shown))

    def showed(self, scenario: str, count: int) -> None:
        """Count items of a list that a page of ours showed: of those nobody sends impressions."""
        self._outcomes.labels(scenario, "impression").inc(count)

    def took(self, events: Iterable[EventIn]) -> None:
        """Count events, and what they say about answers of ours."""
        for event in events:
            self._events.labels(event.event_type).inc()
            self._see("kinds of events", event.event_type)
            scenario = scenario_of(event.request_id or "")
            if scenario and event.event_type in _OUTCOMES:
                self._outcomes.labels(scenario, event.event_type).inc(max(len(event.items), 1))

    def _see(self, what: str, value: float | str) -> None:
        self._shifts.setdefault(what, Shift()).see(value)

    def refit(self, *, promoted: bool) -> None:
        """Count a new model."""
        self._refits.labels(str(promoted).lower()).inc()

    def state(self, *, waiting: int, ready: bool) -> None:
        """How things stand."""
        self._waiting.set(waiting)
        self._ready.set(int(ready))
        for what, shift in self._shifts.items():
            self._drift.labels(what).set(shift.index)

    def render(self) -> tuple[bytes, str]:
        """The page for Prometheus and its media type."""
        registry = self.registry
        if _several():
            load_extra("prometheus_client.multiprocess", what="the service", extra="serve")
            registry = self._lib.CollectorRegistry()
            self._lib.multiprocess.MultiProcessCollector(registry)
        return self._lib.generate_latest(registry), self._lib.CONTENT_TYPE_LATEST


def _several() -> bool:
    return "PROMETHEUS_MULTIPROC_DIR" in os.environ
