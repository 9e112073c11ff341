"""Answers of the engine as JSON."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from warmstart.data.item_list import ItemList
from warmstart.data.records import Event
from warmstart.engine.boosting import Boost
from warmstart.engine.engine import Engine
from warmstart.serve.asked import ExplainIn, Listed, Personal, RankIn
from warmstart.serve.cursors import MOST_SHOWN, cursor_of, shown_before

NO_MODEL: Final = "shop_is_being_learned"
SESSION: Final = "this-visitor"
"""Whose events those of a question are when nobody is named; nothing of them is kept."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a list leaves out, and where its next page begins."""

    n: int
    shown: tuple[str, ...]
    exclude: frozenset[str]

    @classmethod
    def of(cls, asked: Listed, hidden: Iterable[str] = ()) -> Page:
        """Errors: `InputError` for a cursor that is none."""
        shown = shown_before(asked.cursor) if asked.cursor else ()
        return cls(n=asked.n, shown=shown, exclude=frozenset((*shown, *asked.exclude, *hidden)))

    def following(self, items: ItemList) -> str | None:
        """The cursor of the next page; None where this one was the last."""
        shown = (*self.shown, *items.item_ids)
        return cursor_of(shown) if len(items) == self.n and len(shown) < MOST_SHOWN else None


def new_request_id(scenario: str) -> str:
    """An id that says, to those who count clicks later, what was asked."""
    return f"{scenario}-{uuid.uuid4().hex}"


def scenario_of(request_id: str) -> str:
    """The scenario of an answer by its id; empty where it was not ours.

    >>> scenario_of(new_request_id("search"))
    'search'
    """
    scenario, _, rest = request_id.partition("-")
    return scenario if len(rest) == 32 and scenario.isalpha() else ""


def evidence(asked: Personal | RankIn | ExplainIn) -> tuple[Event, ...]:
    """The events of a question, in the name of whoever asks."""
    now = time.time()
    return tuple(event for said in asked.events for event in said.to_events(received_at=now))


def boosts(asked: Personal) -> tuple[Boost, ...]:
    """The boosts of a question."""
    return tuple(Boost(filters=said.filter, weight=said.weight) for said in asked.boost)


def hidden_from(engine: Engine, asked: Personal) -> set[str]:
    """What the user bought or has in the cart, as far as that is to be left out."""
    if not asked.hide or asked.who is None:
        return set()
    owned, in_cart = set[str](), set[str]()
    for event in (*engine.events_of(asked.who), *evidence(asked)):
        if event.item_id is None:
            continue
        if event.event_type == "purchase":
            owned.add(event.item_id)
            in_cart.discard(event.item_id)
        elif event.event_type == "return":
            owned.discard(event.item_id)
        elif event.event_type == "add_to_cart":
            in_cart.add(event.item_id)
        elif event.event_type == "remove_from_cart":
            in_cart.discard(event.item_id)
    return (owned if "owned" in asked.hide else set()) | (in_cart if "in_cart" in asked.hide else set())


def as_answer(request_id: str, items: ItemList, *, began: float, model: str, **more: Any) -> dict[str, Any]:
    """The shape of every list."""
    return {
        "request_id": request_id,
        **items.to_dict(),
        **more,
        "took_ms": round((time.perf_counter() - began) * 1000, 3),
        "model": model,
    }
