"""Weights learned from cold starts that are cut from the shop's own history, on the metric itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from warmstart.recommend.lessons import Lessons
from warmstart.recommend.weights import SlotWeights

_STEPS, _CHECKS, _RATE = 60, (10, 20, 30, 45, 60), 0.03
_SOFTNESS: Final = 0.08
_PULL: Final = 0.001
_LEAST_GAIN: Final = 1.005
FEWEST: Final = 60
"""Users it takes to learn from; below, the weights stay as they were."""


@dataclass(frozen=True)
class Learned:
    """Weights, and how they came about: `before` and `after` are objectives on users not learned from."""

    weights: SlotWeights
    steps: int
    before: float
    after: float


def learn_weights(lessons: Lessons, start: SlotWeights) -> Learned:
    """Better weights than `start` for this shop, or `start` itself.

    Gradient ascent (Adam) on a smooth nDCG: the rank of each target is one plus the sum of the logistic
    of score differences over `_SOFTNESS` (Qin, Liu and Li, "A general approximation framework", 2010).
    Unlike a likelihood it does not labour over what can no longer be won. Half of the users teach and the
    other half judge after how many steps to stop, and the other way round; where no number of steps is
    better than none on users that were not learned from, `start` stays. The weights that are returned
    come from that many steps on everybody.
    """
    halves = [lessons.of_users(lessons.user % 2 == side) for side in (0, 1)]
    if min(len(set(half.user.tolist())) for half in halves) < FEWEST // 2:
        return Learned(start, 0, 0.0, 0.0)
    paths = [_ascend(half, start, _CHECKS) for half in halves]
    before = float(np.mean([other.objective(start) for other in halves]))
    judged = {
        steps: float(np.mean([halves[1 - side].objective(paths[side][steps]) for side in (0, 1)]))
        for steps in _CHECKS
    }
    best = max(judged, key=lambda steps: judged[steps])
    if judged[best] < before * _LEAST_GAIN:
        return Learned(start, 0, before, before)
    return Learned(_ascend(lessons, start, (best,))[best], best, before, judged[best])


def _ascend(lessons: Lessons, start: SlotWeights, stops: Sequence[int]) -> dict[int, SlotWeights]:
    """The weights after each number of steps in `stops`."""
    values = start.values.astype(np.float64)
    mean, square, found = np.zeros_like(values), np.zeros_like(values), {}
    for step in range(1, max(stops) + 1):
        slope = lessons.gradient(values.astype(np.float32), _SOFTNESS) - _PULL * (values - start.values)
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        rate = _RATE * (1.0 - (step - 1) / (_STEPS + 10))
        ahead = rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-5)
        values = np.maximum(values + ahead, 0.0)  # evidence for an item never counts against it
        if step in stops:
            found[step] = SlotWeights(values.astype(np.float32))
    return found
