"""Scorers around heads that learn how to learn: alternatives to the taste posterior, in the same tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from warmstart.core.linear import IntArray
from warmstart.core.tunable import tunable
from warmstart.heads.episodic import EpisodicHead
from warmstart.heads.gradient import AnilHead, MamlHead, ReptileHead
from warmstart.heads.metric import MatchingHead, MetricHead, PrototypeHead, RidgeHead
from warmstart.heads.neural_process import NeuralProcessHead
from warmstart.recommend.few_shot.base import FewShotScorer
from warmstart.recommend.few_shot.episodes import Episodes
from warmstart.recommend.few_shot.journeys import Journey
from warmstart.recommend.neural.material import anchored_basis

_POPULARITY: Final = np.float32(0.3)
"""Popularity is one coordinate among many that share a length of 1."""


@dataclass(kw_only=True)
class MetaScorer(FewShotScorer):
    """Base of scorers whose head is trained on episodes of the shop's users.

    Each task is a user: the first one to ten items, and among sampled others those that came later, to be
    ranked first. torch (extra `lm`) is needed to fit only. Each is an alternative to compare with:
    `TasteScorer` needs no training and was ahead up to two events where we measured
    (docs/concepts/heads.md). A new one names its `head`.
    """

    head: ClassVar[type[EpisodicHead]]

    tuning_trials: ClassVar[int] = 1
    """Too slow to fit for more on two cores: measured with the defaults."""

    tasks: int = 1_500
    negatives: int = 64
    width: int = 0
    epochs: int = 20
    learning_rate: float = tunable(0.005, low=0.0005, high=0.02, log=True)

    def _new_head(self) -> EpisodicHead:
        return self.head(
            width=self.width or (0 if issubclass(self.head, MetricHead) else 32),
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            loss="ranking",
            seed=self.seed,
        )

    def _choose(self, users: Sequence[Journey]) -> dict[str, float]:
        vars(self).pop("basis_", None)  # of an earlier fit
        return super()._choose(users)

    def _look(self) -> None:
        super()._look()
        if "basis_" in vars(self):
            turned = self._vectors[:, :-1] @ self.basis_
            found = np.column_stack([turned, _POPULARITY * self._vectors[:, -1]])
            self._vectors = found.astype(np.float64)  # as heads want them: copied once, not per question

    def _fit_head(self, users: Sequence[Journey]) -> EpisodicHead:
        rng = np.random.default_rng(self.seed)
        order = self._items_in_order()
        self.basis_ = anchored_basis(self._vectors[order, :-1], rng)
        self._look()
        episodes = Episodes(
            vectors=self._vectors,
            commonness=self._rates**self.rarity,
            rates=self._rates,
            order=order,
            negatives=self.negatives,
            rng=rng,
        )
        head, tasks = self._new_head(), episodes.cut(users, self.tasks)
        if tasks:
            head.fit(tasks)
        return head

    def _items_in_order(self) -> IntArray:
        """Catalogue positions sorted by text, so that what is drawn does not hang on names."""
        texts = self._texts
        return np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)


@dataclass(kw_only=True)
class PrototypeScorer(MetaScorer):
    """Items ranked by the mean of what a user liked.

    Prototypical networks (Snell, Swersky and Zemel, 2017): `PrototypeHead` over `ItemSpace`.

    An alternative to compare with. Needs: events, text, torch to fit. Serves: hot and warm items.
    """

    head: ClassVar[type[EpisodicHead]] = PrototypeHead


@dataclass(kw_only=True)
class MatchingScorer(MetaScorer):
    """Items ranked by attention over what a user did.

    Matching networks (Vinyals et al., 2016): `MatchingHead` over `ItemSpace`.

    An alternative to compare with. Needs: events, text, torch to fit. Serves: hot and warm items.
    """

    head: ClassVar[type[EpisodicHead]] = MatchingHead


@dataclass(kw_only=True)
class MetaRidgeScorer(MetaScorer):
    """Items ranked by ridge regression on a learned embedding.

    R2-D2 (Bertinetto et al., 2019): `RidgeHead` over `ItemSpace`.

    An alternative to compare with. Needs: events, text, torch to fit. Serves: hot and warm items.
    """

    head: ClassVar[type[EpisodicHead]] = RidgeHead


@dataclass(kw_only=True)
class MamlScorer(MetaScorer):
    """Items ranked by a few gradient steps from a learned start.

    MAML (Finn, Abbeel and Levine, 2017): `MamlHead` over `ItemSpace`.

    An alternative to compare with. Needs: events, text, torch to fit. Serves: hot and warm items.
    """

    head: ClassVar[type[EpisodicHead]] = MamlHead


@dataclass(kw_only=True)
class AnilScorer(MetaScorer):
    """Items ranked by a few gradient steps of the last layer.

    ANIL (Raghu et al., 2020): `AnilHead` over `ItemSpace`.

    An alternative to compare with. Needs: events, text, torch to fit. Serves: hot and warm items.
    """

    head: ClassVar[type[EpisodicHead]] = AnilHead


@dataclass(kw_only=True)
class ReptileScorer(MetaScorer):
    """Items ranked by a few gradient steps from where all users end.

    Reptile (Nichol, Achiam and Schulman, 2018): `ReptileHead` over `ItemSpace`.

    An alternative to compare with. Needs: events, text, torch to fit. Serves: hot and warm items.
    """

    head: ClassVar[type[EpisodicHead]] = ReptileHead


@dataclass(kw_only=True)
class NeuralProcessScorer(MetaScorer):
    """Items ranked by one code for a user, averaged over what they did.

    Conditional neural processes (Garnelo et al., 2018): `NeuralProcessHead` over `ItemSpace`.

    An alternative to compare with. Needs: events, text, torch to fit. Serves: hot and warm items.
    """

    head: ClassVar[type[EpisodicHead]] = NeuralProcessHead
