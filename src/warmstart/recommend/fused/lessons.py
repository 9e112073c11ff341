"""Cold starts cut from a shop's own history, as arrays that weights can be learned from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Final, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.fused.parts import (
    PRIORS,
    RECENT,
    SLOTS,
    FittedParts,
    PartSettings,
    amount,
    part_of,
    recent,
)
from warmstart.recommend.fused.weights import KNOTS, SlotWeights, damping, hats

History = tuple[IntArray, FloatArray]
"""One user's items in the order in which they were first touched, and what each says."""

Kind = int | Literal["last", "new"]
"""So many items known; all but the last; all but those that are pretended new."""

SHOTS: Final = (0, 1, 2, 3, 5, 10)
KINDS: Final[tuple[Kind, ...]] = (*SHOTS, "last", "new")
NEW_AMONG_ALL: Final = KINDS.index("new") + 1
"""The cell in which regulars are asked for new items among everything."""

NEW_SHARE, NEW_AMONG_ALL_SHARE = 0.3, 0.1
"""What the lesser ways to ask count beside the others: `_worth`."""

_HELD_USERS, _NEW_ITEMS = 0.3, 0.2
_TARGETS_AFTER, _MOST_TARGETS, _LONGEST = 5, 16, 100
_DEPTH, _NEW_DEPTH, _CHANCE, _WIDTH, _CUT = 20, 20, 120, 320, 20
_BATCH, _PASS = 64, 256
_LEAST_LEVEL: Final = 0.02
_FEW: Final = 100
"""So many problems of a kind count half of what many would: a handful says little."""


