"""UBI: events and queries of User Behavior Insights, 1.3."""

from __future__ import annotations

from typing import Any

from warmstart.data.wire.dialects.base import (
    Collector,
    Dialect,
    scalars,
    thing,
    to_id,
    to_list,
    to_object,
    to_position,
    to_text,
)


def _read(collector: Collector, value: Any, place: str) -> None:
    record = to_object(value)
    if "action_name" in record:
        _event(collector, record, place)
    elif "user_query" in record or "query_response_hit_ids" in record:
        _query(collector, record, place)
    else:
        collector.skip(place, "neither an event (action_name) nor a query (user_query)")


def _who(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "user_id": to_id(record.get("user_id")),
        "visitor_id": to_id(record.get("client_id")),
        "session_id": to_id(record.get("session_id")),
        "request_id": to_id(record.get("query_id")),
        "timestamp": record.get("timestamp"),
    }


def _event(collector: Collector, event: dict[str, Any], place: str) -> None:
    kind = collector.event_type(event["action_name"], place)
    if kind is None:
        return
    attributes = to_object(event.get("event_attributes"))
    found = to_object(attributes.get("object"))
    said = event.get("message") if kind == "search" else collector.queries.get(str(event.get("query_id")))
    collector.event(
        place,
        **_who(event),
        event_type=kind,
        item_id=to_id(found.get("object_id")) or to_id(found.get("internal_id")),
        query=to_text(said),
        position=to_position(to_object(attributes.get("position")).get("ordinal"), 1),
        properties=scalars(attributes) | scalars({"application": event.get("application")}),
    )


def _query(collector: Collector, query: dict[str, Any], place: str) -> None:
    text, query_id = to_text(query.get("user_query")), to_id(query.get("query_id"))
    if text and query_id:
        collector.queries[query_id] = text[:2000]
    hits = to_list(query.get("query_response_hit_ids") or query.get("query_response_objects_ids"))
    items = [thing(to_id(hit)) for hit in hits]
    collector.event(
        place,
        **_who(query),
        event_type="search",
        query=text,
        items=items,
        position=0 if items else None,
        properties=scalars(to_object(query.get("query_attributes"))),
    )


UBI = Dialect(
    name="ubi",
    title="User Behavior Insights",
    spec="UBI 1.3: event.schema.json and query.request.schema.json (o19s, OpenSearch)",
    read_value=_read,
    free_names=True,
    event_types={
        "impression": "impression",
        "view": "view",
        "watch": "view",
        "click": "click",
        "click_through": "click",
        "add_to_cart": "add_to_cart",
        "purchase": "purchase",
        "on_search": "search",
        "search": "search",
    },
    unused={
        "product_hover": "passing over is not looking",
        "brand_filter": "no item",
        "type_filter": "no item",
        "product_sort": "no item",
        "button_click": "no item",
        "login": "no item",
        "logout": "no item",
    },
    notes=(
        "`client_id` is the visitor, `query_id` the `request_id`, `event_attributes.object.object_id` the "
        "item; `position.ordinal` counts from 1 and becomes 0 for the first.",
        "A query is a search, and an impression of each of its `query_response_hit_ids`; events after it "
        "in the same payload with its `query_id` carry its text.",
    ),
)
