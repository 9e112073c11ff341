"""Items that go together, learned from who bought what: the text of one finds that of the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np
import polars as pl

from warmstart.adapt.supervised.ranking import RankedList, RankingJob
from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.core.linear import IntArray
from warmstart.data.dataset import Dataset
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning
from warmstart.roles.encoder import Side

BOUGHT: Final = ("purchase",)
TURNED_TO: Final = ("purchase", "interaction", "click", "view", "add_to_cart", "rate", "review", "like")


def baskets_of(dataset: Dataset) -> list[IntArray]:
    """For each user the places of the items that they bought, each once; users with one are left out.

    Where hardly anything is sold, what they turned to in other ways.
    """
    for kinds in (BOUGHT, TURNED_TO):
        found = _baskets(dataset, kinds)
        if len(found) > 1:
            return found
    return []


def _baskets(dataset: Dataset, kinds: Sequence[str]) -> list[IntArray]:
    place = {item_id: i for i, item_id in enumerate(dataset.item_ids)}
    rows = dataset.interactions.filter(pl.col(c.EVENT_TYPE).is_in(list(kinds)))
    groups = rows.group_by(c.USER_ID, maintain_order=True).agg(pl.col(c.ITEM_ID).unique())
    found = [
        sorted(place[item] for item in items if item in place) for items in groups[c.ITEM_ID].to_list()
    ]
    return [np.array(basket, dtype=np.int64) for basket in found if len(basket) > 1]


class ItemToItemJob(RankingJob):
    """Tunes an encoder so that the text of an item finds those that the same people bought.

    The in-batch softmax of `RankingJob`: one item of a user's is the query, another the answer, and what
    else that user bought is no rival. Pairs are drawn while training, none is ever listed; each user
    counts once per epoch, however much they bought. A share `held_out` of the users is held back to judge
    by (nDCG of one pair for each, among the answers of all).
    """

    asking: ClassVar[Side] = "item"

    def __init__(
        self,
        backbone: Backbone,
        tuning: Tuning,
        dataset: Dataset,
        *,
        held_out: float = 0.1,
        scale: float = 20.0,
        total_steps: int = 100,
        seed: int = 0,
    ) -> None:
        self._texts, baskets = dataset.item_texts, baskets_of(dataset)
        order = np.random.default_rng([seed, 4]).permutation(len(baskets)).tolist()
        held = order[: int(len(baskets) * held_out)]
        self.baskets = [baskets[i] for i in sorted(set(order) - set(held))]
        if not self.baskets:
            raise InputError(
                expected="users who bought at least two items",
                found=f"{len(baskets)} of them",
                todo="Use RankingJob with pairs of your own, or wait for more events.",
            )
        rng = np.random.default_rng([seed, 5])
        asked = [self._pair(baskets[i], rng) for i in sorted(held)]
        super().__init__(
            backbone,
            tuning,
            [],
            held_out=asked,
            kind="in-batch",
            scale=scale,
            total_steps=total_steps,
            seed=seed,
        )

    @property
    def size(self) -> int:
        """How many users to learn from."""
        return len(self.baskets)

    def drawn(self, chosen: Sequence[int], rng: np.random.Generator) -> list[RankedList]:
        """Two items of each user."""
        return [self._pair(self.baskets[place], rng) for place in chosen]

    def _pair(self, basket: IntArray, rng: np.random.Generator) -> RankedList:
        one, other = rng.choice(basket, size=2, replace=False).tolist()
        known = frozenset(self._texts[i] for i in basket.tolist())
        return RankedList(query=self._texts[one], items=(self._texts[other],), grades=(1.0,), known=known)


def users_of(size: int, held_out: float) -> int:
    """How many of `size` users are learned from, for `Trainer.total_steps`.

    >>> users_of(25, 0.1)
    23
    """
    return size - int(size * held_out)
