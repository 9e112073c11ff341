"""The taste posterior: a Gaussian belief about what one user likes, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np

from warmstart.core.linear import FloatArray
from warmstart.core.tunable import tunable
from warmstart.heads.gaussian import GaussianHead
from warmstart.recommend.few_shot.base import FewShotScorer
from warmstart.recommend.few_shot.choosing import CHOICES, Choosing, stranger
from warmstart.recommend.few_shot.journeys import Journey
from warmstart.recommend.few_shot.questions import Questions
from warmstart.roles.few_shot_head import Evidence


@dataclass(kw_only=True)
class TasteScorer(FewShotScorer):
    """Items that a Gaussian belief about the user's taste expects to be liked; it knows how sure it is.

    The score of item x is x·w, with w ~ N(mean, covariance) for a stranger. In the basis of `ItemSpace`
    the covariance that all users of the shop imply is round, the mean is `popularity_weight` on the column
    of popularity, and an example of weight 1 has the noise 1 / `confidence`. Each event is then one step
    of `GaussianHead`: exact, in any order, and taken back exactly. The score is the sum of a prior and of
    one share per event (`contributions`), with a variance (`predict`).

    Where the shop has enough users, cold starts cut from a fifth of them choose damping, weights and
    confidence among a few values each, by nDCG@20 (`learn`); `chosen_` are the ones in use. `background`
    counts everything once with the target 0 and that weight, as iALS does; what a newcomer has not
    touched yet says little, and on the shops we measured anything above 0 lost.

    Needs: events and text. Serves: hot and warm items, any amount of evidence, strangers by popularity.
    Cost: a few truncated decompositions to fit, half a minute with `learn` on 12,000 items; per question
    n² dim multiplications for n events and one product of all item vectors with one vector.
    See also: `IalsScorer`, the same idea with item factors fitted too and every unseen item a no.
    """

    tuning_trials: ClassVar[int] = 1
    """It tunes itself."""

    popularity_weight: float = tunable(0.1, low=0.01, high=3.0, log=True)
    confidence: float = tunable(0.1, low=0.01, high=10.0, log=True)
    background: float = 0.0
    learn: bool = True

    def _choose(self, users: Sequence[Journey]) -> dict[str, float]:
        start = {name: float(getattr(self, name)) for name in CHOICES}
        questions = Questions.cut(users, self.seed) if self.learn else None
        if questions is None:
            return start
        choosing = Choosing(
            questions=questions,
            features=self._text(),
            dim=self.dim,
            content_dim=self.content_dim,
            rarity=self.rarity,
            seed=self.seed,
        )
        return choosing.best(start)

    def _fit_head(self, users: Sequence[Journey]) -> GaussianHead:
        weight, confidence = self.chosen_["popularity_weight"], self.chosen_["confidence"]
        return GaussianHead.of(stranger(self._vectors, weight, confidence, self.background))

    def _new_head(self) -> GaussianHead:
        return GaussianHead()

    def _answer(self, evidence: Evidence) -> FloatArray:
        head = cast("GaussianHead", self._head)
        scores: FloatArray = self._vectors @ head.weights(evidence).astype(np.float32)
        return scores
