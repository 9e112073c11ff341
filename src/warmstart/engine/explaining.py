"""Scores taken apart, and told in words."""

from __future__ import annotations

from calendar import month_name
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from warmstart.data.item_list import Reason
from warmstart.data.query import Query
from warmstart.recommend.context.part import CONTEXT
from warmstart.recommend.fused.parts import (
    ALIKE,
    DRIFT,
    FORWARD,
    KNN,
    LATE,
    NEXT,
    POPULARITY,
    PROJECTION,
    TASTE,
    WALK,
    WORDS,
)
from warmstart.recommend.fused.scorer import IMPRESSION

SOURCES: Final[Mapping[str, str]] = {
    KNN: "co-purchase",
    WALK: "co-purchase",
    FORWARD: "co-purchase",
    NEXT: "co-purchase",
    TASTE: "co-purchase",
    DRIFT: "co-purchase",
    ALIKE: "content",
    WORDS: "content",
    PROJECTION: "content",
    POPULARITY: "popularity",
    LATE: "popularity",
}

_SAID: Final[Mapping[str, str]] = {
    "lexical": "has your words",
    "dense": "means what you typed",
    "refused": "is like what you do not want",
    IMPRESSION: "was shown to you and left alone",
    "price unknown": "nobody knows its price",
}

_WHEN: Final[Mapping[str, str]] = {
    **{f"month: {month:02d}": f"in {month_name[month]}" for month in range(1, 13)},
    **{f"season: {season}": f"in {season}" for season in ("winter", "spring", "summer", "autumn")},
    **{f"part of day: {part}": f"in the {part}" for part in ("morning", "afternoon", "evening")},
    "part of day: night": "at night",
    "day: weekday": "on weekdays",
    "day: weekend": "at weekends",
}

_TELLING: Final = 0.1  # evidence that adds less than a tenth of the best is not worth a shopper's time

_VERBS: Final[Mapping[str, str]] = {
    "view": "viewed",
    "click": "clicked",
    "add_to_cart": "put in the cart",
    "purchase": "bought",
    "rate": "rated",
    "review": "reviewed",
    "like": "liked",
    "wishlist": "wished for",
}


def main_source(reasons: Sequence[Reason]) -> str:
    """What the largest share of a score comes from."""
    totals: dict[str, float] = {}
    for reason in reasons:
        source = _source(reason.kind)
        totals[source] = totals.get(source, 0.0) + reason.value
    return max(totals, key=lambda source: totals[source]) if totals else ""


def _source(kind: str) -> str:
    return "context" if kind.startswith(CONTEXT) else SOURCES.get(kind, kind)


def by_evidence(reasons: Sequence[Reason], most: int) -> tuple[Reason, ...]:
    """The `most` pieces of evidence that add most, each with what all parts drew from it.

    A piece is an item of the history, a value of the context, or what is believed without either.
    """
    totals: dict[tuple[str, str], dict[str, float]] = {}
    for reason in reasons:
        value = reason.kind if reason.kind.startswith(CONTEXT) else ""
        kinds = totals.setdefault((reason.item_id, value), {})
        source = value or _source(reason.kind)
        kinds[source] = kinds.get(source, 0.0) + reason.value
    joined = [
        Reason(kind=max(kinds, key=lambda kind: kinds[kind]), value=sum(kinds.values()), item_id=item_id)
        for (item_id, _), kinds in totals.items()
    ]
    ranked = sorted(joined, key=lambda reason: -reason.value)[:most]
    return tuple(reason for reason in ranked if reason.value > max(0.0, _TELLING * ranked[0].value))


def in_words(
    reasons: Sequence[Reason],
    query: Query,
    titles: Mapping[str, str],
    item_id: str,
    has_events: Callable[[str], bool],
) -> tuple[Reason, ...]:
    """The same reasons with a sentence each.

    Where the item or the evidence has no events, co-purchase is that of things like it, and told so.
    """
    verbs: dict[str | None, str] = {
        event.item_id: _VERBS.get(event.event_type, "chose") for event in query.events if event.item_id
    }
    new = not has_events(item_id)

    def sentence(reason: Reason) -> str:
        if not reason.item_id:
            return _prior_sentence(reason, new)
        borrowed = new or not has_events(reason.item_id)
        title, verb = titles.get(reason.item_id) or reason.item_id, verbs.get(reason.item_id)
        return _sentence(reason, title, verb, borrowed)

    return tuple(replace(reason, text=sentence(reason)) for reason in reasons)


def _sentence(reason: Reason, title: str, verb: str | None, borrowed: bool) -> str:
    bought = _source(reason.kind) == "co-purchase"
    tie = ("things alike go with" if borrowed else "often chosen with") if bought else "like"
    return f"{tie} {title}, which you {verb}" if verb else f"{tie} {title}"


def _prior_sentence(reason: Reason, new: bool) -> str:
    if reason.kind == "popularity":
        who = "many" if reason.value > 0 else "few"
        return f"likely to be liked by {who}" if new else f"liked by {who}"
    if reason.kind.startswith(CONTEXT):
        wanted = "more" if reason.value > 0 else "less"
        return f"{wanted} wanted {when(reason.kind.removeprefix(CONTEXT))}"
    return _SAID.get(reason.kind, reason.kind)


def when(scene: str) -> str:
    """A value of a context as the end of a sentence.

    >>> when("season: winter"), when("day: weekend"), when("month: 12")
    ('in winter', 'at weekends', 'in December')
    >>> when("device: mobile"), when("age: below 20")
    ('where device is mobile', 'where age is below 20')
    """
    name, _, value = scene.partition(": ")
    return _WHEN.get(scene, f"where {name} is {value}")
