"""Items and events as what a store keeps, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from warmstart.core import columns as c
from warmstart.data.records import Event, Item
from warmstart.roles.store import Entry, Record

_ITEM_FIELDS: Final = tuple(field.name for field in fields(Item))
_EVENT_FIELDS: Final = tuple(f.name for f in fields(Event) if f.name not in (c.USER_ID, c.TIMESTAMP))


def item_record(item: Item) -> Record:
    """An item under its id.

    >>> item_from(item_record(Item(item_id="tea", title="茶", tags=("green",)))).tags
    ('green',)
    """
    return Record(key=item.item_id, value=_said(item, _ITEM_FIELDS))


def item_from(record: Record) -> Item:
    """The item that `item_record` wrote."""
    return Item.from_dict(record.value)


def event_entry(event: Event, *, key: str | None = None) -> Entry:
    """An event as an entry; its user and its time stand beside the value, not in it.

    >>> entry = event_entry(Event(user_id="ann", item_id="tea", timestamp=5.0))
    >>> entry.user_id, entry.at, entry.value
    ('ann', 5.0, {'item_id': 'tea', 'event_type': 'interaction'})
    """
    return Entry(value=_said(event, _EVENT_FIELDS), user_id=event.user_id, at=event.timestamp, key=key)


def event_from(entry: Entry) -> Event:
    """The event of an entry, in the name of whoever it belongs to now."""
    return Event.from_dict({**entry.value, c.USER_ID: entry.user_id, c.TIMESTAMP: entry.at})


def _said(record: Item | Event, names: tuple[str, ...]) -> dict[str, Any]:
    """The fields that say something, as JSON values."""
    values = {name: getattr(record, name) for name in names}
    return {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in values.items()
        if value not in (None, "", (), {})
    }
