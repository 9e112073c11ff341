"""Items, lists and reasons as the console shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from warmstart.data.item_list import ItemList, Reason
from warmstart.data.records import Event
from warmstart.engine.engine import Engine
from warmstart.engine.explaining import SOURCES


def item_of(engine: Engine, item_id: str) -> dict[str, Any]:
    """What a list shows of an item; of one that the shop does not know, its id."""
    item = engine.item(item_id)
    return {
        "id": item_id,
        "title": (item.title if item else "") or item_id,
        "brand": item.brand if item else "",
        "category": item.categories[-1] if item and item.categories else "",
        "price": item.price if item else None,
    }


def list_of(engine: Engine, items: ItemList) -> list[dict[str, Any]]:
    """A list with its scores, and why each item is there."""
    return [
        {
            **item_of(engine, entry.item_id),
            "score": None if entry.score != entry.score else round(entry.score, 6),
            "source": entry.source,
            "reasons": reasons_of(engine, entry.reasons),
        }
        for entry in items
    ]


def reasons_of(engine: Engine, reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """What each piece of evidence added to a score."""
    return [
        {
            "part": reason.kind,
            "source": SOURCES.get(reason.kind, reason.kind),
            "value": round(reason.value, 6),
            "id": reason.item_id,
            "title": item_of(engine, reason.item_id)["title"] if reason.item_id else "",
        }
        for reason in reasons
    ]


def event_of(engine: Engine, event: Event) -> dict[str, Any]:
    """One thing that somebody did."""
    return {
        "act": event.event_type,
        "id": event.item_id,
        "title": item_of(engine, event.item_id)["title"] if event.item_id else "",
        "query": event.query or "",
        "value": event.value,
        "at": event.timestamp,
    }
