"""Our own dialect: events, items, users and merges of the shapes in `data.wire.records`."""

from __future__ import annotations

from typing import Any, Final

from warmstart.data.schema import EVENT_TYPES
from warmstart.data.wire.dialects.base import Collector, Dialect, to_object

_LISTS: Final = ("events", "items", "users", "merges")
_EVENT_MARKS: Final = frozenset({"event_type", "visitor_id", "query"})


def _read(collector: Collector, value: Any, place: str) -> None:
    record = to_object(value)
    if record and set(record) <= set(_LISTS):
        for name in _LISTS:
            for inner, at in collector.each(record.get(name), f"{place}.{name}"):
                _record(collector, inner, at, name)
    else:
        _record(collector, record, place, _kind(record))


def _kind(record: dict[str, Any]) -> str:
    """Of which kind a record is that says it not: who and what make an event."""
    if _EVENT_MARKS & set(record) or ("user_id" in record and {"item_id", "items"} & set(record)):
        return "events"
    return "users" if "user_id" in record else "items"


def _record(collector: Collector, record: dict[str, Any], place: str, kind: str) -> None:
    if kind == "events":
        collector.event(place, **record)
    elif kind == "items":
        collector.item(place, **record)
    elif kind == "users":
        collector.user(place, **record)
    else:
        collector.merge(place, record.get("visitor_id"), record.get("user_id"))


WARMSTART = Dialect(
    name="warmstart",
    title="warmstart",
    spec="our own: `warmstart.data.wire.records`",
    read_value=_read,
    event_types={name: name for name in EVENT_TYPES},
    notes=(
        "An event, an item or a user; a list or lines of them; or an object with lists `events`, `items`, "
        "`users` and `merges` (each `visitor_id` and `user_id`).",
    ),
)
