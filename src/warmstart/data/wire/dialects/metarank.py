"""Metarank: item, user, ranking and interaction events."""

from __future__ import annotations

from typing import Any

from warmstart.data.wire.dialects.base import (
    Collector,
    Dialect,
    each,
    scalars,
    thing,
    to_id,
    to_moment,
    to_number,
    to_object,
    to_text,
)
from warmstart.data.wire.dialects.properties import item_fields


def _read(collector: Collector, value: Any, place: str) -> None:
    event = to_object(value)
    fields = {}
    for entry, _ in each(event.get("fields"), place):
        if isinstance(entry.get("name"), str) and entry.get("value") is not None:
            fields[entry["name"]] = entry["value"]
    kind = event.get("event")
    if kind == "item":
        collector.item(place, item_id=to_id(event.get("item")), **item_fields(fields))
    elif kind == "user":
        collector.user(place, user_id=to_id(event.get("user")), attributes=fields)
    elif kind == "ranking":
        _ranking(collector, event, fields, place)
    elif kind == "interaction":
        _interaction(collector, event, fields, place)
    else:
        collector.skip(place, "an event that is not item, user, ranking or interaction")


def _who(event: dict[str, Any]) -> dict[str, Any]:
    user, session, time = to_id(event.get("user")), to_id(event.get("session")), event.get("timestamp")
    return {
        "user_id": user,
        "visitor_id": None if user else session,
        "session_id": session,
        "timestamp": None if time is None else to_moment(time, 1e3),
    }


def _ranking(collector: Collector, event: dict[str, Any], fields: dict[str, Any], place: str) -> None:
    items = [thing(to_id(item.get("id"))) for item, _ in each(event.get("items"), place)]
    collector.event(
        place,
        **_who(event),
        event_type="impression",
        items=items,
        query=to_text(fields.get("query")),
        request_id=to_id(event.get("id")),
        position=0,
        properties=scalars(fields, "query"),
    )


def _interaction(collector: Collector, event: dict[str, Any], fields: dict[str, Any], place: str) -> None:
    kind = collector.event_type(event.get("type"), place)
    if kind is None:
        return
    value = next((fields[name] for name in ("rating", "value") if name in fields), None)
    collector.event(
        place,
        **_who(event),
        event_type=kind,
        item_id=to_id(event.get("item")),
        request_id=to_id(event.get("ranking")),
        event_id=to_id(event.get("id")),
        value=to_number(value),
        price=to_number(fields.get("price")),
        quantity=to_number(fields.get("quantity", fields.get("count"))),
        properties=scalars(fields, "rating", "value", "price", "quantity", "count"),
    )


METARANK = Dialect(
    name="metarank",
    title="Metarank",
    spec="Metarank: Supported events (item, user, ranking, interaction)",
    read_value=_read,
    free_names=True,
    items_are_changes=True,
    event_types={
        "click": "click",
        "view": "view",
        "like": "like",
        "dislike": "dislike",
        "cart": "add_to_cart",
        "purchase": "purchase",
        "rate": "rate",
    },
    notes=(
        "A `ranking` is an `impression` of its items in their order, its `id` the `request_id`, its field "
        "`query` the query; an `interaction` is named by its `type`.",
        "`timestamp` is in milliseconds (a number, also in text) or ISO 8601 text. Without a `user` the "
        "`session` is the visitor.",
        "Fields of an item under common names (title, price, brand, category) fill its fields, all others "
        "its attributes; what is not sent stays as it is.",
    ),
)
