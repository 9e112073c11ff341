"""What the shop shows somebody, after each thing that they did."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from warmstart.core import columns as c
from warmstart.data.item_list import ItemList
from warmstart.data.records import Event
from warmstart.engine.engine import Engine
from warmstart.web.console.shown import event_of, item_of, list_of

MOST_STEPS: Final = 30
NOBODY: Final = "somebody-invented"
"""In whose name the events of a replay stand; nothing of them is kept."""
_USERS: Final = 50


def invented(said: Sequence[tuple[str, str]]) -> tuple[Event, ...]:
    """Events of somebody who does not exist, as (event type, item). Errors: `InputError`."""
    now = time.time()
    return tuple(
        Event(user_id=NOBODY, event_type=act, item_id=item_id, timestamp=now - 60.0 * (len(said) - place))
        for place, (act, item_id) in enumerate(said)
    )


def replay(engine: Engine, events: Sequence[Event], n: int) -> dict[str, Any]:
    """The list for a stranger, then the list after each of the last events, and what changed.

    Each list is asked for with the events before it as evidence, by somebody who is not known: nothing is
    written. The model may have learned its shop-wide tables from these very events.
    """
    began = max(0, len(events) - MOST_STEPS)
    lists = [
        engine.recommend(n=n, events=events[:done], exposure=0.0) for done in range(began, len(events) + 1)
    ]
    steps = [_step(engine, items, lists[place - 1] if place else None) for place, items in enumerate(lists)]
    for step, event in zip(steps[1:], events[began:], strict=True):
        step["event"] = event_of(engine, event)
    return {"before": began, "steps": steps}


def _step(engine: Engine, items: ItemList, before: ItemList | None) -> dict[str, Any]:
    places = {item_id: place for place, item_id in enumerate(before.item_ids)} if before else {}
    listed = list_of(engine, items)
    for place, entry in enumerate(listed):
        was = places.get(entry["id"])
        entry["moved"] = None if was is None else was - place
    gone = [item_of(engine, item_id) for item_id in places if item_id not in set(items.item_ids)]
    return {
        "event": None,
        "items": listed,
        "gone": gone,
        "new": sum(entry["moved"] is None for entry in listed) if before else 0,
        "evidence": _evidence(items),
        "warnings": list(items.warnings),
    }


def _evidence(items: ItemList) -> float:
    """Which share of what speaks for the list comes from what this person did, not from what all do."""
    own = everything = 0.0
    for entry in items:
        for reason in entry.reasons:
            everything += max(reason.value, 0.0)
            own += max(reason.value, 0.0) if reason.item_id else 0.0
    return round(own / everything, 4) if everything else 0.0


def users_like(engine: Engine, words: str) -> list[dict[str, Any]]:
    """Users whose id holds some words, those with most events first."""
    counts = Counter(dict(engine.dataset.events[c.USER_ID].value_counts().iter_rows()))
    found = [user for user in engine.user_ids() if words.lower() in user.lower()]
    best = sorted(found, key=lambda user: (-counts[user], user))[:_USERS]
    return [{"id": user, "events": counts[user]} for user in best]
