"""Gorse: feedback, items and users of its REST API."""

from __future__ import annotations

from typing import Any

from warmstart.data.wire.dialects.base import (
    Collector,
    Dialect,
    to_id,
    to_list,
    to_number,
    to_object,
    to_text,
)


def _read(collector: Collector, value: Any, place: str) -> None:
    record = {name.lower(): inner for name, inner in to_object(value).items()}
    if "feedbacktype" in record:
        _feedback(collector, record, place)
    elif "itemid" in record and "userid" not in record:
        _item(collector, record, place)
    elif "userid" in record and "itemid" not in record:
        labels = record.get("labels")
        attributes = {"labels": labels} if to_list(labels) else to_object(labels)
        collector.user(place, user_id=to_id(record["userid"]), attributes=attributes)
    else:
        collector.skip(place, "neither feedback nor an item nor a user")


def _feedback(collector: Collector, record: dict[str, Any], place: str) -> None:
    kind = collector.event_type(record["feedbacktype"], place)
    if kind is None:
        return
    collector.event(
        place,
        event_type=kind,
        user_id=to_id(record.get("userid")),
        item_id=to_id(record.get("itemid")),
        timestamp=_time(record.get("timestamp")),
        value=to_number(record.get("value")) if kind == "rate" else None,
        properties={"comment": comment[:500]} if (comment := to_text(record.get("comment"))) else None,
    )


def _item(collector: Collector, record: dict[str, Any], place: str) -> None:
    labels, comment = record.get("labels"), to_text(record.get("comment"))
    is_short = comment is not None and len(comment) <= 2_000
    collector.item(
        place,
        item_id=to_id(record["itemid"]),
        title=comment if is_short else None,
        description=None if is_short else comment,
        categories=to_list(record.get("categories")),
        tags=to_list(labels),
        attributes=to_object(labels),
        available=record.get("ishidden") is not True,
        created_at=_time(record.get("timestamp")),
    )


def _time(value: Any) -> Any:
    """Go writes the year 1 where it knows no time."""
    return None if isinstance(value, str) and value.startswith("0001-") else value


GORSE = Dialect(
    name="gorse",
    title="Gorse",
    spec="Gorse REST API: POST /api/feedback, /api/items, /api/users",
    read_value=_read,
    free_names=True,
    event_types={
        "read": "view",
        "view": "view",
        "click": "click",
        "like": "like",
        "star": "like",
        "dislike": "dislike",
        "favorite": "wishlist",
        "cart": "add_to_cart",
        "buy": "purchase",
        "purchase": "purchase",
        "rating": "rate",
    },
    notes=(
        "`Labels` become tags (a list) or attributes (an object), `Comment` of an item its title, "
        "`IsHidden` the opposite of `available`. A `rating` needs a `Value`.",
    ),
)
