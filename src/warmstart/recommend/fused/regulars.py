"""Whose events the tables were learned from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from warmstart.core import columns as c
from warmstart.core.component import State
from warmstart.data.dataset import Dataset


@dataclass(frozen=True)
class Regulars:
    """How many items of each user the tables have seen.

    In the tables a regular's own events stand among those of all others: what they chose together looks
    more related than it will look to a stranger, and most of all where an item has few events. A score
    that is right for strangers is therefore not right for regulars. Kept are ten bytes a user: 64 bits
    of a hash of the id, and a count.
    """

    keys: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """The users of a shop's log."""
        chosen = dataset.interactions.group_by(c.USER_ID).n_unique().select(c.USER_ID, c.ITEM_ID)
        return cls.counting(dict(chosen.iter_rows()))

    @classmethod
    def counting(cls, items: Mapping[str, int]) -> Self:
        """From the number of items of each user."""
        keys = np.array([_key(user_id) for user_id in items], dtype=np.uint64)
        counts = np.minimum(np.array(list(items.values()), dtype=np.int64), np.iinfo(np.uint16).max)
        order = np.argsort(keys)
        return cls(keys[order], counts.astype(np.uint16)[order])

    def share(self, user_id: str | None, n_items: int) -> float:
        """How much of a history of so many items the tables have seen, from 0 to 1.

        >>> Regulars.counting({"ann": 3}).share("ann", 4)
        0.75
        >>> Regulars.counting({"ann": 3}).share("bob", 4)
        0.0
        """
        if user_id is None or not n_items or not len(self.keys):
            return 0.0
        key = np.uint64(_key(user_id))
        place = int(np.searchsorted(self.keys, key))
        if place == len(self.keys) or self.keys[place] != key:
            return 0.0
        return min(1.0, int(self.counts[place]) / n_items)

    def get_state(self) -> State:
        """As a tree that can be saved."""
        return {"keys": self.keys, "counts": self.counts}


def _key(user_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(user_id.encode(), digest_size=8).digest(), "little")
