"""Cold starts cut from users that were held out, and how well a list answers them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from warmstart.core.linear import FloatArray, IntArray
from warmstart.recommend.few_shot.journeys import Journey

SHOTS: Final = (1, 2, 3, 5)
_HELD_SHARE: Final = 0.2
_MOST: Final = 400
_FEWEST: Final = 20
_TOP: Final = 20
_BATCH: Final = 64


@dataclass(frozen=True)
class Question:
    """The first items of a user that say something, all that were seen, and what the user chose later."""

    positions: IntArray
    weights: FloatArray
    seen: IntArray
    targets: IntArray


@dataclass(frozen=True)
class Questions:
    """Users to learn from, and questions of other users: the same targets after 1, 2, 3 and 5 items."""

    users: list[Journey]
    asked: list[Question]

    @classmethod
    def cut(cls, users: Sequence[Journey], seed: int) -> Self | None:
        """Hold out a fifth of the users who went on after their fifth item, 400 at most.

        None when they would be fewer than 20: then there is nothing to choose by.
        """
        able = [i for i, user in enumerate(users) if user.chosen[SHOTS[-1] :].any()]
        n_held = min(_MOST, int(_HELD_SHARE * len(able)))
        if n_held < _FEWEST:
            return None
        held = set(np.random.default_rng(seed).permutation(able)[:n_held].tolist())
        kept = [user for i, user in enumerate(users) if i not in held]
        return cls(kept, [_question(users[i], n) for i in sorted(held) for n in SHOTS])

    def quality(self, answer: Callable[[Sequence[Question]], FloatArray]) -> float:
        """Mean nDCG@20 of the scores that `answer` gives, shape (questions, items)."""
        reached = [
            _ndcg(answer(batch), batch)
            for start in range(0, len(self.asked), _BATCH)
            if (batch := self.asked[start : start + _BATCH])
        ]
        return float(np.concatenate(reached).mean())


def _question(user: Journey, n: int) -> Question:
    later = user.chosen.copy()
    later[: SHOTS[-1]] = False
    return Question(*user.first(n), user.positions[:n], user.positions[later])


def _ndcg(scores: FloatArray, batch: Sequence[Question]) -> FloatArray:
    for row, question in zip(scores, batch, strict=True):
        row[question.seen] = -np.inf
    n = min(_TOP, scores.shape[1])
    top = np.argpartition(-scores, n - 1, axis=1)[:, :n]
    top = np.take_along_axis(top, np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1), axis=1)
    discounts = 1.0 / np.log2(np.arange(2, n + 2))
    ideal = np.cumsum(discounts)
    found = [
        float(discounts[np.isin(row, question.targets)].sum() / ideal[min(n, len(question.targets)) - 1])
        for row, question in zip(top, batch, strict=True)
    ]
    return np.array(found, dtype=np.float32)
