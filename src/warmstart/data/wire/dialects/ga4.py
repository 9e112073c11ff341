"""GA4: the JSON body of Google Analytics 4's Measurement Protocol."""

from __future__ import annotations

from typing import Any

from warmstart.core import columns as c
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
    to_position,
)

_NO_ITEM = "about the cart or the checkout as a whole, which the later purchase says better"
_LOGINS = ("login", "sign_up")
_READ = ("items", "value", "currency", "search_term", "session_id", "engagement_time_msec")


def _read(collector: Collector, value: Any, place: str) -> None:
    body = to_object(value)
    user = to_id(body.get(c.USER_ID))
    visitor = to_id(body.get("client_id")) or to_id(body.get("app_instance_id"))
    if not isinstance(body.get("events"), list):
        collector.skip(place, "a body without a list of events")
    for event, at in each(body.get("events"), f"{place}.events"):
        if event.get("name") in _LOGINS and user and visitor:
            collector.merge(at, visitor, user)
        else:
            _event(collector, event, at, {c.USER_ID: user, "visitor_id": visitor}, body)
    traits = {k: to_object(v).get("value") for k, v in to_object(body.get("user_properties")).items()}
    if user and scalars(traits):
        collector.user(place, user_id=user, attributes=scalars(traits))


def _event(
    collector: Collector, event: dict[str, Any], at: str, who: dict[str, Any], body: dict[str, Any]
) -> None:
    params = to_object(event.get("params"))
    kind = collector.event_type(event.get("name"), at)
    if kind is None:
        return
    micros = event.get("timestamp_micros", body.get("timestamp_micros"))
    collector.event(
        at,
        **who,
        event_type=kind,
        items=[_item(item) for item, _ in each(params.get("items"), at)],
        query=params.get("search_term"),
        session_id=to_id(params.get("session_id") or params.get("ga_session_id")),
        value=to_number(params.get("value")),
        currency=params.get("currency"),
        timestamp=None if micros is None else to_moment(micros, 1e6),
        properties=scalars(params, *_READ),
        event_id=to_id(params.get("transaction_id")) if kind == "purchase" else None,
    )


def _item(item: dict[str, Any]) -> dict[str, Any]:
    return thing(
        to_id(item.get("item_id")),
        price=to_number(item.get("price")),
        quantity=to_number(item.get("quantity")),
        position=to_position(item.get("index"), 0),
    )


GA4 = Dialect(
    name="ga4",
    title="Google Analytics 4",
    spec="Measurement Protocol (Google Analytics 4), JSON post body and recommended events",
    read_value=_read,
    event_types={
        "view_item": "view",
        "view_item_list": "impression",
        "select_item": "click",
        "search": "search",
        "view_search_results": "search",
        "add_to_cart": "add_to_cart",
        "remove_from_cart": "remove_from_cart",
        "add_to_wishlist": "wishlist",
        "purchase": "purchase",
        "refund": "return",
        "view_promotion": "ad_impression",
        "select_promotion": "ad_click",
    },
    unused={
        "view_cart": _NO_ITEM,
        "begin_checkout": _NO_ITEM,
        "add_shipping_info": _NO_ITEM,
        "add_payment_info": _NO_ITEM,
        "page_view": "a page, not an item; view_item says which item",
        "session_start": "no item and no query",
        "user_engagement": "no item and no query",
        "login": "a merge where it carries client_id and user_id, else nothing",
        "sign_up": "a merge where it carries client_id and user_id, else nothing",
    },
    notes=(
        "`client_id` (or `app_instance_id`) is the visitor; `timestamp_micros` of the event or of the "
        "body; `index` of an item is its position, from 0; `transaction_id` of a purchase is "
        "the `event_id`.",
        "`login` and `sign_up` with both ids are a merge of the visitor with the user.",
        "`user_properties` become attributes of the user. An item needs an `item_id`.",
    ),
)
