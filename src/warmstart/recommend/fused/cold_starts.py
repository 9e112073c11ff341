"""Cold starts cut from a shop's own history, and the candidates that each is asked about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from scipy import sparse

from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.fused.lessons import DEPTH, KINDS, SHOTS, Kind, Lessons
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
from warmstart.recommend.fused.weights import damping, hats

History = tuple[IntArray, FloatArray]
"""One user's items in the order in which they were first touched, and what each says."""

_HELD_USERS, _NEW_ITEMS = 0.3, 0.2
_TARGETS_AFTER, _MOST_TARGETS, _LONGEST = 5, 16, 100
_DEPTH, _NEW_DEPTH, _CHANCE, _WIDTH = 20, 20, 120, 320
_BATCH, _ROOM, _HEAPS = 64, 400_000, 512
_SOMETHING: Final = 1e-9


@dataclass(frozen=True)
class Question:
    """A pretend cold start of one user: what is known, and what is to be ranked high, in random order."""

    user: int
    kind: Kind
    known: IntArray
    weights: FloatArray
    targets: IntArray


def cut_lessons(
    features: ItemFeatures, histories: Sequence[History], settings: PartSettings, most: int
) -> Lessons | None:
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
    rows = [row for batch in _batches(asked, n_items) for row in _problems(parts, batch, new)]
    return Lessons.stacked(rows) if rows else None


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


def _batches(questions: Sequence[Question], n_items: int) -> Iterator[Sequence[Question]]:
    size = max(1, min(_BATCH, _ROOM // max(n_items, 1)))
    for start in range(0, len(questions), size):
        yield questions[start : start + size]


def _problems(parts: FittedParts, batch: Sequence[Question], new: BoolArray) -> Iterator[Lessons]:
    """For each question one problem among everything, and one among the new items where one is wanted."""
    fresh, everything, pretended = 1.0 - parts.transfer.own, np.arange(parts.size), np.flatnonzero(new)
    for question, slots in zip(batch, _slots(parts, batch), strict=True):
        slots[:, question.known] = -np.inf  # what is known is no answer
        cell = KINDS.index(question.kind) + 1
        yield _problem(question, (slots, fresh), everything, question.targets, cell)
        among = question.targets[new[question.targets]]
        if len(among):
            yield _problem(question, (slots, fresh), pretended, among, -cell)


def _slots(parts: FittedParts, batch: Sequence[Question]) -> FloatArray:
    """The score of every item in every slot, damped and over its norm: (questions, slots, items)."""
    found = np.zeros((len(batch), len(SLOTS), parts.size), dtype=np.float32)
    for name, prior in parts.priors().items():
        found[:, SLOTS.index(name)] = prior / np.float32(parts.norms[name])
    told = [i for i, question in enumerate(batch) if len(question.known)]
    if told:
        damped = np.array([damping(amount(batch[i].weights)) for i in told], dtype=np.float32)[:, None]
        for slot, read in _read(parts, [batch[i] for i in told]).items():
            found[told, SLOTS.index(slot)] = read * (damped / np.float32(parts.norms[part_of(slot)]))
    return found


def _read(parts: FittedParts, batch: Sequence[Question]) -> dict[str, FloatArray]:
    """The slots that read a history; of one item whole and recent end are the same."""
    known, whole = [question.known for question in batch], [question.weights for question in batch]
    slots = {
        end: {slot for slot in SLOTS if slot.endswith(RECENT) == end and part_of(slot) not in PRIORS}
        for end in (False, True)
    }
    parts_of = {end: {part_of(slot) for slot in named} for end, named in slots.items()}
    if max(map(len, known)) == 1:
        once = parts.raw(known, whole, parts_of[False] | parts_of[True])
        raw = {False: once, True: once}
    else:
        lately = [recent(weights) for weights in whole]
        raw = {end: parts.raw(known, read, parts_of[end]) for end, read in ((False, whole), (True, lately))}
    return {slot: raw[end][part_of(slot)] for end, named in slots.items() for slot in named}


def _problem(
    question: Question,
    scored: tuple[FloatArray, FloatArray],
    pool: IntArray,
    targets: IntArray,
    cell: int,
) -> Lessons:
    """One problem in a pool of items; `scored` are the slots of all items and how far each is new."""
    slots, fresh = scored
    heads = _heads(slots, pool, _NEW_DEPTH if cell < 0 else _DEPTH)
    total, targets = len(targets), targets[:_MOST_TARGETS]  # of very many, some stand for all
    heads = np.setdiff1d(heads[: _WIDTH - len(targets) - _CHANCE], targets)
    left = np.zeros(slots.shape[1], dtype=np.bool_)
    left[pool] = True
    left[question.known] = left[targets] = left[heads] = False
    others = np.flatnonzero(left)
    chance = np.random.default_rng(question.user).choice(
        others, min(_CHANCE, len(others)), replace=False, shuffle=False
    )
    candidates = np.concatenate([targets, heads, chance])
    stands = np.ones(_WIDTH, dtype=np.float32)
    stands[len(targets) + len(heads) :] = len(others) / max(len(chance), 1)
    features = np.zeros((_WIDTH, len(SLOTS)), dtype=np.float32)
    features[: len(candidates)] = slots[:, candidates].T
    places = np.full(_MOST_TARGETS, -1, dtype=np.int64)
    places[: len(targets)] = np.arange(len(targets))
    ideal = (1.0 / np.log2(np.arange(2, min(total, DEPTH) + 2))).sum() * len(targets) / total
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


def _heads(slots: FloatArray, pool: IntArray, depth: int) -> IntArray:
    """The best `depth` of each slot: the first of each, then the second of each, and so on.

    What a slot says nothing for is none of its best.
    """
    own = slots if len(pool) == slots.shape[1] else slots[:, pool]
    ranked = np.full((min(depth, len(pool)), len(own)), -1)
    for slot, (values, least) in enumerate(zip(own, _least(own, len(ranked)), strict=True)):
        some = np.flatnonzero(values >= max(least, _SOMETHING))
        best = some[np.argsort(-values[some], kind="stable")[: len(ranked)]]
        ranked[: len(best), slot] = best
    return pool[list(dict.fromkeys(ranked[ranked >= 0].tolist()))]


def _least(rows: FloatArray, depth: int) -> FloatArray:
    """For each row a number that its `depth` largest reach, and few others.

    Of the maxima of many heaps, the `depth`-th largest: several times cheaper than to sort what is larger.
    """
    heaps = min(_HEAPS, rows.shape[1])
    height = rows.shape[1] // heaps
    tops = rows[:, : heaps * height].reshape(len(rows), height, heaps).max(axis=1)
    found: FloatArray = np.partition(tops, heaps - depth, axis=1)[:, heaps - depth]
    return found
