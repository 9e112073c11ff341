"""How much each event says about what a user likes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
from scipy import sparse

from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event

EVENT_WEIGHTS: Final[dict[str, float]] = {
    "interaction": 1.0,
    "impression": 0.0,
    "view": 0.6,
    "click": 0.7,
    "search": 0.0,
    "add_to_cart": 0.9,
    "remove_from_cart": -0.3,
    "purchase": 1.0,
    "rate": 1.0,
    "review": 0.8,
    "like": 1.0,
    "dislike": -1.0,
    "wishlist": 0.9,
    "return": -0.8,
    "coupon_view": 0.3,
    "coupon_use": 0.9,
    "ad_impression": 0.0,
    "ad_click": 0.6,
}
"""Prior weights by event type, set by hand. A rating is scaled by its place on the shop's scale."""

SHOWN: Final = ("impression", "ad_impression")
"""Types of events that say no more than that an item was seen."""

RATED: Final = "rate by stars"
"""Among learned weights: the part of a rating's weight that grows from -1 at the lowest value to 1."""

_SHOWN_HALF_LIFE: Final = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class RatingScale:
    """What the shop's events say: the range in which its users rate, and weights by type.

    By hand the middle of the range says nothing either way and what lies below speaks against an item.
    `learned` weights (`event_weights.learn_event_weights`) say otherwise where the shop does.
    """

    low: float = 1.0
    high: float = 5.0
    learned: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, dataset: Dataset) -> RatingScale:
        """The range seen in the shop's ratings, 1 to 5 when there are none."""
        values = dataset.events.filter(pl.col(c.EVENT_TYPE) == "rate")[c.VALUE].drop_nulls()
        if len(values) == 0 or values.min() == values.max():
            return cls()
        return cls(low=float(values.min()), high=float(values.max()))  # type: ignore[arg-type]

    def weight(self, event_type: str, value: float | None) -> float:
        """Evidence of one event: 1 is a purchase or the best rating, negative speaks against.

        >>> RatingScale().weight("rate", 4.0), RatingScale().weight("click", None)
        (0.5, 0.7)
        """
        weight = self.learned.get(event_type, EVENT_WEIGHTS[event_type])
        if event_type != "rate" or value is None:
            return weight
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        place = float(np.clip((value - middle) / half, -1.0, 1.0))
        return weight + self.learned[RATED] * place if RATED in self.learned else weight * place


def item_weights(events: Iterable[Event], scale: RatingScale) -> dict[str, float]:
    """What a user's events say about each item they touched.

    Of several events on one item the strongest for it and the strongest against it count: ten views
    are not ten likings. Items keep the order of the last event that is any evidence: having been shown
    again changes nothing.
    """
    best: dict[str, tuple[float, float]] = {}
    for event in events:
        if event.item_id is None or not EVENT_WEIGHTS[event.event_type]:
            continue
        weight = scale.weight(event.event_type, event.value)
        high, low = best.pop(event.item_id, (0.0, 0.0))
        best[event.item_id] = (max(high, weight), min(low, weight))
    return {item_id: high + low for item_id, (high, low) in best.items() if high + low != 0.0}


def left_alone(events: Sequence[Event]) -> dict[str, float]:
    """How far each item was shown in vain: 0 not at all, a half once just now, towards 1 again and again.

    1 - 2^-n for n showings, each of which counts half for every 30 days since; `now` is the moment of the
    last event. Items that the user did something with, before or after, are not among them.

    >>> left_alone([Event(user_id="ann", item_id="tea", event_type="impression")] * 2)
    {'tea': 0.75}
    """
    touched = {event.item_id for event in events if EVENT_WEIGHTS[event.event_type]}
    now = max((event.timestamp for event in events if event.timestamp is not None), default=0.0)
    times: dict[str, float] = {}
    for event in events:
        if event.event_type in SHOWN and event.item_id is not None and event.item_id not in touched:
            age = now - (now if event.timestamp is None else event.timestamp)
            times[event.item_id] = times.get(event.item_id, 0.0) + 0.5 ** (age / _SHOWN_HALF_LIFE)
    return {item_id: 1.0 - 0.5**n for item_id, n in times.items()}


def interaction_matrix(dataset: Dataset) -> sparse.csr_matrix:
    """Who has something to do with what: ones at (user, item), users in order of their ids.

    Events that say nothing (impressions) or speak against an item are left out; low ratings stay,
    because choosing what to rate is itself evidence of what users come for.
    """
    events = dataset.interactions.filter(
        pl.col(c.EVENT_TYPE).replace_strict(EVENT_WEIGHTS, return_dtype=pl.Float64) > 0
    ).unique([c.USER_ID, c.ITEM_ID], maintain_order=True)
    place = pl.DataFrame({c.ITEM_ID: dataset.item_ids, "column": np.arange(len(dataset.item_ids))})
    known = events.join(place, on=c.ITEM_ID, how="inner", maintain_order="left")
    users = known[c.USER_ID].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (int(users.max() + 1) if len(users) else 0, len(dataset.item_ids))
    ones = np.ones(len(users), dtype=np.float32)
    return sparse.csr_matrix((ones, (users, known["column"].to_numpy())), shape=shape)


def weight_arrays(weights: dict[str, float], place: Mapping[str, int]) -> tuple[IntArray, FloatArray]:
    """Catalogue positions and weights of the items that are in the catalogue."""
    known = [(place[item_id], weight) for item_id, weight in weights.items() if item_id in place]
    positions = np.array([position for position, _ in known], dtype=np.int64)
    return positions, np.array([weight for _, weight in known], dtype=np.float32)