@dataclass(frozen=True)
class Question:
    """A pretend cold start of one user: what is known, and what is to be ranked high, in random order."""

    user: int
    kind: Kind
    known: IntArray
    weights: FloatArray
    targets: IntArray


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
    def cut(
        cls, features: ItemFeatures, histories: Sequence[History], settings: PartSettings, most: int
    ) -> Self | None:
        """Hold out 30 % of the users, pretend 20 % of the items new, fit the parts to the rest, and ask.

        At most `most` questions of each kind. None where no question can be asked.
        """
        rng = np.random.default_rng(settings.seed)
        n_items = len(features.content)
        usable = [history for history in histories if len(history[0]) > 1]
        shuffled = [usable[i] for i in rng.permutation(len(usable))]
        n_held = int(_HELD_USERS * len(shuffled))
        new = rng.random(n_items) < _NEW_ITEMS
        asked, trained = _cut(shuffled, n_held, new, most)
        if not asked:
            return None
        interactions, sequences = _training(trained, new, n_items)
        parts = FittedParts.fit(features, interactions, sequences, settings)
        rows = [row for batch in _batches(asked) for row in _problems(parts, batch, new)]
        return cls._stacked(rows) if rows else None

    @classmethod
    def _stacked(cls, rows: Sequence[Lessons]) -> Self:
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
        return type(self)(**{**vars(self), "share": share})

    def relative_to(self, weights: SlotWeights) -> Self:
        """The same problems, each cell counted by its gain over what these weights earn there.

        Otherwise the cells in which much can be found, such as popular films, would drown the others.
        """
        gains = self.gains(weights)
        level = {cell: gains[self.cell == cell].mean() for cell in np.unique(self.cell).tolist()}
        per_gain = np.array([1.0 / (level[cell] + _LEAST_LEVEL) for cell in self.cell.tolist()])
        return type(self)(**{**vars(self), "share": (self.share * per_gain).astype(np.float32)})

    def only(self, chosen: BoolArray | IntArray) -> Self:
        """Only these problems."""
        return type(self)(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def objective(self, weights: SlotWeights) -> float:
        """nDCG@20, weighted over the kinds of questions."""
        total = float((self.share * self.gains(weights)).sum())
        return total / max(float(self.share.sum()), 1e-12)

    def gains(self, weights: SlotWeights) -> FloatArray:
        """nDCG@20 of each problem; of equal scores that of the target counts as the lowest."""
        return np.concatenate([part._gains(weights) for part in self._passes()])

    def _gains(self, weights: SlotWeights) -> FloatArray:
        scores = self._scores(weights.values)
        own = np.take_along_axis(scores, np.maximum(self.targets, 0), axis=1)
        above = scores[:, None, :] >= own[:, :, None]
        ranks = (above * self.stands[:, None, :]).sum(axis=2) - 1
        gains = np.where((self.targets >= 0) & (ranks < _CUT), 1.0 / np.log2(ranks + 2.0), 0.0)
        found: FloatArray = np.asarray(gains.sum(axis=1) / self.ideal, dtype=np.float32)
        return found

    def gradient(self, values: FloatArray, softness: float) -> npt.NDArray[np.float64]:
        """The slope of the smooth nDCG in the weights, shape (2, knots, slots)."""
        total = np.zeros((2, len(KNOTS), len(SLOTS)))
        for part in self._passes():
            pushes = part._pushes(part._scores(values), np.float32(softness))
            sides = np.stack([pushes * (1.0 - part.fresh), pushes * part.fresh], axis=1)
            slopes = part.share[:, None, None] * np.matmul(sides, part.features)
            total += np.einsum("pk,pis->iks", part.levels, slopes)
        return total / max(float(self.share.sum()), 1e-12)

    def _passes(self) -> Iterator[Self]:
        """Some problems at a time, so that memory stays small."""
        for start in range(0, len(self.user), _PASS):
            names = (field.name for field in fields(self))
            part = type(self)(**{name: getattr(self, name)[start : start + _PASS] for name in names})
            yield part._narrowed()

    def _narrowed(self) -> Self:
        """The same problems without the columns that are empty in all of them."""
        width = max(int(self.valid.sum(axis=1).max()), 1)
        most = max(int((self.targets >= 0).sum(axis=1).max()), 1)
        cut = {"features": self.features[:, :width], "valid": self.valid[:, :width]}
        cut |= {"fresh": self.fresh[:, :width], "targets": self.targets[:, :most]}
        cut |= {"stands": self.stands[:, :width]}
        return type(self)(**{**vars(self), **cut})

    def _scores(self, values: FloatArray) -> FloatArray:
        sides = np.stack([self.levels @ side for side in values], axis=2)
        both = np.matmul(self.features, sides)
        scores = both[:, :, 0] + self.fresh * (both[:, :, 1] - both[:, :, 0])
        return np.where(self.valid, scores, np.float32(-1e9)).astype(np.float32)

    def _pushes(self, scores: FloatArray, softness: np.float32) -> FloatArray:
        """How the smooth nDCG of each problem changes with each score, shape (problems, candidates)."""
        place = np.maximum(self.targets, 0)
        own = np.take_along_axis(scores, place, axis=1)
        apart = np.clip((scores[:, None, :] - own[:, :, None]) / softness, -30.0, 30.0)
        above = 1.0 / (1.0 + np.exp(-apart))
        rivals = self.stands.copy()
        np.put_along_axis(rivals, place, 0.0, axis=1)
        rank = 1.0 + (above * rivals[:, None, :]).sum(axis=2)
        fall = np.where(self.targets >= 0, 1.0 / ((1.0 + rank) * np.log2(1.0 + rank) ** 2), 0.0)
        fall *= 1.0 / (np.log(2.0) * self.ideal[:, None])
        sway = above * (1.0 - above) * rivals[:, None, :] / softness * fall[:, :, None]
        pushes = -sway.sum(axis=1)
        for target in range(place.shape[1]):
            pushes[np.arange(len(place)), place[:, target]] += sway[:, target].sum(axis=1)
        found: FloatArray = np.asarray(pushes, dtype=np.float32)
        return found


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


def _cut(
    histories: Sequence[History], n_held: int, new: BoolArray, most: int
) -> tuple[list[Question], list[History]]:
    """The questions, and the histories to train on: old users are asked about what comes next, too.

    The first `n_held` are new users, of whom training knows nothing. Of the others some lose their last
    item, and some are asked for the items that are pretended new.
    """
    asked = [
        question for kind in SHOTS for question in _asked(enumerate(histories[:n_held]), kind, new, most)
    ]
    old = list(enumerate(histories))[n_held:]
    half = len(old) // 2
    last = list(_asked(old[:half], "last", new, most))
    unseen = list(_asked(old[half:], "new", new, most))
    shortened = {question.user for question in last}
    trained = [(p[:-1], w[:-1]) if user in shortened else (p, w) for user, (p, w) in old]
    return [*asked, *last, *unseen], trained


def _asked(
    histories: Iterable[tuple[int, History]], kind: Kind, new: BoolArray, most: int
) -> Iterator[Question]:
    found = (_question(user, kind, history, new) for user, history in histories)
    return islice((question for question in found if question is not None), most)


def _question(user: int, kind: Kind, history: History, new: BoolArray) -> Question | None:
    positions, weights = history
    if kind == "new":
        known, wanted = ~new[positions], new[positions]
    else:
        shots = len(positions) - 1 if kind == "last" else kind
        order = np.arange(len(positions))
        known, wanted = order < shots, order >= (shots if kind == "last" else max(shots, _TARGETS_AFTER))
    wanted &= weights > 0
    if not wanted.any() or (kind != 0 and not known.any()) or (kind == "last" and len(positions) < 4):
        return None
    known = known & (np.cumsum(known[::-1])[::-1] <= _LONGEST)
    drawn = np.random.default_rng(user).permutation(positions[wanted])  # of all that came, not of the first
    return Question(user, kind, positions[known], weights[known], drawn)


def _training(
    histories: Sequence[History], new: BoolArray, n_items: int
) -> tuple[sparse.csr_matrix, list[IntArray]]:
    """Who chose what, without the items that are pretended new; as a matrix and as sequences."""
    chosen = [positions[(weights > 0) & ~new[positions]] for positions, weights in histories]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in chosen])])
    indices = np.concatenate([np.zeros(0, dtype=np.int64), *chosen])
    ones = np.ones(len(indices), dtype=np.float32)
    return sparse.csr_matrix((ones, indices, indptr), shape=(len(chosen), n_items)), chosen


