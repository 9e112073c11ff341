"""Recombee: interactions, item and user values, and merges, as requests of its API or a batch of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from warmstart.data.wire.dialects.base import (
    Collector,
    Dialect,
    each,
    scalars,
    to_id,
    to_moment,
    to_number,
    to_object,
)
from warmstart.data.wire.dialects.properties import item_fields

_WITH_ITEM, _WITH_ACTION = 2, 3


def _read(collector: Collector, value: Any, place: str) -> None:
    body = to_object(value)
    if isinstance(body.get("requests"), list):
        for request, at in each(body["requests"], f"{place}.requests"):
            _request(collector, request, at)
    else:
        _request(collector, body, place)


def _request(collector: Collector, request: dict[str, Any], at: str) -> None:
    path, method = request.get("path"), request.get("method", "POST")
    if not isinstance(path, str):
        collector.skip(at, "a request without a path")
        return
    parts = [unquote(part) for part in path.partition("?")[0].strip("/").split("/")]
    params = to_object(request.get("params"))
    if method not in ("POST", "PUT"):
        collector.skip(
            at, "neither POST nor PUT: only what adds facts is read; deleting has endpoints of its own"
        )
    elif parts[0] == "items" and len(parts) == _WITH_ITEM:
        collector.item(at, item_id=parts[1], **item_fields(_values(params)))
    elif parts[0] == "users" and len(parts) == _WITH_ITEM:
        collector.user(at, user_id=parts[1], attributes=_values(params))
    elif parts[0] == "users" and len(parts) > _WITH_ACTION and parts[2] == "merge":
        collector.merge(at, parts[3], parts[1])
    else:
        _interaction(collector, parts[0], params, at)


def _values(params: dict[str, Any]) -> dict[str, Any]:
    """Property values, without settings such as `!cascadeCreate`."""
    return {k: v for k, v in params.items() if not k.startswith("!") and v is not None}


def _interaction(collector: Collector, name: str, params: dict[str, Any], at: str) -> None:
    kind = collector.event_type(name, at)
    if kind is None:
        return
    time = params.get("timestamp")
    value = to_number(params.get("rating" if kind == "rate" else "price"))
    collector.event(
        at,
        event_type=kind,
        user_id=to_id(params.get("userId")),
        item_id=to_id(params.get("itemId")),
        session_id=to_id(params.get("sessionId")),
        timestamp=None if time is None else to_moment(time),
        value=value,
        quantity=to_number(params.get("amount")),
        request_id=to_id(params.get("recommId")),
        properties=scalars(to_object(params.get("additionalData"))) | scalars(_measures(params)),
    )


def _measures(params: dict[str, Any]) -> dict[str, Any]:
    return {name: params[name] for name in ("duration", "portion", "profit") if name in params}


RECOMBEE = Dialect(
    name="recombee",
    title="Recombee",
    spec="Recombee API Reference 5.0.0: interactions, Set Item Values, Set User Values, Merge Users, Batch",
    read_value=_read,
    items_are_changes=True,
    event_types={
        "detailviews": "view",
        "viewportions": "view",
        "purchases": "purchase",
        "ratings": "rate",
        "cartadditions": "add_to_cart",
        "bookmarks": "wishlist",
    },
    notes=(
        "A request as in a batch: `method` (POST when it is missing), `path` such as `/purchases/` "
        "(without the database), `params`; or a batch, `requests` of them.",
        "`price` is for the whole `amount` and becomes the `value`; `rating` runs from -1 to 1; `recommId` "
        "is the `request_id`; `PUT /users/{target}/merge/{source}` is a merge.",
        "Item values under common names (title, name, price, brand, categories, image, available) fill the "
        "fields of the item, all others its attributes; what is not sent stays as it is.",
    ),
)
