"""Algolia: events of the Insights API."""

from __future__ import annotations

from typing import Any

from warmstart.data.wire.dialects.base import (
    Collector,
    Dialect,
    each,
    scalars,
    thing,
    to_id,
    to_list,
    to_moment,
    to_number,
    to_object,
    to_position,
)


def _read(collector: Collector, value: Any, place: str) -> None:
    body = to_object(value)
    if isinstance(body.get("events"), list):
        for event, at in each(body["events"], f"{place}.events"):
            _event(collector, event, at)
    else:
        _event(collector, body, place)


def _event(collector: Collector, event: dict[str, Any], at: str) -> None:
    name, subtype = event.get("eventType"), event.get("eventSubtype")
    kind = collector.event_type(f"{name}/{subtype}" if isinstance(subtype, str) else name, at)
    if kind is None:
        return
    ids = to_list(event.get("objectIDs"))
    if not ids:
        collector.skip(at, "no objectIDs: events on filters are about no item")
        return
    if kind == "view" and (len(ids) > 1 or event.get("queryID") is not None):
        kind = "impression"
    milliseconds = event.get("timestamp")
    collector.event(
        at,
        event_type=kind,
        user_id=to_id(event.get("authenticatedUserToken")),
        visitor_id=to_id(event.get("userToken")),
        items=_items(event, ids),
        request_id=to_id(event.get("queryID")),
        value=to_number(event.get("value")),
        currency=event.get("currency"),
        timestamp=None if milliseconds is None else to_moment(milliseconds, 1e3),
        properties=scalars({"event_name": event.get("eventName"), "index": event.get("index")}),
    )


def _items(event: dict[str, Any], ids: list[Any]) -> list[dict[str, Any]]:
    """Each object with its place and its data, which stand in lists beside the ids."""
    places, data = to_list(event.get("positions")), to_list(event.get("objectData"))
    return [
        thing(
            to_id(item_id),
            position=to_position(places[i], 1) if i < len(places) else None,
            **_sale(to_object(data[i]) if i < len(data) else {}),
        )
        for i, item_id in enumerate(ids)
    ]


def _sale(data: dict[str, Any]) -> dict[str, Any]:
    return {"price": to_number(data.get("price")), "quantity": to_number(data.get("quantity"))}


ALGOLIA = Dialect(
    name="algolia",
    title="Algolia Insights",
    spec="Algolia Insights API, POST /1/events",
    read_value=_read,
    event_types={
        "click": "click",
        "view": "view",
        "conversion/addToCart": "add_to_cart",
        "conversion/purchase": "purchase",
        "conversion": "interaction",
    },
    notes=(
        "`userToken` is the visitor, `authenticatedUserToken` the user, `queryID` the `request_id`; "
        "`positions` count from 1 and become 0 for the first; `timestamp` is in milliseconds.",
        "A `view` of several objects, or of those a query found, is an `impression` of each: they were in "
        "a list. Events on `filters` are skipped.",
    ),
)
