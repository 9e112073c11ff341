"""What the recommendation protocols share: they differ only in the cut and in who is ranked.

Every method scores the whole catalogue for the same questions; what the user's revealed or training
events already hold is struck out; the rest is ranked in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal

import numpy as np

from warmstart.core.errors import InputError
from warmstart.core.linear import BoolArray, IntArray
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.data.splits import MIN_EVENTS, Episode, Split
from warmstart.evaluate import metrics
from warmstart.evaluate.bootstrap import Pieces
from warmstart.evaluate.methods import Method
from warmstart.evaluate.metrics import TargetRanks, Values
from warmstart.evaluate.protocols.base import Protocol, Times, timed
from warmstart.evaluate.ranks import Pool
from warmstart.evaluate.summary import Block, Column

N: Final = 20
UPDATES: Final = 200
METHODS: Final = ("random", "popularity", "content", "item-knn", "rp3", "engine")
PRIMARY: Final = f"nDCG@{N}"


@dataclass(frozen=True, kw_only=True)
class View:
    """One way to read the same scores: `candidates` is its label in the rows."""

    candidates: str
    ranked: Literal["new items", "all items"]
    targets: Literal["new items", "all items"]


COLD: Final = View(candidates="cold", ranked="new items", targets="new items")
ALL_NEW: Final = View(candidates="all", ranked="all items", targets="new items")
ALL: Final = View(candidates="all", ranked="all items", targets="all items")
SHOP: Final = View(candidates="shop", ranked="all items", targets="all items")


@dataclass(kw_only=True)
class Cases:
    """The cases of one number of shots and one view, in the order of the questions."""

    view: View
    pool: Pool
    users: list[str] = field(default_factory=list)
    targets: list[IntArray] = field(default_factory=list)


Key = tuple[int | None, str]
"""Shots and candidates: what tells one set of cases of a seed from another."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One call of a method: the query, what must not be listed, and the targets in each set of cases."""

    query: Query
    struck: IntArray
    targets: Mapping[Key, IntArray]


@dataclass(frozen=True, kw_only=True)
class Exam:
    """All questions of one seed. `new` marks the withheld items in catalogue order."""

    split: Split
    new: BoolArray
    cases: Mapping[Key, Cases]
    asks: Sequence[Ask]


@dataclass(frozen=True, slots=True)
class Ranking:
    """One method's answers to one set of cases: target ranks, on end, and the top of each list."""

    ranks: IntArray
    top: IntArray


Rankings = Mapping[Key, Ranking]


@dataclass(frozen=True, kw_only=True)
class RecommendationProtocol(Protocol[Exam, Rankings]):
    """Full ranking of unseen items for users, after a cut."""

    methods: tuple[str, ...] = METHODS
    kinds: tuple[str, ...] = ("scorer", "retriever")
    primary: tuple[str, ...] = (PRIMARY,)
    cut: Callable[[Dataset, int], Split]
    views: tuple[View, ...]

    def prepare(self, dataset: Dataset, seed: int, sample: int | None) -> Exam:
        """Cut the shop; `sample` keeps the questions of that many users, drawn by hash."""
        split = self.cut(dataset, seed)
        exam = _exam(split if sample is None else split.sample(sample), self.views)
        if not exam.asks:
            raise InputError(
                expected=f"users to ask in protocol '{self.name}'",
                found=f"{len(dataset.interactions)} events with items, too few after the cut",
                todo=f"New users need at least {MIN_EVENTS} events each, old users two on different items.",
            )
        return exam

    def answer(self, questions: Exam, method: Method, label: str) -> tuple[Rankings, Times]:
        """Fit, ask everything, then time how long single events take to sink in."""
        times = Times()
        fit_ms: list[float] = []
        timed(fit_ms, partial(method.fit, questions.split.train))
        times.fit_s = fit_ms[0] / 1e3
        found: dict[Key, list[tuple[IntArray, IntArray]]] = {key: [] for key in questions.cases}
        for ask in track(questions.asks, label, total=len(questions.asks)):
            scores = np.array(timed(times.query_ms, partial(method.score, ask.query)))
            scores[ask.struck] = np.nan
            for key, targets in ask.targets.items():
                found[key].append(questions.cases[key].pool.answer(scores, targets, N))
        if method.updates:
            _time_updates(method, questions.split, times)
        return {key: _ranking(answers) for key, answers in found.items()}, times

    def measure(
        self, questions: Mapping[int, Exam], given: Mapping[str, Mapping[int, Rankings]]
    ) -> Sequence[Block]:
        """One block per seed, number of shots and view."""
        users = _number_users(questions.values())
        return [
            _block(exam, key, users, {name: by_seed[seed][key] for name, by_seed in given.items()})
            for seed, exam in questions.items()
            for key in exam.cases
        ]


