"""How good an item is found, and how generous a user is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.recommend.ratings.answers import Estimate, answered
from warmstart.roles.encoder import Encoder
from warmstart.roles.rater import ITEM, USER, Rater

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """Ratings as arrays: entry i is what user `user[i]` gave to item `item[i]`."""

    user: IntArray
    item: IntArray
    value: Values
    n_users: int
    n_items: int

    @classmethod
    def of(cls, table: pl.DataFrame, n_items: int) -> Ratings:
        """From the table that `Rater._fit` is given."""
        user = table[USER].to_numpy().astype(np.int64)
        return cls(
            user=user,
            item=table[ITEM].to_numpy().astype(np.int64),
            value=table[c.VALUE].to_numpy().astype(np.float64),
            n_users=int(user.max() + 1) if len(user) else 0,
            n_items=n_items,
        )

    def mean(self, otherwise: float) -> float:
        """The mean rating."""
        return float(self.value.mean()) if len(self.value) else otherwise

    def item_counts(self) -> Values:
        """Ratings of each item."""
        return np.bincount(self.item, minlength=self.n_items).astype(np.float64)


def shrunk_mean(values: Values, groups: IntArray, n: int, shrinkage: float) -> Values:
    """Sum of each group over its count + shrinkage: the mean, drawn towards 0 where there is little."""
    sums = np.bincount(groups, values, minlength=n)
    return np.asarray(sums / np.maximum(np.bincount(groups, minlength=n) + shrinkage, 1e-9))


def both_biases(
    ratings: Ratings, mean: float, item_shrinkage: float, user_shrinkage: float, rounds: int = 6
) -> tuple[Values, Values]:
    """Item and user biases, each given the other: r = mean + b_item + b_user (Koren, 2010, eq. 2)."""
    rest = ratings.value - mean
    items, users = np.zeros(ratings.n_items), np.zeros(ratings.n_users)
    for _ in range(rounds):
        items = shrunk_mean(rest - users[ratings.user], ratings.item, ratings.n_items, item_shrinkage)
        users = shrunk_mean(rest - items[ratings.item], ratings.user, ratings.n_users, user_shrinkage)
    return items, users


def spread_of(errors: Values) -> float:
    """Root mean square, 1 where there is nothing."""
    return float(np.sqrt(np.mean(errors**2))) if len(errors) else 1.0


@dataclass(kw_only=True)
class ItemMeanRater(Rater):
    """The mean rating of the item, drawn towards that of the shop where few have rated.

    The baseline that any prediction of ratings must beat. The same for everybody, and the shop's mean
    for a new item: it knows neither taste nor text.

    Cost: one pass over the ratings.
    """

    shrinkage: float = tunable(3.0, low=0.3, high=30.0, log=True)
    estimate: Estimate = "mean"

    def _fit(self, dataset: Dataset, ratings: pl.DataFrame, encoder: Encoder | None) -> None:
        table = Ratings.of(ratings, len(dataset.items))
        self.mean_ = table.mean(sum(self.scale_) / 2)
        self.levels_ = np.unique(table.value)
        self.items_ = shrunk_mean(table.value - self.mean_, table.item, table.n_items, self.shrinkage)
        self.spread_ = spread_of(table.value - self.mean_ - self.items_[table.item])

    def _predict(self, query: Query, positions: IntArray) -> FloatArray:
        mean = self.mean_ + np.append(self.items_, 0.0)[positions]
        return answered_by(self, mean, self.spread_)


@dataclass(kw_only=True)
class UserBiasRater(Rater):
    """Item mean plus how much above it this user rates: r = mean + b_item + b_user.

    Half of what a few ratings say about a user is how generous they are, and this says it. It knows no
    taste: two users with one bias get one order of items. A user known from training brings what was
    learned there. Koren, "Factor in the neighbors" (2010), section 2.1.

    Cost: a dozen passes over the ratings; microseconds per question.
    """

    item_shrinkage: float = tunable(3.0, low=0.3, high=30.0, log=True)
    user_shrinkage: float = tunable(5.0, low=1.0, high=50.0, log=True)
    estimate: Estimate = "mean"

    def _fit(self, dataset: Dataset, ratings: pl.DataFrame, encoder: Encoder | None) -> None:
        table = Ratings.of(ratings, len(dataset.items))
        self.mean_ = table.mean(sum(self.scale_) / 2)
        self.levels_ = np.unique(table.value)
        self.items_, users = both_biases(table, self.mean_, self.item_shrinkage, self.user_shrinkage)
        rest = table.value - self.mean_ - self.items_[table.item]
        self.user_ids_ = user_ids(ratings)
        self.sums_ = np.bincount(table.user, rest, minlength=table.n_users)
        self.counts_ = np.bincount(table.user, minlength=table.n_users)
        self.spread_ = spread_of(rest - users[table.user])
        self._known = places(self.user_ids_)

    def _predict(self, query: Query, positions: IntArray) -> FloatArray:
        rated, values = self.evidence(query)
        known = self._known.get(query.user_id or "")
        total = float((values - self.mean_ - self.items_[rated]).sum())
        count = float(len(rated))
        if known is not None:
            total, count = total + float(self.sums_[known]), count + float(self.counts_[known])
        mean = self.mean_ + np.append(self.items_, 0.0)[positions] + total / (count + self.user_shrinkage)
        return answered_by(self, mean, self.spread_)

    def set_state(self, state: dict[str, Any]) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        self._known = places(self.user_ids_)


def user_ids(ratings: pl.DataFrame) -> list[str]:
    """The ids of the numbered users, in their order."""
    return ratings.unique(USER, keep="first").sort(USER)[c.USER_ID].to_list()


def places(ids: list[str]) -> dict[str, int]:
    """Where each id stands."""
    return {name: i for i, name in enumerate(ids)}


def answered_by(rater: ItemMeanRater | UserBiasRater, mean: Values, spread: float) -> FloatArray:
    """What a rater with one spread for all answers."""
    return answered(mean, np.full(len(mean), spread), rater.levels_, rater.estimate).astype(np.float32)
