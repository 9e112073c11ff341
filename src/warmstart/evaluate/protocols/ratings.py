"""Ratings: what new users give, what new items get, and both at once."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Self, cast

import numpy as np

from warmstart.core import columns as c
from warmstart.core import registry
from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import FloatArray
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.rating_states import (
    ASKED,
    MAX_RATINGS,
    MIN_RATINGS,
    RatingCase,
    RatingSplit,
    cut_states,
    rating_states,
)
from warmstart.evaluate.blocks import Block, Chosen, Column
from warmstart.evaluate.bootstrap import Pieces
from warmstart.evaluate.evaluation import Listed, Story
from warmstart.evaluate.methods import Method, fitted_encoder
from warmstart.evaluate.metrics import Values, discounts
from warmstart.evaluate.protocols.base import (
    INNER,
    Answers,
    AnyMethod,
    Details,
    Protocol,
    Times,
    check_numbers,
    timed,
)
from warmstart.roles.encoder import Encoder
from warmstart.roles.rater import Rater

SHOTS: Final = (0, 1, 3, 5, 10, None)
"""Ratings revealed of the support; None is all of it."""
MAE: Final = "MAE"
NDCG: Final = (1, 3)
MEDIAN: Final = "+median"
VARIANTS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    f"{name}{MEDIAN}": (name, {"estimate": "median"}) for name in ("item-mean", "user-bias", "factor")
}
"""Names for raters that answer the median of their belief, which is what MAE rewards, not its mean."""


@dataclass(kw_only=True)
class RaterMethod(Method):
    """A rater under a name, with the encoder that it is given."""

    rater: Rater
    encoder: Encoder | str = "auto"

    @property
    def component(self) -> Component:
        """The rater."""
        return self.rater

    def with_component(self, component: Component) -> Self:
        """The same method around another setting of its rater."""
        return replace(self, rater=cast("Rater", component))

    def fit(self, dataset: Dataset) -> None:
        """Fit a fresh copy, and its encoder first where it reads text."""
        encoder = fitted_encoder(dataset, self.encoder) if self.rater.needs_encoder else None
        self._fitted = copy.deepcopy(self.rater).fit(dataset, encoder)

    def predict(self, query: Query, item_ids: Sequence[str]) -> FloatArray:
        """The rater's ratings."""
        return self._fitted.predict(query, item_ids)


