"""Ranking problems as arrays that weights can be learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Final, Literal, Self

import numpy as np
import numpy.typing as npt

from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.recommend.fused.parts import SLOTS
from warmstart.recommend.fused.weights import KNOTS, SlotWeights

Kind = int | Literal["last", "new"]
"""So many items known; all but the last; all but those that are pretended new."""

SHOTS: Final = (0, 1, 2, 3, 5, 10)

KINDS: Final[tuple[Kind, ...]] = (*SHOTS, "last", "new")
NEW_AMONG_ALL: Final = KINDS.index("new") + 1
"""The cell in which regulars are asked for new items among everything."""

NEW_SHARE, NEW_AMONG_ALL_SHARE = 0.3, 0.1
"""What the lesser ways to ask count beside the others: `_worth`."""

DEPTH: Final = 20
"""How far down lists are looked at: nDCG@20."""

_PASS: Final = 64
_FAR: Final = np.float32(30.0)
_LEAST_LEVEL: Final = 0.02
_FEW: Final = 100
"""So many problems of a kind count half of what many would: a handful says little."""


@dataclass(frozen=True)
class Lessons:
    """Ranking problems, padded to the same size, a row each.

    `cell` says of which kind a problem is: the place of the kind in `KINDS` plus one, negative where new
    items are ranked among new ones.
    `features` has shape (problems, candidates, slots): each slot's score of each candidate, damped and over
    its norm. `fresh` says how far a candidate counts as new, `levels` are the shares of the knots,
    `targets` the places of what is to be ranked high (-1 where there is none), `share` what the problem
    counts, `ideal` the best discounted gain. `stands` says for how many items a candidate stands: those
    drawn by chance for all that were not drawn, the others for themselves, so that ranks among candidates
    estimate ranks among all.
    """

    user: IntArray
    cell: IntArray
    levels: FloatArray
    features: FloatArray
    fresh: FloatArray
    valid: BoolArray
    targets: IntArray
    share: FloatArray
    ideal: FloatArray
    stands: FloatArray

    @classmethod
    def stacked(cls, rows: Sequence[Lessons]) -> Self:
        """Single problems together, counted by their kinds."""
        rows = sorted(rows, key=lambda row: int((row.targets >= 0).sum()))  # a pass is as wide as it needs
        names = [field.name for field in fields(cls)]
        joined = cls(**{name: np.stack([getattr(row, name) for row in rows]) for name in names})
        return joined._balanced()

    def _balanced(self) -> Self:
        """Shares so that each kind of question counts the same, unless there are very few of it."""
        cells, counts = np.unique(self.cell, return_counts=True)
        each = {
            cell: _worth(cell) / (n + _FEW) for cell, n in zip(cells.tolist(), counts.tolist(), strict=True)
        }
        share = np.array([each[cell] for cell in self.cell.tolist()], dtype=np.float32)
        return replace(self, share=share)

    def relative_to(self, weights: SlotWeights) -> Self:
        """The same problems, each cell counted by its gain over what these weights earn there.

        Otherwise the cells in which much can be found, such as popular films, would drown the others.
        """
        gains = self.gains(weights)
        level = {cell: gains[self.cell == cell].mean() for cell in np.unique(self.cell).tolist()}
        per_gain = np.array([1.0 / (level[cell] + _LEAST_LEVEL) for cell in self.cell.tolist()])
        return replace(self, share=(self.share * per_gain).astype(np.float32))

    def only(self, chosen: BoolArray | IntArray | slice) -> Self:
        """Only these problems."""
        return type(self)(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def objective(self, weights: SlotWeights) -> float:
        """nDCG@20, weighted over the kinds of questions."""
        total = float((self.share * self.gains(weights)).sum())
        return total / max(float(self.share.sum()), 1e-12)

    def gains(self, weights: SlotWeights) -> FloatArray:
        """nDCG@20 of each problem; of equal scores that of the target counts as the lowest."""
        return np.concatenate([part._gains(weights) for part in self._passes])

    def _gains(self, weights: SlotWeights) -> FloatArray:
        scores = self._scores(weights.values)
        own = np.take_along_axis(scores, self._place, axis=1)
        above = scores[:, None, :] >= own[:, :, None]
        ranks = (above * self.stands[:, None, :]).sum(axis=2) - 1
        gains = np.where((self.targets >= 0) & (ranks < DEPTH), 1.0 / np.log2(ranks + 2.0), 0.0)
        found: FloatArray = np.asarray(gains.sum(axis=1) / self.ideal, dtype=np.float32)
        return found

    def gradient(self, values: FloatArray, softness: float) -> npt.NDArray[np.float64]:
        """The slope of the smooth nDCG in the weights, shape (2, knots, slots)."""
        total = np.zeros((2, len(KNOTS), len(SLOTS)))
        for part in self._passes:
            pushes = part._pushes(part._scores(values), np.float32(softness))
            sides = np.stack([pushes * (1.0 - part.fresh), pushes * part.fresh], axis=1)
            slopes = part.share[:, None, None] * np.matmul(sides, part.features)
            total += np.einsum("pk,pis->iks", part.levels, slopes)
        return total / max(float(self.share.sum()), 1e-12)

    @cached_property
    def _passes(self) -> list[Self]:
        """Some problems at a time, as many as stay in the cache of a core."""
        steps = range(0, len(self.user), _PASS)
        return [self.only(slice(start, start + _PASS))._narrowed() for start in steps]

    def _narrowed(self) -> Self:
        """The same problems without the columns that are empty in all of them."""
        width = max(int(self.valid.sum(axis=1).max()), 1)
        most = max(int((self.targets >= 0).sum(axis=1).max()), 1)
        return replace(
            self,
            features=self.features[:, :width],
            valid=self.valid[:, :width],
            fresh=self.fresh[:, :width],
            targets=self.targets[:, :most],
            stands=self.stands[:, :width],
        )

    def _scores(self, values: FloatArray) -> FloatArray:
        sides = np.stack([self.levels @ side for side in values], axis=2)
        both = np.matmul(self.features, sides)
        scores = both[:, :, 0] + self.fresh * (both[:, :, 1] - both[:, :, 0])
        return np.where(self.valid, scores, np.float32(-1e9)).astype(np.float32)

    @cached_property
    def _place(self) -> IntArray:
        return np.maximum(self.targets, 0)

    @cached_property
    def _rivals(self) -> FloatArray:
        """For how many items the candidates stand that are no targets."""
        rivals = self.stands.copy()
        np.put_along_axis(rivals, self._place, 0.0, axis=1)
        return rivals

    def _pushes(self, scores: FloatArray, softness: np.float32) -> FloatArray:
        """How the smooth nDCG of each problem changes with each score, shape (problems, candidates)."""
        place, rivals = self._place, self._rivals
        level = scores / softness
        above = np.take_along_axis(level, place, axis=1)[:, :, None] - level[:, None, :]
        np.minimum(above, _FAR, out=above)  # all in place: this is most of what learning costs
        np.exp(above, out=above)
        above += 1.0
        np.reciprocal(above, out=above)
        rank = 1.0 + np.matmul(above, rivals[:, :, None])[:, :, 0]
        fall = np.where(self.targets >= 0, 1.0 / ((1.0 + rank) * np.log2(1.0 + rank) ** 2), 0.0)
        fall *= 1.0 / (softness * np.log(2.0) * self.ideal[:, None])
        steep = np.subtract(above, np.square(above), out=above)
        fall = fall.astype(np.float32)
        pushes: FloatArray = -np.matmul(fall[:, None, :], steep)[:, 0] * rivals
        own = fall * np.matmul(steep, rivals[:, :, None])[:, :, 0]
        for target in range(place.shape[1]):
            pushes[np.arange(len(place)), place[:, target]] += own[:, target]
        return pushes


def name_of_cell(cell: int) -> str:
    """A cell in words.

    >>> name_of_cell(2), name_of_cell(-7)
    ('1 known, among everything', 'last known, among new items')
    """
    return f"{KINDS[abs(cell) - 1]} known, among {'new items' if cell < 0 else 'everything'}"


def _worth(cell: int) -> float:
    """What all problems of a cell count together.

    Finding new items among new ones counts less than finding anything among everything, but for regulars
    who are asked for nothing else. Finding those among everything counts little: it keeps the scores of
    known and new items in proportion, but as nothing else was wanted there, more would crowd out the known.
    """
    if cell == NEW_AMONG_ALL:
        return NEW_AMONG_ALL_SHARE
    return 1.0 if cell > 0 or cell == -NEW_AMONG_ALL else NEW_SHARE
