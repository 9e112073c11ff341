"""Items and reasons as a page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from warmstart.data.item_list import ItemList, Reason, ScoredItem
from warmstart.data.records import Event, Item
from warmstart.engine.engine import Engine
from warmstart.engine.explaining import SOURCES

CONTEXT: Final = "context"
OWN: Final = "self"
"""The source of evidence that is the item itself: somebody dealt with it before."""


def card_of(item: Item) -> dict[str, Any]:
    """What a card shows of an item. Pictures of other sites are left out: nothing is asked of them."""
    own = item.image.startswith(("/", "data:image/")) and not item.image.startswith("//")
    return {
        "id": item.item_id,
        "title": item.title or item.item_id,
        "brand": item.brand,
        "categories": list(item.categories),
        "price": item.price,
        "currency": item.currency,
        "image": item.image if own else "",
        "available": item.available,
    }


def details_of(item: Item) -> dict[str, str]:
    """The attributes as one reads them.

    >>> details_of(Item(item_id="a", attributes={"button_count": 3.0, "hobs": ["gas", "电"], "note": 0.5}))
    {'button count': '3', 'hobs': 'gas, 电', 'note': '0.5'}
    """
    named = {str(name).replace("_", " "): _plain(value) for name, value in item.attributes.items()}
    return {name: value for name, value in named.items() if value}


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(_plain, value)))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def cards(engine: Engine, item_ids: Iterable[str]) -> list[dict[str, Any]]:
    """The items that the shop knows, as cards."""
    items = (engine.item(item_id) for item_id in item_ids)
    return [card_of(item) for item in items if item is not None]


def listed(
    engine: Engine, found: ItemList, events: Iterable[Event] = (), request_id: str = ""
) -> list[dict[str, Any]]:
    """A list as cards, each with the id of the list and why it is there: not because of itself."""
    acts = acts_of(events)
    shown = []
    for entry in found:
        item = engine.item(entry.item_id)
        if item is not None:
            reasons = [said for said in reasons_of(engine, entry, acts) if said["source"] != OWN]
            shown.append({**card_of(item), "request_id": request_id, "reasons": reasons})
    return shown


def reasons_of(engine: Engine, entry: ScoredItem, acts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Why an item has its score: the values sum to it where all reasons are told."""
    return [
        _own(reason) if reason.item_id == entry.item_id else _told(engine, reason, acts)
        for reason in entry.reasons
    ]


def _own(reason: Reason) -> dict[str, Any]:
    value = round(reason.value, 6)
    return {"source": OWN, "part": OWN, "value": value, "id": "", "title": "", "act": "", "text": ""}


def _told(engine: Engine, reason: Reason, acts: Mapping[str, str]) -> dict[str, Any]:
    context = reason.kind.startswith(CONTEXT)
    item = engine.item(reason.item_id) if reason.item_id else None
    return {
        "source": CONTEXT if context else SOURCES.get(reason.kind, reason.kind),
        "part": reason.kind,
        "value": round(reason.value, 6),
        "id": reason.item_id,
        "title": (item.title or item.item_id) if item else reason.item_id,
        "act": acts.get(reason.item_id, ""),
        "text": reason.text,
    }


def acts_of(events: Iterable[Event]) -> dict[str, str]:
    """What was done last to each item."""
    return {event.item_id: event.event_type for event in events if event.item_id}


def cart_of(events: Iterable[Event]) -> dict[str, int]:
    """What lies in the cart of whoever did this, and how many of each."""
    cart: dict[str, int] = {}
    for event in events:
        item_id = event.item_id
        if item_id is None:
            continue
        if event.event_type == "add_to_cart":
            cart[item_id] = cart.get(item_id, 0) + 1
        elif event.event_type in ("remove_from_cart", "purchase"):
            cart.pop(item_id, None)
    return cart