@dataclass(frozen=True, kw_only=True)
class RatingProtocol(Protocol[RatingSplit]):
    """Predicts ten ratings of each user from k others, by MAE and by nDCG with linear gain.

    The states are the sets of candidates ("new users", "new items", "both"); `shots` None is the whole
    support. A rater may know an old user by id from training: the support of new items comes on top.
    """

    name: str = "ratings"
    methods: tuple[str, ...] = (
        "item-mean",
        "user-bias",
        "factor",
        f"item-mean{MEDIAN}",
        f"user-bias{MEDIAN}",
        f"factor{MEDIAN}",
    )
    kinds: tuple[str, ...] = ("rater",)
    primary: tuple[str, ...] = (MAE,)
    focus: str = f"factor{MEDIAN}"

    def prepare(self, dataset: Dataset, seed: int, sample: int | None) -> RatingSplit:
        """The given states, or a cut of the ratings; `sample` keeps that many users of each state."""
        return _asked(rating_states(dataset, seed), dataset, sample)

    def inner(self, questions: RatingSplit, seed: int, sample: int) -> RatingSplit:
        """States cut from the training ratings, with a third of the sample in each."""
        return _asked(cut_states(questions.train, INNER + seed), questions.train, max(1, sample // 3))

    def build(self, method: AnyMethod, encoder: Encoder | str = "auto", seed: int = 0) -> Method:
        """A method for the name of a rater, one of `VARIANTS`, a `Rater`, or a method, which is copied."""
        if isinstance(method, Method):
            return copy.deepcopy(method)
        if isinstance(method, Component):
            return RaterMethod(name=type(method).__name__, rater=_rater(method), encoder=encoder)
        name, settings = VARIANTS.get(method, (method, {}))
        component = registry.get("rater", name).from_settings(settings)
        return RaterMethod(name=method, rater=_rater(component), encoder=encoder)

    def answer(self, questions: RatingSplit, method: Method, label: str) -> tuple[Answers, Times]:
        """Fit, then predict with each number of shots: "predicted" has shape (shots, cases, asked)."""
        if not isinstance(method, RaterMethod):
            raise ConfigError(
                expected="a method that predicts ratings",
                found=f"{method.name} ({type(method).__name__})",
                todo=f"Choose among: {', '.join(self.methods)}.",
            )
        times, seconds = Times(), list[float]()
        timed(seconds, partial(method.fit, questions.train))
        times.fit_s = seconds[0] / 1e3
        predicted = np.empty((len(SHOTS), len(questions.cases), ASKED), dtype=np.float32)
        for i, case in enumerate(track(questions.cases, label, len(questions.cases))):
            for row, shots in enumerate(SHOTS):
                query = Query(user_id=case.user_id, events=case.support[:shots])
                predicted[row, i] = timed(times.query_ms, partial(method.predict, query, case.item_ids))
        return check_numbers({"predicted": predicted}, method.name), times

    def measure(
        self, questions: Mapping[int, RatingSplit], given: Mapping[str, Mapping[int, Answers]]
    ) -> Sequence[Block]:
        """One block per seed, state and number of shots; users and items are what is resampled."""
        cases = [case for split in questions.values() for case in split.cases]
        users = _numbered(case.user_id for case in cases)
        items = _numbered(item_id for case in cases for item_id in case.item_ids)
        return [
            _block(split, state, row, _pieces(own, users, items), {m: by[seed] for m, by in given.items()})
            for state in dict.fromkeys(case.state for case in cases)
            for row in range(len(SHOTS))
            for seed, split in questions.items()
            if (own := [case for case in split.cases if case.state == state])
        ]

    def details(
        self,
        questions: Mapping[int, RatingSplit],
        given: Mapping[str, Mapping[int, Answers]],
        chosen: Sequence[Chosen],
    ) -> Details:
        """Users whose ratings were told well and badly, with both lists of predictions."""
        return Details(stories=tuple(_story(questions[case.seed], given, case) for case in chosen))


def _rater(component: Component) -> Rater:
    if not isinstance(component, Rater):
        raise ConfigError(
            expected="a component that predicts ratings",
            found=type(component).__name__,
            todo=f"Choose among: {', '.join(registry.names('rater'))}.",
        )
    return component


def _asked(split: RatingSplit, dataset: Dataset, sample: int | None) -> RatingSplit:
    if not split.cases:
        raise InputError(
            expected=f"new users or new items with {MIN_RATINGS} to {MAX_RATINGS} ratings of one user",
            found=f"{len(dataset.events)} events, without enough ratings after the cut",
            todo="Add ratings: events with a value, read from a column such as 'rating'.",
        )
    return split if sample is None else split.sample(sample)


def _block(split: RatingSplit, state: str, row: int, pieces: Pieces, given: Mapping[str, Answers]) -> Block:
    """The cases of one state, answered with the number of shots that stands in this row of `SHOTS`."""
    which = [i for i, case in enumerate(split.cases) if case.state == state]
    ratings = np.array([split.cases[i].ratings for i in which])
    parts: dict[Column, Values] = {}
    for name, answers in given.items():
        found = _quality(answers["predicted"][row, which].astype(np.float64), ratings)
        parts |= {(name, metric): values for metric, values in found.items()}
    return Block(
        seed=split.seed, shots=SHOTS[row], candidates=state, cases=len(which), pieces=pieces, parts=parts
    )


def _numbered(names: Any) -> dict[str, int]:
    return {name: i for i, name in enumerate(sorted(set(names)))}


def _pieces(cases: Sequence[RatingCase], users: Mapping[str, int], items: Mapping[str, int]) -> Pieces:
    """One piece per rating that is asked for."""
    return Pieces(
        user=np.repeat([users[case.user_id] for case in cases], ASKED),
        item=np.array([items[item_id] for case in cases for item_id in case.item_ids]),
        share=np.full(len(cases) * ASKED, 1.0 / ASKED),
    )


def _quality(predicted: Values, ratings: Values) -> dict[str, Values]:
    """Parts per rating. The nDCG of a user belongs to all of the ten alike.

    Equal predictions keep the random order in which the ratings are asked for.
    """
    found = {MAE: np.abs(predicted - ratings).ravel() / ASKED}
    order = np.argsort(-predicted, axis=1, kind="stable")
    gained, best = np.take_along_axis(ratings, order, axis=1), -np.sort(-ratings, axis=1)
    for n in NDCG:
        weights = discounts(np.arange(1, n + 1))
        ndcg = (gained[:, :n] @ weights) / np.maximum(best[:, :n] @ weights, 1e-12)
        found[f"nDCG@{n}"] = np.repeat(ndcg / ASKED, ASKED)
    return found


def _story(split: RatingSplit, given: Mapping[str, Mapping[int, Answers]], chosen: Chosen) -> Story:
    """The user of a case: what they had rated, what they rated then, and what was predicted."""
    numbered = [i for i, case in enumerate(split.cases) if case.state == chosen.candidates]
    place = sorted(numbered, key=lambda i: split.cases[i].user_id)[chosen.case]
    case, row = split.cases[place], SHOTS.index(chosen.shots)
    titles = dict(split.train.items.select(c.ITEM_ID, c.TITLE).iter_rows())

    def title(item_id: str | None) -> str:
        return titles.get(item_id or "") or str(item_id)

    pairs = sorted(zip(case.item_ids, case.ratings, strict=True), key=lambda pair: -pair[1])
    return Story(
        kind=chosen.kind,
        seed=chosen.seed,
        shots=chosen.shots,
        candidates=chosen.candidates,
        metric=chosen.metric,
        name=f"user {case.user_id}",
        asked=tuple(f"{title(e.item_id)} ({e.value:g})" for e in case.support[: chosen.shots]),
        wanted=tuple(f"{title(item_id)} ({rating:g})" for item_id, rating in pairs),
        values=chosen.values,
        lists={
            method: _listed(case, given[method][chosen.seed]["predicted"][row, place], title)
            for method in chosen.methods
        },
    )


def _listed(case: RatingCase, predicted: FloatArray, title: Any) -> tuple[Listed, ...]:
    order = np.argsort(-predicted, kind="stable").tolist()
    return tuple(
        Listed(title=f"{title(case.item_ids[i])}: {predicted[i]:.1f} predicted", gain=case.ratings[i])
        for i in order
    )


RATINGS: Final = RatingProtocol()
"""The states of Lee et al., "MeLU" (KDD 2019), on the shop's own cut where it brings one."""
