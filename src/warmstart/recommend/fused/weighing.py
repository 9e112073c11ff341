"""Weights learned from cold starts that are cut from the shop's own history, on the metric itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from warmstart.core.linear import FloatArray
from warmstart.recommend.fused.lessons import NEW_AMONG_ALL, Lessons, name_of_cell
from warmstart.recommend.fused.parts import SLOTS
from warmstart.recommend.fused.weights import STRANGER, SlotWeights

_STEPS, _CHECKS, _RATE = 60, (10, 20, 30), 0.03
_SOFTNESS: Final = 0.08
_PULL: Final = 0.001
_BLEND_STEPS, _BLEND_RATE = 30, 3.0
_SURE: Final = 3.0
_DOUBT: Final = 300.0
"""So many users who were asked move the weights half of the way from where they started."""
FEWEST: Final = 60
"""Users it takes to learn from; below, the weights stay as they were."""


@dataclass(frozen=True)
class Blend:
    """Weights between those of several teachers.

    `shares` are each teacher's: for strangers of known and of new items, then for regulars of both.
    """

    weights: SlotWeights
    shares: Mapping[str, tuple[float, ...]]


def blend_weights(teachers: Mapping[str, SlotWeights], lessons: Lessons | None) -> Blend:
    """Which of several teachers a shop resembles, by its own cold starts; in equal parts without any.

    Four numbers a teacher are learned, where `learn_weights` moves some hundred: they take few questions.
    Exponentiated gradient (Kivinen and Warmuth, 1997) on the smooth nDCG, from equal shares, a few steps
    only, so that chance moves them little.
    """
    tables = np.stack([weights.values for weights in teachers.values()]).astype(np.float64)
    logits = np.zeros((2, 2, len(tables)))
    if lessons is not None and len(set(lessons.user.tolist())) >= FEWEST:
        start = _blended(logits, tables)
        lessons = lessons.relative_to(start)
        level = max(lessons.objective(start), 1e-12)
        for _ in range(_BLEND_STEPS):
            slope = lessons.gradient(_blended(logits, tables).values, _SOFTNESS) / level
            by_knot = np.einsum("skp,askp->ska", slope, tables)
            logits += _BLEND_RATE * np.stack([by_knot[:, knots].sum(axis=1) for knots in _WHOSE])
    shares = _softmax(logits).round(3).reshape(4, -1)
    named = {name: tuple(own.tolist()) for name, own in zip(teachers, shares.T, strict=True)}
    return Blend(_blended(logits, tables), named)


_WHOSE: Final = (slice(0, len(STRANGER)), slice(len(STRANGER), None))
"""The knots of strangers, and those of regulars."""


def _blended(logits: npt.NDArray[np.float64], tables: npt.NDArray[np.float64]) -> SlotWeights:
    """`logits` have shape (whose, known and new items, teachers)."""
    shares = _softmax(logits)
    parts = [
        np.einsum("sa,askp->skp", share, tables[:, :, knots])
        for share, knots in zip(shares, _WHOSE, strict=True)
    ]
    return SlotWeights(np.concatenate(parts, axis=1).astype(np.float32))


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    raised: npt.NDArray[np.float64] = np.exp(logits - logits.max(axis=-1, keepdims=True))
    raised /= raised.sum(axis=-1, keepdims=True)
    return raised


@dataclass(frozen=True)
class Learned:
    """Weights, and how they came about: `before` and `after` are objectives on users not learned from.

    `guarded` names the cells in which one part alone was better, and now has the say.
    """

    weights: SlotWeights
    steps: int
    before: float
    after: float
    guarded: tuple[str, ...] = ()


def learn_weights(lessons: Lessons, start: SlotWeights) -> Learned:
    """Better weights than `start` for this shop, or `start` itself.

    Gradient ascent (Adam) on a smooth nDCG: the rank of each target is one plus the sum of the logistic
    of score differences over `_SOFTNESS` (Qin, Liu and Li, "A general approximation framework", 2010).
    Unlike a likelihood it does not labour over what can no longer be won. What counts is the gain relative
    to `start` in each cell of evidence. Half of the users teach and the
    other half judge after how many steps to stop, and the other way round; where no number of steps is
    better than none on users that were not learned from, `start` stays. The weights that are returned
    come from that many steps on everybody. Then `_guard` looks at each amount of evidence by itself.
    """
    lessons = lessons.relative_to(start)
    halves = [lessons.only(lessons.user % 2 == side) for side in (0, 1)]
    if min(len(set(half.user.tolist())) for half in halves) < FEWEST // 2:
        return Learned(start, 0, 0.0, 0.0)
    users = len(set(lessons.user.tolist()))
    trust = users / (users + _DOUBT)
    paths = [_ascend(half, start, _CHECKS, trust) for half in halves]
    before = float(np.mean([other.objective(start) for other in halves]))
    judged = {
        steps: float(np.mean([halves[1 - side].objective(paths[side][steps]) for side in (0, 1)]))
        for steps in _CHECKS
    }
    best = max(judged, key=lambda steps: judged[steps])
    if judged[best] <= before:
        kept, guarded = _guard(start, lessons, lessons.gains(start))
        return Learned(kept, 0, before, before, guarded)
    unseen = np.zeros(len(lessons.user), dtype=np.float32)
    for side in (0, 1):
        unseen[lessons.user % 2 != side] = halves[1 - side].gains(paths[side][best])
    kept, guarded = _guard(_ascend(lessons, start, (best,), trust)[best], lessons, unseen)
    return Learned(kept, best, before, judged[best], guarded)


def _guard(
    weights: SlotWeights, lessons: Lessons, gains: FloatArray
) -> tuple[SlotWeights, tuple[str, ...]]:
    """Do no harm: where one slot alone is better beyond chance, it takes over half of the weight.

    `gains` is what the weights earn on users they were not learned from. Looked at are the cells of one
    amount of evidence, among everything and among new items; a slot must be ahead by three standard
    errors, since the best of many is compared. Where new items are looked for among everything no part
    takes over: it would rank the known ones, too, for which nobody was asked.
    """
    values, guarded = weights.values.copy(), []
    alone = {slot: lessons.gains(SlotWeights.only(slot)) for slot in SLOTS}
    for cell in np.unique(lessons.cell).tolist():
        if cell == NEW_AMONG_ALL:
            continue
        own = lessons.cell == cell
        best = max(SLOTS, key=lambda slot: float(alone[slot][own].mean()))
        ahead = (alone[best] - gains)[own].astype(np.float64)
        error = ahead.std() / np.sqrt(max(len(ahead), 1))
        if len(ahead) < FEWEST // 2 or ahead.mean() <= _SURE * error:
            continue
        side, knot = int(cell < 0), int(lessons.levels[own].sum(axis=0).argmax())
        row = values[side, knot]
        total = row.sum()  # stays, so that known and new items keep their proportion
        row *= 0.5
        row[SLOTS.index(best)] += 0.5 * total
        guarded.append(f"{name_of_cell(cell)}: {best}")
    return SlotWeights(values), tuple(guarded)


def _ascend(
    lessons: Lessons, start: SlotWeights, stops: Sequence[int], trust: float
) -> dict[int, SlotWeights]:
    """The weights after each number of steps in `stops`, of which `trust` is kept and the start the rest.

    A few cold starts are a small sample; the fewer there are, the more say keep the weights of other shops.
    """
    values = start.values.astype(np.float64)
    mean, square, found = np.zeros_like(values), np.zeros_like(values), {}
    for step in range(1, max(stops) + 1):
        slope = lessons.gradient(values.astype(np.float32), _SOFTNESS) - _PULL * (values - start.values)
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        rate = _RATE * (1.0 - (step - 1) / (_STEPS + 10))
        ahead = rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-5)
        values = np.maximum(values + ahead, 0.0)  # evidence for an item never counts against it
        if step in stops:
            between = start.values + trust * (values - start.values)
            found[step] = SlotWeights(between.astype(np.float32))
    return found
