"""What an item is rated, read from its text by a tuned model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from warmstart.adapt.supervised.examples import Examples
from warmstart.adapt.supervised.fine_tuner import FineTuner
from warmstart.adapt.supervised.linear_head import Numbers
from warmstart.adapt.supervised.targets import Values
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.roles.encoder import Encoder
from warmstart.roles.rater import ITEM, USER, Rater


@dataclass(kw_only=True)
class FineTunedRater(FineTuner, Rater):
    """An item's mean rating, drawn towards what its text promises, and how strict the user is.

    A pretrained encoder is tuned to tell each item's mean, less the strictness of those who rated it, from
    its text (`FineTuner`, squared error; items count more the more ratings they have). `shrinkage` ratings
    are what the text is worth against an item's own, and zero is against a user's.

    *When to use*: new items with text that says something of quality or kind, for users who rated next to
    nothing. *When not*: where users have rated; `rater.factor` with a frozen encoder knows their taste as
    well, and was ahead on new films of ml100k (docs/benchmarks.md).

    *Needs* the extra `lm`, most methods `adapt`. *Cost*: minutes on a CPU to fit; nothing to answer, for
    all items are read once.
    """

    shrinkage: float = tunable(5.0, low=0.5, high=50.0, log=True)
    fewest: int = 10
    """Rated items below which the text is not read."""

    def _fit(self, dataset: Dataset, ratings: pl.DataFrame, encoder: Encoder | None) -> None:
        values = ratings[c.VALUE].to_numpy().astype(np.float64)
        user, item = ratings[USER].to_numpy().astype(np.int64), ratings[ITEM].to_numpy().astype(np.int64)
        self.mean_ = float(values.mean()) if len(values) else sum(self.scale_) / 2
        self.run_: dict[str, Any] = {}
        counts = np.bincount(item, minlength=len(dataset.items)).astype(np.float64)
        rough = self._shrunk(values - self.mean_, item, counts)
        strict = self._shrunk(values - self.mean_ - rough[item], user, np.bincount(user))
        left = np.bincount(item, values - self.mean_ - strict[user], minlength=len(counts))
        told = self._told(dataset.item_texts, left, counts)
        self.items_: FloatArray = ((left + self.shrinkage * told) / (counts + self.shrinkage)).astype(
            np.float32
        )

    def _shrunk(self, values: Numbers, group: IntArray, counts: Numbers) -> Numbers:
        """The mean of each group, drawn to zero."""
        found: Numbers = np.bincount(group, values, minlength=len(counts)) / (counts + self.shrinkage)
        return found

    def _told(self, texts: list[str], sums: Numbers, counts: Numbers) -> Numbers:
        """What the texts say, zero on average."""
        rated = counts > 0
        means = sums[rated] / counts[rated]
        if rated.sum() < self.fewest or not means.std() > 0:
            return np.zeros(len(texts), dtype=np.float32)
        spread, weights = means.std(), counts[rated] / (counts[rated] + self.shrinkage)
        known = [text for text, kept in zip(texts, rated.tolist(), strict=True) if kept]
        examples = Examples.of(
            known, (means / spread)[:, None], (weights / weights.mean()).astype(np.float32)
        )
        tuned = self.tune(examples, Values(width=1))
        self.run_ = tuned.run
        found: Numbers = tuned.told(texts)[:, 0] * spread
        return found

    def _predict(self, query: Query, positions: IntArray) -> FloatArray:
        rated, values = self.evidence(query)
        strict = (values - self.mean_ - self.items_[rated]).sum() / (len(rated) + self.shrinkage)
        known = np.where(positions >= 0, self.items_[positions] if len(self.items_) else 0.0, 0.0)
        found: FloatArray = (self.mean_ + strict + known).astype(np.float32)
        return found
