"""Items that a shop wants higher, or lower, than they would stand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from warmstart.core.errors import InputError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.item_list import ItemList, Reason
from warmstart.engine.shelves import Shelves

LARGEST: Final = 100.0
BOOST: Final = "boost"


@dataclass(frozen=True, kw_only=True)
class Boost:
    """Raise what passes `filters` by `weight` standard deviations of the scores; below 0 it sinks.

    A deviation is that among the items which may be shown for this question, so that one weight means the
    same for a search and for a recommendation. It is no rule: a very bad fit stays below a very good one.
    """

    filters: Mapping[str, Any] = field(default_factory=dict)
    weight: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.weight) or abs(self.weight) > LARGEST:
            raise InputError(
                expected=f"a boost from -{LARGEST:g} to {LARGEST:g}",
                found=repr(self.weight),
                todo="1 is already much; to show or hide items always, use filters and exclude.",
            )


def shift(boosts: Sequence[Boost], shelves: Shelves, scores: FloatArray) -> FloatArray:
    """How much each item is raised, in catalogue order."""
    known = scores[np.isfinite(scores)]
    unit = float(known.std()) if len(known) else 0.0
    raised = np.zeros(len(scores), dtype=np.float32)
    for boost in boosts:
        raised += np.float32(unit * boost.weight) * shelves.passing(boost.filters)
    return raised


def told(items: ItemList, raised: FloatArray, positions: IntArray) -> ItemList:
    """The list with what a boost added among the reasons."""
    reasons = [
        (*own, Reason(kind=BOOST, value=float(value), text="the shop's wish")) if value else own
        for own, value in zip(items.reasons, raised[positions].tolist(), strict=True)
    ]
    return replace(items, reasons=tuple(reasons))
