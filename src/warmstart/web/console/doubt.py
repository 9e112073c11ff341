"""How much of somebody's taste is still open: a Gaussian belief beside the lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from warmstart.data.dataset import Dataset
from warmstart.data.records import Event
from warmstart.engine.engine import Engine
from warmstart.engine.listing import touched
from warmstart.recommend.features import ItemFeatures
from warmstart.tasks.onboarding.belief import after, spread
from warmstart.tasks.onboarding.tastes import Tastes
from warmstart.web.console.replay import MOST_STEPS


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """The belief about tastes of `tasks.onboarding`, read for how sure it is.

    Taste is a vector w ~ N(0, S) that differs between users; S and the noise of a choice are learned from
    the users of the shop. After each event S shrinks in closed form. What is told is the mean variance of
    the predictions for all items, weighted by how often each is chosen, as a share of a stranger's: 1 says
    that nothing is known yet, 0 would be certainty. *Not* the certainty of the lists: these are weighted
    sums, which have no variance.
    """

    tastes: Tastes
    target: np.ndarray[tuple[int, ...], np.dtype[np.float64]]

    @staticmethod
    def needs(engine: Engine) -> tuple[Dataset, ItemFeatures]:
        """What `of` learns from."""
        return engine.dataset, engine.item_features

    @classmethod
    def of(cls, known: tuple[Dataset, ItemFeatures]) -> Self | None:
        """Learned from a shop; None for one in which nobody chose anything."""
        shop, features = known
        if not len(shop.interactions):
            return None
        tastes = Tastes.of_choices(shop, features)
        return cls(tastes=tastes, target=spread(tastes.vectors, tastes.importance))

    def left(self, events: Sequence[Event]) -> float:
        """The share that is still open after these events; each item counts once."""
        places = [self.tastes.place[i] for i in sorted(touched(events)) if i in self.tastes.place]
        before = self.tastes.covariance
        now = after(before, self.tastes.vectors[places], self.tastes.noise)
        return round(float(np.sum(self.target * now) / np.sum(self.target * before)), 4)


def course(doubt: Doubt, events: Sequence[Event]) -> list[float]:
    """What is left at each step of a replay of these events (`replay.replay`)."""
    began = max(0, len(events) - MOST_STEPS)
    return [doubt.left(events[:done]) for done in range(began, len(events) + 1)]
