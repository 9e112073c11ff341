"""Segment: track, identify, alias, page and batch calls with the events of Spec: V2 Ecommerce."""

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
    to_number,
    to_object,
    to_position,
    to_text,
)

_NO_ITEM = "about the cart or the checkout as a whole, which the later order says better"
_READ = ("product_id", "sku", "price", "quantity", "position", "value", "currency", "query")


def _read(collector: Collector, value: Any, place: str) -> None:
    message = to_object(value)
    if isinstance(message.get("batch"), list):
        for inner, at in each(message["batch"], f"{place}.batch"):
            _message(collector, inner, at)
    else:
        _message(collector, message, place)


def _message(collector: Collector, message: dict[str, Any], at: str) -> None:
    kind = message.get("type") or ("track" if "event" in message else None)
    user, visitor = to_id(message.get("userId")), to_id(message.get("anonymousId"))
    if kind == "track":
        _track(collector, message, at)
    elif kind == "alias":
        collector.merge(at, message.get("previousId"), message.get("userId"))
    elif kind == "identify":
        if user and visitor:
            collector.merge(at, visitor, user)
        if user:
            collector.user(
                at, user_id=user, attributes=scalars(to_object(message.get("traits")), *_PRIVATE)
            )
        else:
            collector.skip(at, "identify without a userId")
    elif kind in ("page", "screen", "group"):
        collector.skip(at, f"{kind}: no item and no query; Product Viewed says which item")
    else:
        collector.skip(at, "a message of unknown type")


_PRIVATE = ("email", "phone", "firstName", "lastName", "name", "username", "birthday", "address", "id")
"""Traits that name a person: nothing to learn from, and nothing to keep."""


def _track(collector: Collector, message: dict[str, Any], at: str) -> None:
    kind = collector.event_type(message.get("event"), at)
    if kind is None:
        return
    said = to_object(message.get("properties"))
    rating = to_number(said.get("rating"))
    device = to_text(to_object(to_object(message.get("context")).get("device")).get("type"))
    is_grade = kind == "review" and isinstance(rating, float)
    collector.event(
        at,
        user_id=to_id(message.get("userId")),
        visitor_id=to_id(message.get("anonymousId")),
        event_type="rate" if is_grade else kind,
        items=_items(said),
        query=said.get("query"),
        value=rating if is_grade else to_number(_first(said, "value", "total", "revenue")),
        currency=said.get("currency"),
        timestamp=message.get("timestamp") or message.get("originalTimestamp") or message.get("sentAt"),
        context={"device": device[:100]} if device else None,
        properties=scalars(said, *_READ),
        event_id=to_id(message.get("messageId")),
    )


def _items(said: dict[str, Any]) -> list[dict[str, Any]]:
    products = to_list(said.get("products"))
    if not products and not any(name in said for name in ("product_id", "sku")):
        return []
    return [_item(to_object(product)) for product in products or [said]]


def _item(product: dict[str, Any]) -> dict[str, Any]:
    return thing(
        to_id(_first(product, "product_id", "sku")),
        price=to_number(product.get("price")),
        quantity=to_number(product.get("quantity")),
        position=to_position(product.get("position"), 1),
    )


def _first(values: dict[str, Any], *names: str) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)


SEGMENT = Dialect(
    name="segment",
    title="Segment",
    spec="Segment Spec: Track, Identify, Alias, Page; Spec: V2 Ecommerce Events; HTTP API batch",
    read_value=_read,
    event_types={
        "Products Searched": "search",
        "Product List Viewed": "impression",
        "Product List Filtered": "impression",
        "Product Clicked": "click",
        "Product Viewed": "view",
        "Product Added": "add_to_cart",
        "Product Removed": "remove_from_cart",
        "Order Completed": "purchase",
        "Order Refunded": "return",
        "Order Cancelled": "return",
        "Coupon Applied": "coupon_use",
        "Promotion Viewed": "ad_impression",
        "Promotion Clicked": "ad_click",
        "Product Added to Wishlist": "wishlist",
        "Wishlist Product Added to Cart": "add_to_cart",
        "Product Reviewed": "review",
    },
    unused={
        "Cart Viewed": _NO_ITEM,
        "Checkout Started": _NO_ITEM,
        "Checkout Step Viewed": _NO_ITEM,
        "Checkout Step Completed": _NO_ITEM,
        "Payment Info Entered": _NO_ITEM,
        "Order Updated": "Order Completed has been counted",
        "Coupon Entered": "Coupon Applied says whether it worked",
        "Coupon Denied": "nothing happened",
        "Coupon Removed": "nothing happened",
        "Product Removed from Wishlist": "no event takes a wish back",
        "Product Shared": "says nothing for the one who shares",
        "Cart Shared": "says nothing for the one who shares",
    },
    notes=(
        "`anonymousId` is the visitor, `messageId` the `event_id`; `position` counts from 1 and becomes 0 "
        "for the first; `products` or the properties themselves name the items, by "
        "`product_id` or else `sku`.",
        "`identify` with both ids and `alias` are merges. Traits become attributes of the user, without "
        "those that name a person (email, phone, name, address, birthday).",
        "`Product Reviewed` with a `rating` is a `rate`, without one a `review`.",
    ),
)
