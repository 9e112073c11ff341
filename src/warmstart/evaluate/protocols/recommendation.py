"""What the recommendation protocols share: they differ only in the cut and in who is ranked.

Every method scores the whole catalogue for the same questions; what the user's revealed or training
events already hold is struck out; the rest is ranked in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Self

import numpy as np

from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.data.guards import check_inner, check_split
from warmstart.data.records import Event
from warmstart.data.splits import MIN_EVENTS, Split
from warmstart.evaluate import metrics
from warmstart.evaluate.blocks import Block, Chosen, Column
from warmstart.evaluate.bootstrap import Pieces
from warmstart.evaluate.methods import Method, RankingMethod
from warmstart.evaluate.metrics import TargetRanks, Values
from warmstart.evaluate.protocols.base import INNER, Answers, Details, Protocol, Times, timed
from warmstart.evaluate.protocols.exam import Exam, Key, N, View, array_name, arrays_of, make_exam
from warmstart.evaluate.protocols.telling import exposures, stories

UPDATES: Final = 200
METHODS: Final = (
    "random",
    "popularity",
    "content",
    "item-knn",
    "rp3",
    "ease",
    "ials",
    "ials-map",
    "lambdamart",
    "engine",
)
"""Those that fit in seconds; dropoutnet, heater, clcrec and semco are there to be named."""
PRIMARY: Final = f"nDCG@{N}"


@dataclass(frozen=True, kw_only=True)
class RecommendationProtocol(Protocol[Exam]):
    """Full ranking of unseen items for users, after a cut."""

    methods: tuple[str, ...] = METHODS
    kinds: tuple[str, ...] = ("scorer", "retriever")
    primary: tuple[str, ...] = (PRIMARY,)
    cut: Callable[[Dataset, int], Split]
    temporal: Callable[[Dataset, int], Split] | None = None
    views: tuple[View, ...]

    def by_time(self) -> Self:
        """The same questions of the newest users and items, from what was known before they came."""
        if self.temporal is None:
            return super().by_time()
        return replace(self, cut=self.temporal, temporal=None, seeded=False)

    def prepare(self, dataset: Dataset, seed: int, sample: int | None) -> Exam:
        """Cut the shop; `sample` keeps the questions of that many users, drawn by hash."""
        split = self.cut(dataset, seed)
        check_split(split, dataset)
        exam = make_exam(split if sample is None else split.sample(sample), self.views)
        if not exam.asks:
            raise InputError(
                expected=f"users to ask in protocol '{self.name}'",
                found=f"{len(dataset.interactions)} events with items, too few after the cut",
                todo=f"New users need at least {MIN_EVENTS} events each, old users two on different items.",
            )
        return exam

    def inner(self, questions: Exam, seed: int, sample: int) -> Exam:
        """The same cut once more, within the training shop."""
        train = questions.split.train
        split = self.cut(train, seed + INNER)
        check_inner(split, questions.split)
        exam = make_exam(split.sample(sample), self.views)
        if not exam.asks:
            raise InputError(
                expected="users to ask in an inner cut",
                found=f"{len(train.interactions)} training events",
                todo="Measure without tuning.",
            )
        return exam

    def answer(self, questions: Exam, method: Method, label: str) -> tuple[Answers, Times]:
        """Fit, ask everything, then time how long single events take to sink in.

        The answers are, for each set of cases, the ranks of all targets on end ("ranks") and the top of
        each list ("top").
        """
        if not isinstance(method, RankingMethod):
            raise ConfigError(
                expected=f"a method that ranks items, for protocol '{self.name}'",
                found=f"{method.name} ({type(method).__name__})",
                todo=f"Choose among: {', '.join(self.methods)}.",
            )
        times = Times()
        fit_ms: list[float] = []
        timed(fit_ms, partial(method.fit, questions.split.train))
        times.fit_s = fit_ms[0] / 1e3
        found: dict[Key, list[tuple[IntArray, IntArray]]] = {key: [] for key in questions.cases}
        for ask in track(questions.asks, label, total=len(questions.asks)):
            scores = np.array(timed(times.query_ms, partial(method.score, ask.query)))
            _check_size(scores, len(questions.new), method.name)
            scores[ask.struck] = np.nan
            for key, targets in ask.targets.items():
                found[key].append(questions.cases[key].pool.answer(scores, targets, N))
        if method.updates:
            _time_updates(method, questions.split, times)
        return {
            name: values for key, lists in found.items() for name, values in arrays_of(key, lists).items()
        }, times

    def measure(
        self, questions: Mapping[int, Exam], given: Mapping[str, Mapping[int, Answers]]
    ) -> Sequence[Block]:
        """One block per seed, number of shots and view."""
        users = _number_users(questions.values())
        return [
            _block(exam, key, users, {name: by_seed[seed] for name, by_seed in given.items()})
            for seed, exam in questions.items()
            for key in exam.cases
        ]

    def details(
        self,
        questions: Mapping[int, Exam],
        given: Mapping[str, Mapping[int, Answers]],
        chosen: Sequence[Chosen],
    ) -> Details:
        """Exposure per brand and category, and the chosen cases in words."""
        return Details(exposures=exposures(questions, given), stories=stories(questions, given, chosen))


def _check_size(scores: FloatArray, n_items: int, method: str) -> None:
    """Scores of another length would be read as those of other items."""
    if scores.shape != (n_items,):
        raise InputError(
            expected=f"one score for each of {n_items} items, from method '{method}'",
            found=f"scores of shape {scores.shape}",
            todo="Score the whole catalogue in its order; NaN where there is no opinion.",
        )


def _time_updates(method: RankingMethod, split: Split, times: Times) -> None:
    for episode in split.episodes[:UPDATES]:
        event = Event(user_id=episode.user_id, item_id=episode.targets[0])
        timed(times.update_ms, partial(method.observe, event))


def _number_users(exams: Iterable[Exam]) -> dict[str, int]:
    """One number per user, the same in every seed."""
    users = {user for exam in exams for cases in exam.cases.values() for user in cases.users}
    return {user: i for i, user in enumerate(sorted(users))}


def _block(exam: Exam, key: Key, users: Mapping[str, int], given: Mapping[str, Answers]) -> Block:
    cases = exam.cases[key]
    sizes = np.array([len(targets) for targets in cases.targets])
    case = np.repeat(np.arange(len(sizes)), sizes)
    pieces = Pieces(
        user=np.array([users[user] for user in cases.users])[case],
        item=np.concatenate(cases.targets),
        share=(1.0 / sizes)[case],
    )
    parts: dict[Column, Values] = {}
    totals: dict[Column, float] = {}
    familiarity = metrics.self_information(exam.counts)
    for name, answers in given.items():
        ranks, top = (answers[array_name(key, what)] for what in ("ranks", "top"))
        found = _accuracy(TargetRanks(case, ranks, len(sizes)))
        found[f"Novelty@{N}"] = metrics.novelty(top, familiarity)[case] * pieces.share
        if exam.new.any() and cases.view.ranked == "all items":
            found[f"ColdShare@{N}"] = metrics.share_shown(top, exam.new)[case] * pieces.share
            found["TargetColdShare"] = exam.new[pieces.item] * pieces.share
        parts |= {(name, metric): values for metric, values in found.items()}
        shown = metrics.exposure(top, len(exam.new))[cases.pool.positions]
        totals |= {
            (name, f"Coverage@{N}"): metrics.coverage(shown),
            (name, f"Gini@{N}"): metrics.gini(shown),
        }
    return Block(
        seed=exam.split.seed,
        shots=key[0],
        candidates=key[1],
        cases=len(sizes),
        pieces=pieces,
        parts=parts,
        totals=totals,
    )


def _accuracy(ranks: TargetRanks) -> dict[str, Values]:
    return {
        PRIMARY: metrics.ndcg_parts(ranks, N),
        f"Recall@{N}": metrics.recall_parts(ranks, N),
        "MRR": metrics.mrr_parts(ranks),
        f"HitRate@{N}": metrics.hit_parts(ranks, N),
    }
