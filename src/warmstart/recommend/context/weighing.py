"""Which features of a context to believe, and how far: chosen by the likelihood of held-out users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy import optimize, special

from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.recommend.context.lifts import (
    ITEM_STRENGTHS,
    TEXT_RIDGES,
    LiftModel,
    Shrinkage,
    Table,
    centred,
    counted,
    shares_of,
)
from warmstart.recommend.context.sightings import SeenContexts, Sightings

_FOLDS: Final = 4
_MIDDLE: Final = 30.0
_LEAST_ERRORS: Final = (1.0, 3.0)
"""How many standard errors, over users, a feature must gain in nDCG and in likelihood."""
_FEWEST_USERS: Final = 20
_DEPTH, _QUESTIONS, _CANDIDATES = 20, 1_600, 500
_MOST_WEIGHT: Final = 1.0


def folds_of(n_users: int, seed: int) -> IntArray:
    """The fold of each user."""
    return np.random.default_rng(seed).permutation(n_users) % _FOLDS


def best_shrinkage(
    sightings: Sightings, n_values: int, n_items: int, content: FloatArray | None, folds: IntArray
) -> Shrinkage | None:
    """The shrinkage under which a feature foretells best what held-out users turn to, None if none does.

    A user's question is what they turned to under one value; the answer is popularity with the lifts of
    that value. Of the shrinkages that make what they turned to likelier than popularity does, by three
    standard errors over users, and rank it higher, by one, the one with the best mean nDCG@20 is taken
    (the ridge of the text first, by likelihood, then how far items go their own way):
    the likelihood says most surely whether a feature matters, the metric how far to go.
    """
    trials = [_Trial.of(sightings, n_values, n_items, content, folds == fold) for fold in range(_FOLDS)]
    found: dict[Shrinkage, Table] = {}

    def gains(shrinkage: Shrinkage) -> Table:
        if shrinkage not in found:
            found[shrinkage] = np.concatenate([trial.gains(shrinkage) for trial in trials])
        return found[shrinkage]

    ridges = TEXT_RIDGES if content is not None else TEXT_RIDGES[-1:]
    ridge = max(ridges, key=lambda ridge: float(gains(Shrinkage(_MIDDLE, ridge))[:, 1].sum()))
    near = [Shrinkage(strength, ridge) for strength in ITEM_STRENGTHS]
    sure = [shrinkage for shrinkage in near if _is_sure(gains(shrinkage))]
    return max(sure, key=lambda shrinkage: float(gains(shrinkage)[:, 0].sum()), default=None)


@dataclass(frozen=True)
class _Trial:
    """What one fold of users is asked, and what was learned from the others."""

    held: Sightings
    model: LiftModel
    popularity: Table
    plain: Table
    by_text: dict[float, Table] = field(default_factory=dict)  # of the ridge that was asked for last

    @classmethod
    def of(
        cls,
        sightings: Sightings,
        n_values: int,
        n_items: int,
        content: FloatArray | None,
        asked: BoolArray,
    ) -> _Trial:
        held = sightings.of_users(asked)
        counts = counted(sightings.of_users(~asked), n_values, n_items)
        popularity = shares_of(counts)
        plain = _user_gains(held, np.zeros_like(counts), popularity)
        return cls(held, LiftModel.of(counts, content), popularity, plain)

    def gains(self, shrinkage: Shrinkage) -> Table:
        """Per user, over popularity: nDCG@20 and log-likelihood."""
        if shrinkage.text not in self.by_text:
            self.by_text.clear()
            self.by_text[shrinkage.text] = self.model.by_text(self.model.map(shrinkage.text))
        lifts = self.model.lifts(self.by_text[shrinkage.text], shrinkage.items)
        return _user_gains(self.held, centred(lifts, self.popularity), self.popularity) - self.plain


def _user_gains(held: Sightings, lifts: Table, popularity: Table) -> Table:
    """For each held-out user nDCG@20 and mean log-lift, both means over their values, shape (users, 2)."""
    lists = _first(np.log(popularity) + lifts)
    discounts = 1.0 / np.log2(np.arange(2, _DEPTH + 2))
    place = np.zeros(lifts.shape)
    np.put_along_axis(place, lists, discounts[: lists.shape[1]], axis=1)
    asked = held.users * len(lifts) + held.values
    questions, which, size = np.unique(asked, return_inverse=True, return_counts=True)
    ideal = np.cumsum(discounts)[np.minimum(size, _DEPTH) - 1]
    cells = np.stack(
        [place[held.values, held.items] / ideal[which], lifts[held.values, held.items] / size[which]]
    )
    users, of = np.unique(questions // len(lifts), return_inverse=True)
    per_user = np.bincount(of)
    summed = [np.bincount(of[which], weights=row, minlength=len(users)) / per_user for row in cells]
    return np.column_stack(summed)


def _first(scores: Table) -> IntArray:
    """The best items of each row, best first, ties by place."""
    depth = min(_DEPTH, scores.shape[1])
    rounded = np.round(scores, 9)
    near = np.sort(np.argpartition(-rounded, depth - 1, axis=1)[:, :depth], axis=1)
    order = np.argsort(-np.take_along_axis(rounded, near, axis=1), axis=1, kind="stable")
    return np.take_along_axis(near, order, axis=1)


def _is_sure(gains: Table) -> bool:
    if len(gains) < _FEWEST_USERS:
        return False
    mean, error = gains.mean(axis=0), gains.std(axis=0) / np.sqrt(len(gains))
    return bool((mean > np.maximum(_LEAST_ERRORS * error, 1e-9)).all())


def feature_weights(
    seen: SeenContexts,
    chosen: Mapping[str, Shrinkage],
    content: FloatArray | None,
    folds: IntArray,
    seed: int,
) -> dict[str, float]:
    """How much of each feature's lift to add, between 0 and 1, when several are known at once.

    Features overlap: who has a family also is of a certain age, and a month lies in its season. The
    weights maximise the likelihood of held-out events given all of their features; it is concave in
    them. The normaliser is taken over 500 items drawn by popularity.
    """
    names = list(chosen)
    if not names:
        return {}
    asked = _questions(seen, seed)
    blocks = [
        _fold_scores(seen, chosen, content, (folds, fold), asked[folds[seen.users[asked]] == fold])
        for fold in range(_FOLDS)
    ]
    own, others = (np.concatenate(found) for found in zip(*blocks, strict=True))
    weights = _most_likely(own, others)
    return {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}


def _questions(seen: SeenContexts, seed: int) -> IntArray:
    """Events to be foretold: one of each user, then a second of each, and so on."""
    order = np.random.default_rng(seed).permutation(len(seen.users))
    by_user = order[np.argsort(seen.users[order], kind="stable")]
    counts = np.bincount(seen.users)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    turn = np.arange(len(by_user)) - starts
    chosen: IntArray = by_user[np.argsort(turn, kind="stable")][:_QUESTIONS]
    return chosen


def _fold_scores(
    seen: SeenContexts,
    chosen: Mapping[str, Shrinkage],
    content: FloatArray | None,
    folds: tuple[IntArray, int],
    asked: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """Lifts by each feature of the chosen item (questions, features), and of candidates in between."""
    of_user, fold = folds
    rows = [seen.rows_of(event) for event in asked.tolist()]
    popularity = np.bincount(seen.items[of_user[seen.users] != fold], minlength=seen.n_items) + 0.5
    candidates = _by_popularity(popularity)
    own = np.zeros((len(asked), len(chosen)), dtype=np.float32)
    others = np.zeros((len(asked), len(candidates), len(chosen)), dtype=np.float32)
    for column, (name, shrinkage) in enumerate(chosen.items()):
        sightings = seen.sightings[name].of_users(of_user != fold)
        lifts = fitted_lifts(sightings, len(seen.values.rows[name]), seen.n_items, content, shrinkage)
        for place, known in enumerate(rows):
            for row in known.get(name, ()):
                own[place, column] += lifts[row, seen.items[asked[place]]]
                others[place, :, column] += lifts[row, candidates]
    return own, others


def fitted_lifts(
    sightings: Sightings, n_values: int, n_items: int, content: FloatArray | None, shrinkage: Shrinkage
) -> Table:
    """The lifts of one feature, shape (values, items), centred."""
    counts = counted(sightings, n_values, n_items)
    model = LiftModel.of(counts, content)
    by_text = model.by_text(model.map(shrinkage.text))
    return centred(model.lifts(by_text, shrinkage.items), shares_of(counts))


def _by_popularity(popularity: FloatArray) -> IntArray:
    """Items at even steps through the popularity: a sample from it without noise."""
    edges = np.cumsum(popularity) / popularity.sum()
    steps = (np.arange(_CANDIDATES) + 0.5) / _CANDIDATES
    return np.minimum(np.searchsorted(edges, steps), len(popularity) - 1)


def _most_likely(own: FloatArray, others: FloatArray) -> Table:
    """Weights w, from 0 to 1, that maximise the mean of own w - log mean exp(others w)."""

    def loss(weights: Table) -> float:
        scores = others @ weights
        return float(special.logsumexp(scores, axis=1).mean() - (own @ weights).mean())

    def slope(weights: Table) -> Table:
        inside = special.softmax(others @ weights, axis=1)
        return np.asarray(np.einsum("qc,qcf->f", inside, others) / len(own) - own.mean(axis=0))

    start: Table = np.full(own.shape[1], 0.5)
    found = optimize.minimize(
        loss, start, jac=slope, method="L-BFGS-B", bounds=[(0.0, _MOST_WEIGHT)] * len(start)
    )
    return np.asarray(found.x)
