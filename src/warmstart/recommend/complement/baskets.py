"""What was taken together, read from the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl
from scipy import sparse

from warmstart.core import columns as c
from warmstart.core.linear import IntArray
from warmstart.data.dataset import Dataset
from warmstart.recommend.evidence import EVENT_WEIGHTS
from warmstart.recommend.order.sequence import REACH, forward_counts

NEAR: Final = 3
"""In a log without baskets, events of one user up to this many places apart belong together."""

BACKWARD: Final = 0.5
"""What "j came before i" says of j as an answer to i, where "j came after i" says 1."""

FAR: Final = 0.05
"""What it says when one user chose both at some time, beside 1 for "together"."""

_ENOUGH: Final = 0.1


@dataclass(frozen=True)
class Baskets:
    """Groups of items that somebody took together, as catalogue positions, and whole histories.

    A group is a session of a user with two or more items; in it order says nothing. Where less than a
    tenth of the events stand in such sessions, a group is all that a user chose, `ordered` by time, and
    only what is near counts as together. `histories` is all that each user chose, and `owners` the
    place in it of each group's user. All are sorted by what they hold: nothing depends on the order of
    users.
    """

    groups: list[IntArray]
    owners: IntArray
    histories: list[IntArray]
    ordered: bool

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """Read a shop's log."""
        everything = _grouped(dataset.interactions, dataset.item_ids, [c.USER_ID])
        within = dataset.interactions.filter(pl.col(c.SESSION_ID).is_not_null())
        sessions = [
            (user, group)
            for user, group in _grouped(within, dataset.item_ids, [c.USER_ID, c.SESSION_ID])
            if len(group) > 1
        ]
        everything.sort(key=lambda pair: pair[1].tolist())
        histories = [group for _, group in everything]
        place = {user: k for k, (user, _) in enumerate(everything)}
        if sum(len(group) for _, group in sessions) < _ENOUGH * max(len(dataset.interactions), 1):
            return cls(histories, np.arange(len(histories)), histories, ordered=True)
        sessions.sort(key=lambda pair: (place[pair[0]], pair[1].tolist()))
        owners = np.array([place[user] for user, _ in sessions], dtype=np.int64)
        return cls([group for _, group in sessions], owners, histories, ordered=False)

    def without(self, users: IntArray) -> Self:
        """The same log without the users at these places of `histories`."""
        gone = np.isin(self.owners, users)
        kept = np.setdiff1d(np.arange(len(self.histories)), users)
        place = np.full(len(self.histories), -1)
        place[kept] = np.arange(len(kept))
        return type(self)(
            groups=[group for group, dropped in zip(self.groups, gone, strict=True) if not dropped],
            owners=place[self.owners[~gone]],
            histories=[self.histories[user] for user in kept],
            ordered=self.ordered,
        )

    def pairs(self, n_items: int) -> sparse.csr_matrix:
        """How often j went with i, in entry (i, j), plus `FAR` for each user who chose both at all."""
        near = forward_counts(self.groups, n_items, reach=NEAR if self.ordered else REACH)
        far = forward_counts(self.histories, n_items)
        back = BACKWARD if self.ordered else 1.0
        return sparse.csr_matrix(near + back * near.T + FAR * (far + far.T), dtype=np.float32)

    def questions(self, users: IntArray, rng: np.random.Generator) -> list[tuple[int, int]]:
        """For each of these users an item of a group, and another of it: the next one in order."""
        found = []
        own = np.flatnonzero(np.isin(self.owners, users))
        for group in (self.groups[place] for place in own if len(self.groups[place]) > 1):
            first = int(rng.integers(len(group) - 1))
            pair = group[first : first + 2] if self.ordered else rng.permutation(group)[:2]
            found.append((int(pair[0]), int(pair[1])))
        return found


def _grouped(events: pl.DataFrame, item_ids: Sequence[str], key: list[str]) -> list[tuple[str, IntArray]]:
    """The user and the items of each group, in order of first touch; only what speaks for an item."""
    place = pl.DataFrame({c.ITEM_ID: item_ids, "column": np.arange(len(item_ids))})
    chosen = (
        events.filter(pl.col(c.EVENT_TYPE).replace_strict(EVENT_WEIGHTS, return_dtype=pl.Float64) > 0)
        .unique([*key, c.ITEM_ID], keep="first", maintain_order=True)
        .join(place, on=c.ITEM_ID, how="inner", maintain_order="left")
        .group_by(key, maintain_order=True)
        .agg("column")
    )
    return [
        (user, np.array(group, dtype=np.int64))
        for user, group in chosen.select(c.USER_ID, "column").iter_rows()
    ]
