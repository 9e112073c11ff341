"""Scores taken apart, and told in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from warmstart.data.item_list import Reason
from warmstart.data.query import Query
from warmstart.recommend.parts import KERNEL, KNN, POPULARITY, PROJECTION, WALK, WORDS

SOURCES: Final[Mapping[str, str]] = {
    KNN: "co-purchase",
    WALK: "co-purchase",
    KERNEL: "content",
    WORDS: "content",
    PROJECTION: "content",
    POPULARITY: "popularity",
}

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
        source = SOURCES.get(reason.kind, reason.kind)
        totals[source] = totals.get(source, 0.0) + reason.value
    return max(totals, key=lambda source: totals[source]) if totals else ""


def by_evidence(reasons: Sequence[Reason], most: int) -> tuple[Reason, ...]:
    """The `most` pieces of evidence that add most, each with what all parts drew from it."""
    totals: dict[str, dict[str, float]] = {}
    for reason in reasons:
        kinds = totals.setdefault(reason.item_id, {})
        source = SOURCES.get(reason.kind, reason.kind)
        kinds[source] = kinds.get(source, 0.0) + reason.value
    joined = [
        Reason(kind=max(kinds, key=lambda kind: kinds[kind]), value=sum(kinds.values()), item_id=item_id)
        for item_id, kinds in totals.items()
    ]
    helpful = sorted((reason for reason in joined if reason.value > 0), key=lambda reason: -reason.value)
    return tuple(helpful[:most])


def in_words(reasons: Sequence[Reason], query: Query, titles: Mapping[str, str]) -> tuple[Reason, ...]:
    """The same reasons with a sentence each."""
    verbs: dict[str | None, str] = {
        event.item_id: _VERBS.get(event.event_type, "chose") for event in query.events if event.item_id
    }
    return tuple(replace(reason, text=_sentence(reason, verbs, titles)) for reason in reasons)


def _sentence(reason: Reason, verbs: Mapping[str | None, str], titles: Mapping[str, str]) -> str:
    if not reason.item_id:
        return {
            "popularity": "liked by many",
            "lexical": "has your words",
            "dense": "means what you typed",
        }.get(reason.kind, reason.kind)
    title = titles.get(reason.item_id) or reason.item_id
    verb = verbs.get(reason.item_id)
    tie = "often chosen with" if SOURCES.get(reason.kind, reason.kind) == "co-purchase" else "like"
    return f"{tie} {title}, which you {verb}" if verb else f"{tie} {title}"
