"""What one user did as the store has it, beside what an engine holds of it."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence

from warmstart.data.records import Event
from warmstart.roles.store import Store
from warmstart.serve.facts import events_of

Numbered = tuple[int, Event]


def kept_of(store: Store, user_id: str, until: int | None = None) -> list[Numbered]:
    """A user's events with the numbers of their entries, up to a number; one entry may be several."""
    return [
        (entry.number or 0, event)
        for entry in store.read(user_id=user_id)
        if until is None or (entry.number or 0) <= until
        for event in events_of(entry)
    ]


def aligned(held: Sequence[Event], kept: Sequence[Event]) -> list[int | None]:
    """For each event that an engine holds its place among those that are kept; None where it has none.

    Of events that are all alike those stay together that stand in the same order. Where the two stand in
    different orders (after a merge), each event is any one that is like it.
    """
    told, known = [_key(event) for event in held], [_key(event) for event in kept]
    found = _in_order(told, known)
    complete = sum(place is not None for place in found) == len(known)
    return found if complete else _in_any_order(told, known)


def _in_order(told: Sequence[Hashable], known: Sequence[Hashable]) -> list[int | None]:
    found: list[int | None] = []
    following = 0
    for key in told:
        is_it = following < len(known) and key == known[following]
        found.append(following if is_it else None)
        following += is_it
    return found


def _in_any_order(told: Sequence[Hashable], known: Sequence[Hashable]) -> list[int | None]:
    places: dict[Hashable, list[int]] = {}
    for place in reversed(range(len(known))):
        places.setdefault(known[place], []).append(place)
    return [free.pop() if (free := places.get(key)) else None for key in told]


def _key(event: Event) -> Hashable:
    """What makes an event the same one. A position among others is no part of it: no store keeps it."""
    scene = json.dumps(dict(event.context), sort_keys=True) if event.context else ""
    did = event.event_type, event.item_id, event.query, event.value
    return (*did, event.timestamp, event.session_id, scene)
