"""Settings of the taste posterior, chosen by how well cold starts of held-out users are answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from warmstart.core.linear import FloatArray
from warmstart.core.progress import track
from warmstart.heads.empirical_bayes import GaussianPrior
from warmstart.heads.gaussian import GaussianHead
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.few_shot.base import examples
from warmstart.recommend.few_shot.journeys import choices
from warmstart.recommend.few_shot.questions import Question, Questions
from warmstart.recommend.few_shot.space import ItemSpace

CHOICES: Final[Mapping[str, tuple[float, ...]]] = {
    "damping": (0.0, 0.25, 0.5),
    "popularity_weight": (0.03, 0.1, 0.3, 1.0, 3.0),
    "content_weight": (0.3, 0.6, 1.0),
    "popularity_exponent": (0.2, 0.35, 0.5),
    "confidence": (0.03, 0.1, 0.3, 1.0),
}
_GAIN: Final = 1.02
"""A step must pay: without it chance decides on shops with few users."""

Settings = dict[str, float]


def stranger(
    vectors: FloatArray, popularity_weight: float, confidence: float, background: float = 0.0
) -> GaussianPrior:
    """What is believed of a stranger, over vectors whose last column is popularity.

    Round in all directions but the last, which is known: `popularity_weight` times what one typical
    example adds to the score of its own item. `background` is the weight of a no for every item.
    """
    dim = vectors.shape[1]
    mean, covariance = np.zeros(dim), np.eye(dim)
    mean[-1] = popularity_weight * confidence / (1 + confidence)
    covariance[-1, -1] = 0.0
    prior = GaussianPrior(mean, covariance, 1 / confidence)
    if not background:
        return prior
    rows = vectors.astype(np.float64)
    gram: npt.NDArray[np.float64] = rows.T @ rows
    return GaussianPrior(mean, prior.after_background(gram, background).covariance, prior.noise)


@dataclass
class Choosing:
    """Tries settings one at a time on the same questions, with item spaces learned without their users."""

    questions: Questions
    features: ItemFeatures
    dim: int
    content_dim: int
    rarity: float
    seed: int
    _spaces: dict[float, ItemSpace] = field(default_factory=dict)

    def best(self, start: Settings) -> Settings:
        """Coordinate steps from `start`, each kept when nDCG rises by two percent."""
        best, reached = start, self._quality(start)
        for name, value in track(self._steps(), "choosing", total=sum(map(len, CHOICES.values()))):
            tried = best | {name: value}
            if tried != best and (quality := self._quality(tried)) > _GAIN * reached:
                best, reached = tried, quality
        return best

    def _steps(self) -> list[tuple[str, float]]:
        return [(name, value) for name, values in CHOICES.items() for value in values]

    def _quality(self, settings: Settings) -> float:
        space = self._space(settings["damping"])
        vectors = space.vectors(settings["content_weight"], settings["popularity_exponent"])
        head = GaussianHead.of(stranger(vectors, settings["popularity_weight"], settings["confidence"]))
        commonness = space.rates**self.rarity

        def answer(batch: Sequence[Question]) -> FloatArray:
            told = (examples(vectors, commonness, q.positions, q.weights) for q in batch)
            weights = np.stack([head.weights(evidence) for evidence in told]).astype(np.float32)
            scores: FloatArray = weights @ vectors.T
            return scores

        return self.questions.quality(answer)

    def _space(self, damping: float) -> ItemSpace:
        if damping not in self._spaces:
            self._spaces[damping] = ItemSpace.fit(
                self.features,
                choices(self.questions.users, len(self.features.content)),
                dim=self.dim,
                content_dim=self.content_dim,
                damping=damping,
                seed=self.seed,
            )
        return self._spaces[damping]
