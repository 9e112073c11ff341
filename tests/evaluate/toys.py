"""A shop with a planted structure, and methods whose answers are known."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import FloatArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.roles.encoder import Encoder
from warmstart.roles.scorer import Retriever, Scorer

N_ITEMS = 40


def two_tastes(n_users: int = 60, length: int = 14) -> Dataset:
    """Users of even number like items of even number, the others odd ones: any sane method sees it."""
    rng = np.random.default_rng(0)
    users, items = [], []
    for user in range(n_users):
        liked = np.arange(user % 2, N_ITEMS, 2)
        users += [f"u{user}"] * length
        items += [f"i{i}" for i in rng.permutation(liked)[:length]]
    return Dataset(
        name="two tastes",
        items=pl.DataFrame(
            {c.ITEM_ID: [f"i{i}" for i in range(N_ITEMS)], c.TITLE: [f"thing {i}" for i in range(N_ITEMS)]}
        ),
        events=pl.DataFrame({c.USER_ID: users, c.ITEM_ID: items, c.EVENT_TYPE: ["purchase"] * len(users)}),
        judgments=pl.DataFrame(
            {
                c.QUERY: ["even", "even", "odd", "nothing"],
                c.ITEM_ID: ["i0", "i2", "i1", "i3"],
                c.GRADE: [3.0, 1.0, 2.0, 0.0],
            }
        ),
    )


@dataclass(kw_only=True)
class Fixed(Scorer):
    """Scores items by a list given in advance; shorter lists leave the rest without opinion."""

    values: list[float] = field(default_factory=list)

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        self.scores_ = np.full(len(dataset.item_ids), np.nan, dtype=np.float32)
        self.scores_[: len(self.values)] = self.values

    def _score(self, query: Query) -> FloatArray:
        return self.scores_


@dataclass(kw_only=True)
class SameTaste(Scorer):
    """Knows the plan of `two_tastes`: items of the parity that the history has."""

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        self.parity_ = np.array([int(item_id[1:]) % 2 for item_id in dataset.item_ids])

    def _score(self, query: Query) -> FloatArray:
        seen = [int(event.item_id[1:]) % 2 for event in query.events if event.item_id]
        liked = np.mean(seen) if seen else 0.5
        return np.where(self.parity_ == 1, liked, 1 - liked).astype(np.float32)


@dataclass(kw_only=True)
class Broken(Scorer):
    """Fails while fitting, with an error of ours."""

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        from warmstart.core.errors import InputError

        raise InputError(expected="a better day", found="this one", todo="Try again.")

    def _score(self, query: Query) -> FloatArray:
        raise NotImplementedError


@dataclass(kw_only=True)
class InOrder(Retriever):
    """Lists the catalogue as it stands, from `start` on."""

    start: int = 0

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        self.n_ = len(dataset.item_ids)

    def _score(self, query: Query) -> FloatArray:
        scores = -np.arange(self.n_, dtype=np.float32)
        scores[: self.start] = np.nan
        return scores


def slow_ranks(scores: Sequence[float], candidates: Sequence[int], targets: Sequence[int]) -> list[int]:
    """Ranks by sorting, as plainly as can be; 0 where there is no opinion."""
    known = [i for i in candidates if np.isfinite(scores[i])]
    order = sorted(known, key=lambda i: (-scores[i], i))
    return [order.index(target) + 1 if target in order else 0 for target in targets]
