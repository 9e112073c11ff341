"""From the scores of a catalogue to the list that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from warmstart.core.errors import InputError
from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.data.item_list import ItemList, Reason
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.engine.explaining import main_source
from warmstart.policy.exposure import EXPOSURE
from warmstart.recommend.evidence import EVENT_WEIGHTS
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.recommend.interests import room_for_all

Told = Callable[[Sequence[Reason], Query, str], tuple[Reason, ...]]
"""Puts the reasons for an item into words."""

_NEW: Final = Reason(kind=EXPOSURE, value=0.0, text="new here, or known to few so far")


def checked_size(n: int) -> int:
    """The length of list asked for. Errors: `InputError` when it is negative."""
    if n < 0:
        raise InputError(expected="n of at least 0", found=str(n), todo="Ask for how many items you want.")
    return n


def touched(events: Iterable[Event]) -> set[str]:
    """The items that a user did something with; what was only shown to them is not among them."""
    return {event.item_id for event in events if event.item_id and EVENT_WEIGHTS[event.event_type]}


def serving(scorer: FusedScorer, query: Query, scores: FloatArray, allowed: BoolArray, n: int) -> BoolArray:
    """Which items may be shown so that a list of the best `n` serves every interest of the history."""
    known = np.where(allowed, scores, np.float32("nan"))
    return room_for_all(known, scorer.content, scorer.history(query), n)


def listed(
    item_ids: Sequence[str], chosen: IntArray, scores: FloatArray, source: str | None = None
) -> ItemList:
    """The items at these catalogue positions, in this order; nothing about them is left to chance."""
    return ItemList(
        item_ids=tuple(item_ids[i] for i in chosen),
        scores=scores[chosen],
        sources=(source,) * len(chosen) if source else (),
        propensities=np.ones(len(chosen), dtype=np.float32),
    )


def ranking(scores: FloatArray, top: IntArray) -> FloatArray:
    """Scores whose order is `top`, then everything else as it was.

    >>> ranking(np.array([0.5, 2.0, np.nan, 1.0], dtype=np.float32), np.array([3, 1])).tolist()
    [0.5, 3.0, nan, 4.0]
    """
    best = float(np.nanmax(scores)) if np.isfinite(scores).any() else 0.0
    ranked: FloatArray = scores.copy()
    ranked[top] = best + np.arange(len(top), 0, -1, dtype=np.float32)
    return ranked


def explained(
    items: ItemList,
    parts: Sequence[Sequence[Reason]],
    reasons: Sequence[tuple[Reason, ...]],
    warnings: tuple[str, ...],
) -> ItemList:
    """The list with what it comes from (the whole of `parts`) and why (the `reasons` worth telling).

    What a policy put there keeps that as its source and says so after its other reasons.
    """
    sources = [
        item.source or (main_source(found) if any(part.value for part in found) else "catalogue")
        for item, found in zip(items, parts, strict=True)
    ]
    told = [
        (*own, _NEW) if source == EXPOSURE else own for source, own in zip(sources, reasons, strict=True)
    ]
    return replace(items, sources=tuple(sources), reasons=tuple(told), warnings=warnings)