def _batches(questions: Sequence[Question]) -> Iterator[Sequence[Question]]:
    for start in range(0, len(questions), _BATCH):
        yield questions[start : start + _BATCH]


def _problems(parts: FittedParts, batch: Sequence[Question], new: BoolArray) -> Iterator[Lessons]:
    """For each question one problem among everything, and one among the new items where one is wanted."""
    slots = _slots(parts, batch)  # (slots, questions, items)
    everything, fresh = np.ones_like(new), 1.0 - parts.transfer.own
    for i, question in enumerate(batch):
        cell, scored = KINDS.index(question.kind) + 1, (slots[:, i], fresh)
        allowed = everything.copy()
        allowed[question.known] = False
        yield _problem(question, scored, allowed, question.targets, cell)
        among = question.targets[new[question.targets]]
        if len(among):
            yield _problem(question, scored, allowed & new, among, -cell)


def _slots(parts: FittedParts, batch: Sequence[Question]) -> FloatArray:
    """The score of every item in every slot, damped and over its norm: (slots, questions, items)."""
    known = [question.known for question in batch]
    whole = [question.weights for question in batch]
    lately = [recent(weights) for weights in whole]
    steady, faded = (
        {part_of(slot) for slot in SLOTS if slot.endswith(RECENT) == end} for end in (False, True)
    )
    raw = {"": parts.raw(known, whole, steady), RECENT: parts.raw(known, lately, faded)}
    damped = np.array([damping(amount(weights)) for weights in whole], dtype=np.float32)[:, None]
    priors = parts.priors()
    found = np.empty((len(SLOTS), len(batch), parts.size), dtype=np.float32)
    for slot, values in zip(SLOTS, found, strict=True):
        part = part_of(slot)
        if part in PRIORS:
            values[:] = priors[part] / np.float32(parts.norms[part])
        else:
            read = raw[RECENT if slot.endswith(RECENT) else ""][part]
            np.multiply(read, damped / np.float32(parts.norms[part]), out=values)
    return found


def _problem(
    question: Question,
    scored: tuple[FloatArray, FloatArray],
    allowed: BoolArray,
    targets: IntArray,
    cell: int,
) -> Lessons:
    """One problem; `scored` are the slots of all items and how far each is new."""
    slots, fresh = scored
    usable = np.flatnonzero(allowed)
    heads = _heads(slots, usable, _NEW_DEPTH if cell < 0 else _DEPTH)
    total, targets = len(targets), targets[:_MOST_TARGETS]  # of very many, some stand for all
    heads = np.setdiff1d(heads[: _WIDTH - len(targets) - _CHANCE], targets)
    left = allowed.copy()
    left[targets] = left[heads] = False
    others = np.flatnonzero(left)
    chance = np.random.default_rng(question.user).permutation(others)[:_CHANCE]
    candidates = np.concatenate([targets, heads, chance])
    stands = np.ones(_WIDTH, dtype=np.float32)
    stands[len(targets) + len(heads) :] = len(others) / max(len(chance), 1)
    features = np.zeros((_WIDTH, len(SLOTS)), dtype=np.float32)
    features[: len(candidates)] = slots[:, candidates].T
    places = np.full(_MOST_TARGETS, -1, dtype=np.int64)
    places[: len(targets)] = np.arange(len(targets))
    ideal = (1.0 / np.log2(np.arange(2, min(total, _CUT) + 2))).sum() * len(targets) / total
    return Lessons(
        user=np.int64(question.user),  # type: ignore[arg-type]
        cell=np.int64(cell),  # type: ignore[arg-type]
        levels=hats(amount(question.weights), seen=float(question.kind not in SHOTS)),
        features=features,
        fresh=np.pad(fresh[candidates], (0, _WIDTH - len(candidates))),
        valid=np.arange(_WIDTH) < len(candidates),
        targets=places,
        share=np.float32(0.0),  # type: ignore[arg-type]
        ideal=np.float32(ideal),  # type: ignore[arg-type]
        stands=stands,
    )


def _heads(slots: FloatArray, usable: IntArray, depth: int) -> IntArray:
    """The best `depth` of each slot: the first of each, then the second of each, and so on."""
    own = slots[:, usable]
    width = min(depth, len(usable))
    best = np.argpartition(-own, width - 1, axis=1)[:, :width]
    order = np.take_along_axis(best, np.argsort(-np.take_along_axis(own, best, axis=1), axis=1), axis=1)
    return usable[list(dict.fromkeys(order.T.ravel().tolist()))]
