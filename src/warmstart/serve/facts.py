"""Between a store, which keeps a shop's facts, and the `Dataset` and events that an engine learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, events_frame, item_from_row, items_frame, profiles_frame
from warmstart.data.wire.events import EventIn
from warmstart.data.wire.items import ItemIn
from warmstart.roles.storable import LONGEST_KEY
from warmstart.roles.store import ITEMS, USERS, Entry, Record, Store
from warmstart.serve.changes import CHANGES, SERVICE
from warmstart.serve.tables import KEPT, check_lines, lines_of, read_tables

UNTIMED: Final = "untimed"
"""Marks a stored event of which nobody knows when it was: the time of writing says nothing about it."""
CHUNK: Final = 5_000
_HALF: Final = Record(key="importing", value=True)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How far the logs of a store have been read: the last number of each."""

    events: int = 0
    changes: int = 0

    def as_dict(self) -> dict[str, int]:
        """Plain values, to keep with a model."""
        return asdict(self)

    @classmethod
    def of(cls, notes: Mapping[str, Any]) -> Seen:
        """What `as_dict` gave; nothing seen where it says nothing."""
        return cls(events=int(notes.get("events", 0)), changes=int(notes.get("changes", 0)))


def events_of(entry: Entry) -> tuple[Event, ...]:
    """What an engine learns from one line of the log; nothing from one that belongs to nobody."""
    if entry.user_id is None:
        return ()
    said = dict(entry.value)
    untimed = bool(said.pop(UNTIMED, False))
    found = EventIn.from_stored(said, entry.user_id).to_events(received_at=entry.at or 0.0)
    return tuple(replace(event, timestamp=None) for event in found) if untimed else found


def entry_of(event: EventIn, call: str = "", place: int = 0) -> Entry:
    """An event as a line of the log.

    Its own id makes it the same one when it comes twice; without that, its place in a `call` that can be
    told from others.
    """
    key = f"call:{call}:{place}" if call else None
    if event.event_id is not None:
        key = _shortened(f"event:{event.event_id}")
    return Entry(value=event.stored(), user_id=event.who, key=key)


def _shortened(key: str) -> str:
    """A key that a store can keep; two long ones that only end differently stay two."""
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[:400]}#{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}"


def read_shop_of(store: Store, name: str) -> tuple[Dataset, Seen]:
    """The shop as the store has it now, and how far its logs were read for that.

    What is written meanwhile is in it or lies beyond what was seen, so that nothing is lost when the logs
    are read on from there.
    """
    changes = last_number(store, CHANGES)
    items = items_frame(ItemIn.from_stored(record.value).to_item() for record in store.scan(ITEMS))
    users = profiles_frame({record.key: record.value for record in store.scan(USERS)})
    seen, rows = 0, list[Event]()
    for entry in store.read():
        seen = entry.number or seen
        rows.extend(events_of(entry))
    shop = Dataset(name=name, items=items, events=events_frame(rows), users=users, **read_tables(store))
    return shop, Seen(events=seen, changes=changes)


def last_number(store: Store, log: str) -> int:
    """The number of the last entry of a log that was ever written; 0 for an empty one."""
    return store.describe().last.get(log, 0)


def import_shop(store: Store, shop: Dataset) -> None:
    """Write a shop's items, users, events, reviews, queries, judgments and graph into a store.

    All of it is read first, so that what cannot be kept is told before anything is written. Lines of logs
    are written once: the same shop imported again, after a crash on the way or later, adds nothing. Until
    all is there the store `is_half_imported`. Errors: `InputError` names the record.
    """
    for place, entry in enumerate(_entries(shop), start=1):
        _check_readable(entry, place)
    for _ in _items(shop):
        pass
    check_lines(shop)
    store.put(SERVICE, [_HALF])
    for chunk in _chunks(_items(shop), len(shop.items)):
        store.put(ITEMS, chunk)
    profiles = shop.users.select(c.USER_ID, c.ATTRIBUTES).iter_rows()
    for users in _chunks((_profile(*row) for row in profiles), len(shop.users)):
        store.put(USERS, users)
    for events in _chunks(_entries(shop), len(shop.events), "events"):
        store.append(events)
    for table in KEPT:
        for lines in _chunks(lines_of(shop, table), len(getattr(shop, table)), table):
            store.append(lines, log=table)
    store.delete(SERVICE, [_HALF.key])


def is_half_imported(store: Store) -> bool:
    """Whether an import into this store was begun and did not come to its end."""
    return store.get(SERVICE, _HALF.key) is not None


def _items(shop: Dataset) -> Iterator[Record]:
    for row in shop.items.iter_rows(named=True):
        item = ItemIn.from_item(item_from_row(row))
        yield Record(key=item.item_id, value=item.stored())


def _entries(shop: Dataset) -> Iterator[Entry]:
    return (_entry(row, place) for place, row in enumerate(shop.events.iter_rows(named=True)))


def _check_readable(entry: Entry, place: int) -> None:
    """Errors: `InputError` for an event that no engine could read back."""
    try:
        events_of(entry)
    except InputError as error:
        raise InputError(
            expected=error.expected, found=f"{error.found} (event {place:,} of the shop)", todo=error.todo
        ) from error


def _profile(user_id: str, attributes: str | None) -> Record:
    from warmstart.data.wire.parsing import load_json

    return Record(key=user_id, value=load_json(attributes) if attributes else {})


def _entry(row: Mapping[str, Any], place: int) -> Entry:
    """One row of an events table as a line of the log; its key is its place in the shop that it is from."""
    from warmstart.data.wire.parsing import load_json

    value = {
        name: row[name]
        for name in (c.EVENT_TYPE, c.ITEM_ID, c.QUERY, c.SESSION_ID, c.VALUE, c.TIMESTAMP)
        if row[name] is not None
    }
    if row[c.CONTEXT]:
        value[c.CONTEXT] = load_json(row[c.CONTEXT])
    if row[c.TIMESTAMP] is None:
        value[UNTIMED] = True
    if value[c.EVENT_TYPE] == "rate" and row[c.VALUE] is None:
        value[c.EVENT_TYPE] = "interaction"  # a rating of which only the fact is known
    return Entry(value=value, user_id=row[c.USER_ID], key=f"import:{place}", at=row[c.TIMESTAMP])


def _chunks(values: Iterable[Any], total: int, what: str = "items") -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for value in track(values, f"importing {what}", total=total):
        chunk.append(value)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
