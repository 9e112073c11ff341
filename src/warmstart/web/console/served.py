"""For whom it works: what users did since the model was learned, and whether it had been in their lists."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from warmstart.core import columns as c
from warmstart.data.records import Event
from warmstart.engine.engine import Engine
from warmstart.engine.listing import touched

N: Final = 20
MOST: Final = 300
"""So many questions are asked of a shop that has more."""
_EDGES: Final = (0, 1, 2, 3, 5, 10, 20, 50)


@dataclass(frozen=True)
class Question:
    """What somebody did before, which new item they then chose, and how many events that one had."""

    before: tuple[Event, ...]
    chosen: str
    item_events: int


@dataclass(frozen=True)
class Served:
    """At which place the chosen item stood in their own list, and in the one of a stranger; 0: in none."""

    question: Question
    place: int
    stranger: int


def questions_of(engine: Engine, most: int = MOST, seed: int = 0) -> list[Question]:
    """One for each item that a user first touched since the fit; a sample where there are more than `most`.

    The model's tables have not learned these events, so the answers are what users could have got.
    """
    fresh = engine.since_fit()
    counts = Counter(dict(engine.dataset.events[c.ITEM_ID].drop_nulls().value_counts().iter_rows()))
    counts.subtract(dict(fresh[c.ITEM_ID].drop_nulls().value_counts().iter_rows()))
    found = [
        Question(before, chosen, counts[chosen])
        for user_id, new in sorted(fresh[c.USER_ID].value_counts().iter_rows())
        for before, chosen in _firsts(engine.events_of(user_id), new)
        if engine.item(chosen) is not None
    ]
    if len(found) <= most:
        return found
    picked = np.random.default_rng(seed).choice(len(found), most, replace=False)
    return [found[place] for place in sorted(picked.tolist())]


def _firsts(events: Sequence[Event], new: int) -> list[tuple[tuple[Event, ...], str]]:
    """Of the last `new` events those on an item that the user had not touched, with all before them."""
    found = []
    for place in range(len(events) - new, len(events)):
        chosen = events[place].item_id
        if chosen and touched([events[place]]) and chosen not in touched(events[:place]):
            found.append((tuple(events[:place]), chosen))
    return found


def serve(engine: Engine, question: Question) -> Served:
    """Ask for the list that the user would have got, and for a stranger's without what they had touched."""
    own = engine.recommend(n=N, events=question.before, exposure=0.0).item_ids
    everybody = engine.recommend(n=N, exclude=touched(question.before), exposure=0.0).item_ids
    return Served(question, _place(own, question.chosen), _place(everybody, question.chosen))


def _place(listed: Sequence[str], chosen: str) -> int:
    return listed.index(chosen) + 1 if chosen in listed else 0


def by_user(served: Sequence[Served]) -> list[dict[str, Any]]:
    """By how many events were known of the user: a k-shot curve."""
    return _grouped(served, lambda one: len(one.question.before))


def by_item(served: Sequence[Served]) -> list[dict[str, Any]]:
    """By how many events the chosen item had when the model was learned."""
    return _grouped(served, lambda one: one.question.item_events)


def _grouped(served: Sequence[Served], count: Callable[[Served], int]) -> list[dict[str, Any]]:
    rows = []
    for low, above in zip(_EDGES, [*_EDGES[1:], None], strict=True):
        group = [one for one in served if low <= count(one) and (above is None or count(one) < above)]
        if group:
            rows.append({"from": low, "to": None if above is None else above - 1, **_row(group)})
    return rows


def _row(group: Sequence[Served]) -> dict[str, Any]:
    hits = sum(one.place > 0 for one in group)
    low, high = wilson(hits, len(group))
    gains = [1 / math.log2(one.place + 1) if one.place else 0.0 for one in group]
    return {
        "cases": len(group),
        "share": round(hits / len(group), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "ndcg": round(sum(gains) / len(gains), 4),
        "stranger": round(sum(one.stranger > 0 for one in group) / len(group), 4),
    }


def wilson(hits: int, cases: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927), which also holds for few cases.

    >>> [round(bound, 3) for bound in wilson(1, 10)]
    [0.018, 0.404]
    """
    share, spread = hits / cases, z * z / cases
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / cases + spread / (4 * cases))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))