def _exam(split: Split, views: Sequence[View]) -> Exam:
    place = {item_id: i for i, item_id in enumerate(split.train.item_ids)}
    new = np.zeros(len(place), dtype=np.bool_)
    new[_positions(sorted(split.new_items), place)] = True
    pools = {
        "new items": Pool.of(np.flatnonzero(new), len(place)),
        "all items": Pool.of(np.arange(len(place)), len(place)),
    }
    shots = dict.fromkeys(episode.shots for episode in split.episodes)
    cases = {
        (k, view.candidates): Cases(view=view, pool=pools[view.ranked]) for k in shots for view in views
    }
    asks = [_ask(episode, cases, place, new) for episode in split.episodes]
    return Exam(
        split=split,
        new=new,
        cases={key: group for key, group in cases.items() if group.users},
        asks=[ask for ask in asks if ask.targets],
    )


def _ask(episode: Episode, cases: Mapping[Key, Cases], place: Mapping[str, int], new: BoolArray) -> Ask:
    """The question of an episode, entered in the cases of every view that has a target for it."""
    targets = _positions(episode.targets, place)
    used: dict[Key, IntArray] = {}
    for key, group in cases.items():
        wanted = targets[new[targets]] if group.view.targets == "new items" else targets
        if key[0] == episode.shots and len(wanted):
            group.users.append(episode.user_id)
            group.targets.append(wanted)
            used[key] = wanted
    struck = _positions([event.item_id for event in episode.history], place)
    return Ask(query=_query(episode), struck=struck, targets=used)


def _query(episode: Episode) -> Query:
    """All evidence travels with the question, so that every method knows the same.

    Old users are asked for without their name: a method that also remembers them would count each
    event twice.
    """
    user_id = None if episode.shots is None else episode.user_id
    return Query(user_id=user_id, events=episode.history)


def _positions(item_ids: Iterable[str | None], place: Mapping[str, int]) -> IntArray:
    """Catalogue positions; an item that is in no catalogue can neither be listed nor found."""
    return np.array([place[i] for i in item_ids if i is not None and i in place], dtype=np.int64)


def _ranking(answers: Sequence[tuple[IntArray, IntArray]]) -> Ranking:
    return Ranking(
        ranks=np.concatenate([ranks for ranks, _ in answers]), top=np.stack([top for _, top in answers])
    )


def _time_updates(method: Method, split: Split, times: Times) -> None:
    for episode in split.episodes[:UPDATES]:
        event = Event(user_id=episode.user_id, item_id=episode.targets[0])
        timed(times.update_ms, partial(method.observe, event))


def _number_users(exams: Iterable[Exam]) -> dict[str, int]:
    """One number per user, the same in every seed."""
    users = {user for exam in exams for cases in exam.cases.values() for user in cases.users}
    return {user: i for i, user in enumerate(sorted(users))}


def _block(exam: Exam, key: Key, users: Mapping[str, int], rankings: Mapping[str, Ranking]) -> Block:
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
    for name, ranking in rankings.items():
        found = _accuracy(TargetRanks(case, ranking.ranks, len(sizes)))
        if exam.new.any() and cases.view.ranked == "all items":
            found[f"ColdShare@{N}"] = metrics.share_shown(ranking.top, exam.new)[case] * pieces.share
            found["TargetColdShare"] = exam.new[pieces.item] * pieces.share
        parts |= {(name, metric): values for metric, values in found.items()}
        shown = metrics.exposure(ranking.top, len(exam.new))[cases.pool.positions]
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
