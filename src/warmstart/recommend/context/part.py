"""Context as one more prior of a score that counts popularity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from warmstart.core import columns as c
from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.recommend.context.prior import ContextPrior
from warmstart.recommend.features import ItemFeatures

CONTEXT: Final = "context: "
"""Begins the kind of a reason that names a value of the question's context."""


@dataclass
class ContextPart:
    """What the scene of a question adds where popularity in standard deviations has a weight.

    Lifts are logs of how much likelier than usual an item is chosen, so they belong to log-popularity and
    count by its weight. In a shop whose contexts say nothing there is no prior, no cost and no effect.
    """

    prior: ContextPrior | None = None

    @classmethod
    def fit(cls, dataset: Dataset, features: ItemFeatures, seed: int) -> Self:
        """Learn from the contexts and moments of events and from what users say of themselves."""
        events, users = dataset.events, dataset.users
        told = (events[c.TIMESTAMP], events[c.CONTEXT], users[c.ATTRIBUTES])
        if all(column.null_count() == len(column) for column in told):
            return cls()
        prior = ContextPrior.fit(dataset, features, seed=seed)
        return cls(prior if prior.tables else None)

    def speaks(self, context: Mapping[str, Any]) -> bool:
        """Whether anything was learned about this context."""
        return self.prior is not None and self.prior.speaks(context)

    def lift(self, context: Mapping[str, Any], n_items: int) -> FloatArray:
        """What the context adds to the log-popularity of each item, shape (items,)."""
        return np.zeros(n_items, dtype=np.float32) if self.prior is None else self.prior.lift(context)

    def contributions(self, context: Mapping[str, Any], items: IntArray) -> dict[str, FloatArray]:
        """The same for some items, taken apart by the values of the context."""
        parts = {} if self.prior is None else self.prior.contributions(context, None, items)
        return {f"{CONTEXT}{value}": lift for value, lift in parts.items()}

    def put(self, features: ItemFeatures, positions: IntArray, size: int) -> None:
        """Take in items whose features are there already, in a catalogue that now has `size` items."""
        if self.prior is not None:
            self.prior.put(features, positions, size)

    def get_state(self) -> State:
        """Everything, as a tree that can be saved."""
        return {"prior": None if self.prior is None else self.prior.get_state()}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Take back what `get_state` gave."""
        prior = state["prior"]
        return cls(None if prior is None else ContextPrior.from_state(prior))
