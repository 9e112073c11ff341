"""Tasks for few-shot heads, cut from the users of a shop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from warmstart.core.linear import FloatArray, IntArray
from warmstart.recommend.few_shot.base import examples
from warmstart.recommend.few_shot.journeys import Journey
from warmstart.roles.few_shot_head import Evidence, Task

_MOST_SHOTS: Final = 10
_MOST_TARGETS: Final = 8


@dataclass
class Episodes:
    """Cuts users into what they did first, as a newcomer would show it, and what they chose later.

    The query of a task are later choices (target 1) and `negatives` items that the user never touched
    (target 0), half of them drawn evenly and half by how many users they have. The weight of a drawn item
    is the even rate over the rate at which it was drawn, so that in a ranking loss the popular ones, which
    teach most, are not punished for being drawn often (Bengio and Senecal, 2008). They are drawn by their
    place in `order`.
    """

    vectors: FloatArray
    commonness: FloatArray
    rates: FloatArray
    order: IntArray
    negatives: int
    rng: np.random.Generator

    def cut(self, users: Sequence[Journey], most: int) -> list[Task]:
        """One task for each of at most `most` users who chose something later."""
        able = [user for user in users if user.chosen[1:].any()]
        chosen = self.rng.permutation(len(able))[:most]
        return [self._task(able[i]) for i in sorted(chosen.tolist())]

    def _task(self, user: Journey) -> Task:
        last = int(np.flatnonzero(user.chosen)[-1])
        shots = int(self.rng.integers(1, min(_MOST_SHOTS, last) + 1))
        later = user.chosen.copy()
        later[:shots] = False
        wanted = self.rng.permutation(user.positions[later])[:_MOST_TARGETS]
        support = examples(self.vectors, self.commonness, *user.first(shots))
        return Task(support=support, query=self._query(user.positions, wanted))

    def _query(self, touched: IntArray, wanted: IntArray) -> Evidence:
        drawn, weights = self._negatives(touched)
        positions = np.concatenate([wanted, drawn])
        targets = np.concatenate([np.ones(len(wanted)), np.zeros(len(drawn))])
        return Evidence.of(
            self.vectors[positions], targets, np.concatenate([np.ones(len(wanted)), weights])
        )

    def _negatives(self, touched: IntArray) -> tuple[IntArray, FloatArray]:
        n_items, half = len(self.order), self.negatives // 2
        by_users = self.rates[self.order].astype(np.float64)
        by_users /= by_users.sum()
        places = np.concatenate(
            [self.rng.integers(n_items, size=half), self.rng.choice(n_items, size=half, p=by_users)]
        )
        places = places[~np.isin(self.order[places], touched)]
        even = 1.0 / n_items
        weights = even / (0.5 * even + 0.5 * by_users[places])
        return self.order[places], weights.astype(np.float32)
