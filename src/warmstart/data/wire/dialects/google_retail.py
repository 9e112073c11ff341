"""Google Retail: user events (write, import) and products of Vertex AI Search for commerce."""

from __future__ import annotations

from typing import Any

from warmstart.data.wire.dialects.base import (
    Collector,
    Dialect,
    each,
    thing,
    to_id,
    to_list,
    to_number,
    to_object,
    to_text,
)

_GONE = ("OUT_OF_STOCK",)


def _read(collector: Collector, value: Any, place: str) -> None:
    body = to_object(value)
    config = to_object(body.get("inputConfig"))
    events = to_object(config.get("userEventInlineSource")).get("userEvents")
    products = to_object(config.get("productInlineSource")).get("products")
    if config and events is None and products is None:
        collector.skip(place, "an import from elsewhere; only inline sources can be read")
    for event, at in collector.each(events, f"{place}.userEvents"):
        _event(collector, event, at)
    for product, at in collector.each(products, f"{place}.products"):
        _product(collector, product, at)
    if "eventType" in body:
        _event(collector, body, place)
    elif "title" in body or "id" in body:
        _product(collector, body, place)
    elif not config:
        collector.skip(place, "neither a user event nor a product")


def _event(collector: Collector, event: dict[str, Any], at: str) -> None:
    kind = collector.event_type(event.get("eventType"), at)
    if kind is None:
        return
    order = to_object(event.get("purchaseTransaction"))
    collector.event(
        at,
        event_type=kind,
        user_id=to_id(to_object(event.get("userInfo")).get("userId")),
        visitor_id=to_id(event.get("visitorId")),
        session_id=to_id(event.get("sessionId")),
        items=[_detail(detail) for detail, _ in each(event.get("productDetails"), at)],
        query=event.get("searchQuery"),
        request_id=to_id(event.get("attributionToken")),
        value=to_number(order.get("revenue")),
        currency=order.get("currencyCode"),
        timestamp=event.get("eventTime"),
        properties=_attributes(event.get("attributes")),
        event_id=to_id(order.get("id")) if kind == "purchase" else None,
    )


def _detail(detail: dict[str, Any]) -> dict[str, Any]:
    return thing(
        to_id(to_object(detail.get("product")).get("id")), quantity=to_number(detail.get("quantity"))
    )


def _attributes(value: Any) -> dict[str, Any]:
    """`{"colour": {"text": ["red"]}}` as `{"colour": "red"}`; several values as a list."""
    found = {}
    for name, attribute in to_object(value).items():
        values = to_list(to_object(attribute).get("text")) or to_list(to_object(attribute).get("numbers"))
        if values:
            found[name] = values[0] if len(values) == 1 else values
    return found


def _product(collector: Collector, product: dict[str, Any], at: str) -> None:
    paths = [path for path in to_list(product.get("categories")) if to_text(path)]
    price = to_object(product.get("priceInfo"))
    attributes = _attributes(product.get("attributes"))
    for name in ("sizes", "materials", "patterns", "conditions"):
        attributes |= {name: product[name]} if to_list(product.get(name)) else {}
    collector.item(
        at,
        item_id=to_id(product.get("id")) or _last_part(product.get("name")),
        title=product.get("title"),
        description=product.get("description"),
        brand=next((brand for brand in to_list(product.get("brands")) if to_text(brand)), None),
        categories=paths[0] if paths else None,
        price=to_number(price.get("price")),
        currency=price.get("currencyCode"),
        image_url=next((to_text(image.get("uri")) for image, _ in each(product.get("images"), at)), None),
        attributes=attributes | ({"other_categories": paths[1:]} if paths[1:] else {}),
        tags=to_list(product.get("tags")),
        available=product.get("availability") not in _GONE,
        created_at=product.get("publishTime") or product.get("availableTime"),
        group_id=to_id(product.get("primaryProductId")),
    )


def _last_part(name: Any) -> str | None:
    return to_id(name.rpartition("/")[2]) if isinstance(name, str) else None


GOOGLE_RETAIL = Dialect(
    name="google_retail",
    title="Google Retail",
    spec="Retail API v2 (Vertex AI Search for commerce): UserEvent, Product, userEvents.write, *.import",
    read_value=_read,
    event_types={
        "detail-page-view": "view",
        "add-to-cart": "add_to_cart",
        "remove-from-cart": "remove_from_cart",
        "purchase-complete": "purchase",
        "search": "search",
        "category-page-view": "impression",
    },
    unused={
        "home-page-view": "no item and no query",
        "shopping-cart-page-view": "add-to-cart has been counted",
        "promotion-offered": "no item",
        "promotion-not-offered": "no item",
    },
    notes=(
        "One event or product, a list of them, lines of them, or an import body with an inline source.",
        "`visitorId` is the visitor, `userInfo.userId` the user, `attributionToken` the `request_id`, "
        "`purchaseTransaction.id` the `event_id`. A `category-page-view` needs `productDetails`.",
        "Of several category paths the first is the category, the others go into the attributes; a product "
        "is available unless it is `OUT_OF_STOCK`; `primaryProductId` is the `group_id`.",
    ),
)
