"""Cuts by time: what the shop knew at a moment, and who and what came later.

The newest 20 % of the users (by their first event) or of the items are the new ones, the moment is when
the first of them appeared, and training holds what happened before. No seed is drawn. This is stricter
than a random cut: nothing that a shop could not have known at that moment is learned from, and
fashions change between training and test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.data.dataset import Dataset
from warmstart.data.splits import SHARE, Split, few_shot_split, new_items_split, without

_FIRST: Final = "first"


def new_items(dataset: Dataset, seed: int = 0, share: float = SHARE) -> Split:
    """The newest items are withheld, and everything that happened since the first of them appeared."""
    items, moment = _newest(dataset, c.ITEM_ID, share)
    train = _before(without(dataset, items=items), moment)
    return replace(new_items_split(dataset, train, seed, items), before=moment)


def new_users(dataset: Dataset, seed: int = 0, share: float = SHARE) -> Split:
    """The newest users are withheld, and everything that happened since the first of them appeared."""
    users, moment = _newest(dataset, c.USER_ID, share)
    train = _before(without(dataset, users=users), moment)
    return replace(few_shot_split("new-users", dataset, train, seed, users=users), before=moment)


def new_both(dataset: Dataset, seed: int = 0, share: float = SHARE, *, every_target: bool = False) -> Split:
    """The newest users and the newest items are withheld, at the moment of the first new user."""
    items, _ = _newest(dataset, c.ITEM_ID, share)
    users, moment = _newest(dataset, c.USER_ID, share)
    train = _before(without(dataset, items=items, users=users), moment)
    split = few_shot_split("new-both", dataset, train, seed, items=items, users=users)
    return replace(split if every_target else split.only_new_items(), before=moment)


TEMPORAL_SPLITS: Final[Mapping[str, Callable[[Dataset, int], Split]]] = {
    "new-items": new_items,
    "new-users": new_users,
    "new-both": partial(new_both, every_target=False),
}


def _newest(dataset: Dataset, column: str, share: float) -> tuple[frozenset[str], float]:
    """The ids whose first event is among the last `share`, and the earliest of those first events."""
    times = dataset.interactions[c.TIMESTAMP]
    if times.is_empty() or times.null_count():
        raise InputError(
            expected="a timestamp on every event, for a temporal cut",
            found=f"{times.null_count()} of {len(times)} events without one",
            todo="Use the random cut (--cut random), or add timestamps.",
        )
    firsts = (
        dataset.interactions.group_by(column)
        .agg(pl.col(c.TIMESTAMP).min().alias(_FIRST))
        .sort(_FIRST, column)
        .tail(max(1, round(share * dataset.interactions[column].n_unique())))
    )
    moment = float(firsts[_FIRST][0])
    # Whoever first came in the same second is new too: the moment divides without remainder.
    newest = dataset.interactions.group_by(column).agg(pl.col(c.TIMESTAMP).min().alias(_FIRST))
    return frozenset(newest.filter(pl.col(_FIRST) >= moment)[column].to_list()), moment


def _before(dataset: Dataset, moment: float) -> Dataset:
    """What has no time (reviews, withheld ratings) may be later, and goes."""
    earlier = (pl.col(c.TIMESTAMP) < moment).fill_null(value=False)
    if dataset.interactions.filter(earlier).is_empty():
        raise InputError(
            expected="events from before the newest users or items came",
            found=f"none before the moment of the cut ({moment:.0f}, in Unix seconds)",
            todo="Use the random cut (--cut random): these timestamps tell no order.",
        )
    return replace(
        dataset,
        events=dataset.events.filter(earlier),
        reviews=dataset.reviews.filter(earlier),
        withheld=dataset.withheld.filter(earlier),
    )
