"""What each user did, in order, as positions in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from warmstart.core import columns as c
from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.recommend.evidence import EVENT_WEIGHTS, RatingScale


@dataclass(frozen=True)
class Journey:
    """One user's items in order of first touch, what each says, and which the user turned to by choice.

    A bad rating is a choice that speaks against; an impression is none, and not in here.
    """

    positions: IntArray
    weights: FloatArray
    chosen: BoolArray

    def first(self, n: int) -> tuple[IntArray, FloatArray]:
        """Those of the first `n` items that say something: positions and weights."""
        said = self.weights[:n] != 0
        return self.positions[:n][said], self.weights[:n][said]


def journeys(
    dataset: Dataset, place: Mapping[str, int], scale: RatingScale, texts: Sequence[str]
) -> list[Journey]:
    """One for each user with an event that says anything, in an order that depends on no name.

    Items are ranked by their text, users by the items they touched.
    """
    events = dataset.interactions.select(c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.VALUE)
    found: dict[str, dict[int, tuple[float, bool]]] = {}
    for user_id, item_id, event_type, value in events.iter_rows():
        position = place.get(item_id)
        if position is not None and EVENT_WEIGHTS[event_type]:
            own = found.setdefault(user_id, {})
            weight, chosen = scale.weight(event_type, value), EVENT_WEIGHTS[event_type] > 0
            before = own.get(position, (weight, chosen))
            own[position] = (max(before[0], weight), before[1] or chosen)
    rank = np.argsort(sorted(range(len(texts)), key=texts.__getitem__))
    return sorted((_journey(own) for own in found.values()), key=lambda one: _name(one, rank))


def _journey(own: Mapping[int, tuple[float, bool]]) -> Journey:
    return Journey(
        np.fromiter(own, dtype=np.int64),
        np.array([weight for weight, _ in own.values()], dtype=np.float32),
        np.array([chosen for _, chosen in own.values()], dtype=np.bool_),
    )


def _name(journey: Journey, rank: IntArray) -> tuple[list[int], list[float]]:
    return rank[journey.positions].tolist(), journey.weights.tolist()


def choices(users: Sequence[Journey], n_items: int) -> sparse.csr_matrix:
    """Ones where a user chose an item, shape (users, items)."""
    lengths = [int(user.chosen.sum()) for user in users]
    columns = [user.positions[user.chosen] for user in users]
    place = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)
    rows = np.repeat(np.arange(len(users)), lengths)
    ones = np.ones(len(place), dtype=np.float32)
    return sparse.csr_matrix((ones, (rows, place)), shape=(len(users), n_items))
