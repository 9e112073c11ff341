"""All that a shop keeps of one person, for them to take along."""

from __future__ import annotations

from typing import Any

from warmstart.data.wire.events import EventIn
from warmstart.roles.store import USERS, Store
from warmstart.serve.facts import UNTIMED
from warmstart.serve.tables import rows_of


def all_of(store: Store, user_id: str) -> dict[str, Any]:
    """Profile, events, reviews and queries of a user, as they were sent or imported.

    The number of an event is the one by which it can be taken back.
    """
    profile = store.get(USERS, user_id)
    events = []
    for entry in store.read(user_id=user_id):
        said = {name: value for name, value in entry.value.items() if name != UNTIMED}
        event = EventIn.from_stored(said, user_id)
        kept = {"user_id": user_id, "received_at": entry.at, "number": entry.number}
        events.append({**event.stored(), **kept})
    return {
        "user_id": user_id,
        "attributes": {} if profile is None else profile.value,
        "events": events,
        **{table: rows_of(store, table, user_id) for table in ("reviews", "queries")},
    }
