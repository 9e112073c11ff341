"""Meta-learned user preference estimation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.component import State
from warmstart.core.errors import MissingExtraError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.recommend.ratings.biases import Ratings, places, user_ids
from warmstart.recommend.ratings.fields import item_fields, user_fields
from warmstart.recommend.ratings.melu_network import Network, Plan, Task, adapted, forward
from warmstart.roles.encoder import Encoder
from warmstart.roles.rater import Rater

MIN_RATINGS: Final = 13
"""Ratings of a user who is a training task, where there are such users: ten to ask, three to adapt to."""


@dataclass(kw_only=True)
class MeluRater(Rater):
    """A neural network that a few gradient steps on a user's own ratings fit to that user.

    Lee, Im, Jang, Cho and Chung, "MeLU: Meta-Learned User Preference Estimator for Cold-Start
    Recommendation" (KDD 2019): vectors of the content of items and of the attributes of users, two
    hidden layers and an output; MAML (Finn, Abbeel and Levine, 2017) with second derivatives, the
    layers adapted to each user and the vectors shared by all. It knows items by their content alone, so
    a new item is as good as an old one and no item is better than its content says.

    Where it departs from the paper: every shop's own fields instead of those of MovieLens; users with
    more than 100 ratings are tasks too, by a hundred drawn anew in each epoch; learning rates that fit
    fewer epochs.

    Needs: torch (extra `lm`) to fit, not to load or ask; items with categories, brands or other
    attributes. Serves: new users and items; with one rating it does worse than with none, because it
    learns to adapt to three or more. Cost: 640,000 ratings in about four minutes on one core.
    See also: `FactorRater`, which does the same in closed form.
    """

    tuning_trials: ClassVar[int] = 1

    local_learning_rate: float = tunable(0.01, low=0.001, high=0.1, log=True)
    learning_rate: float = tunable(0.003, low=0.0005, high=0.01, log=True)
    local_steps: int = 1
    dim: int = 32
    width: int = 64
    epochs: int = 15
    batch_size: int = 32
    seed: int = 0

    def _fit(self, dataset: Dataset, ratings: pl.DataFrame, encoder: Encoder | None) -> None:
        try:
            import torch
        except ImportError as error:
            raise MissingExtraError("MeluRater", "lm") from error
        table = Ratings.of(ratings, len(dataset.items))
        self.user_ids_, numbers = _everybody(dataset, ratings)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = Network(
                torch,
                item_fields(dataset),
                user_fields(dataset.users, self.user_ids_),
                self._plan(),
                table.mean(sum(self.scale_) / 2),
            )
            network.train(_tasks(table, numbers), self.seed, "MeLU")
        self.layers_, self.items_, self.users_ = network.exported()
        self._known = places(self.user_ids_)

    def _plan(self) -> Plan:
        return Plan(
            dim=self.dim,
            width=self.width,
            steps=self.local_steps,
            local_rate=self.local_learning_rate,
            rate=self.learning_rate,
            epochs=self.epochs,
            batch_size=self.batch_size,
        )

    def _predict(self, query: Query, positions: IntArray) -> FloatArray:
        rated, values = self.evidence(query)
        layers = adapted(
            self.layers_,
            self._inputs(query, rated),
            values,
            steps=self.local_steps,
            rate=self.local_learning_rate,
        )
        return forward(layers, self._inputs(query, positions))

    def _inputs(self, query: Query, positions: IntArray) -> FloatArray:
        """Vectors of items and of the asker side by side; whoever is unknown has zeros."""
        items = np.vstack([self.items_, np.zeros((1, self.items_.shape[1]), dtype=np.float32)])
        place = self._known.get(query.user_id or "")
        user = np.zeros(self.users_.shape[1], dtype=np.float32) if place is None else self.users_[place]
        return np.hstack([items[positions], np.broadcast_to(user, (len(positions), len(user)))])

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        self._known = places(self.user_ids_)


def _everybody(dataset: Dataset, ratings: pl.DataFrame) -> tuple[list[str], IntArray]:
    """All users with attributes or ratings, those with ratings first; and the numbers of these."""
    rated = user_ids(ratings)
    known = set(rated)
    others = [user_id for user_id in dataset.users[c.USER_ID].to_list() if user_id not in known]
    return rated + others, np.arange(len(rated))


def _tasks(table: Ratings, numbers: IntArray) -> list[Task]:
    """One task per user with enough ratings; where nobody has, of all with two."""
    counts = np.bincount(table.user, minlength=len(numbers))
    enough = MIN_RATINGS if (counts >= MIN_RATINGS).any() else 2
    bounds = np.concatenate([[0], np.cumsum(counts)])
    values = table.value.astype(np.float32)
    return [
        Task(int(u), table.item[bounds[u] : bounds[u + 1]], values[bounds[u] : bounds[u + 1]])
        for u in numbers[counts >= enough]
    ]
