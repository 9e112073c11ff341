"""Search: judged queries against the whole catalogue.

The judgments never reach a method. What is tuned on judgments is tuned by five-fold cross-validation
over queries: settings chosen on four folds answer the fifth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import numpy as np

from warmstart.core import columns as c
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import IntArray
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.schema import empty_table
from warmstart.data.splits import hash_order
from warmstart.evaluate import metrics
from warmstart.evaluate.blocks import Block, Chosen
from warmstart.evaluate.bootstrap import Pieces
from warmstart.evaluate.evaluation import Listed, Story
from warmstart.evaluate.methods import Method, RankingMethod
from warmstart.evaluate.metrics import Values
from warmstart.evaluate.protocols.base import Answers, Details, Protocol, Times, timed

N: Final = 10
DEEP: Final = 100
FOLDS: Final = 5


@dataclass(frozen=True, kw_only=True)
class JudgedQueries:
    """The queries with something relevant to find, and the shop without its judgments."""

    seed: int
    train: Dataset
    grades: Mapping[str, Mapping[str, float]]
    others: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The judged queries of the other folds, which tuning may look at."""


@dataclass(frozen=True, kw_only=True)
class SearchProtocol(Protocol[JudgedQueries]):
    """Ranks the whole catalogue for each judged query; answers are the grades in ranked order."""

    name: str = "search"
    methods: tuple[str, ...] = ("random", "bm25", "dense", "hybrid", "engine")
    kinds: tuple[str, ...] = ("retriever", "scorer")
    primary: tuple[str, ...] = (f"nDCG@{N} e", f"nDCG@{N} c")
    seeded: bool = False

    def prepare(self, dataset: Dataset, seed: int, sample: int | None) -> JudgedQueries:
        """Collect the grades; queries without a relevant product have no answer and are left out."""
        grades: dict[str, dict[str, float]] = {}
        rows = dataset.judgments.select(c.QUERY, c.ITEM_ID, c.GRADE).drop_nulls().iter_rows()
        for query, item_id, grade in rows:
            grades.setdefault(query, {})[item_id] = grade
        answerable = {query for query, found in grades.items() if max(found.values()) > 0}
        if not answerable:
            raise InputError(
                expected="judged queries, some with a grade above 0",
                found=f"{len(grades)} judged queries, none with a relevant product",
                todo="Add a judgments file with the columns query, item_id, grade.",
            )
        asked = {query: grades[query] for query in hash_order(answerable, f"{seed}:query")[:sample]}
        train = replace(dataset, judgments=empty_table("judgments"))
        return JudgedQueries(seed=seed, train=train, grades=asked)

    def folds(self, questions: JudgedQueries) -> Sequence[JudgedQueries]:
        """Five folds, each with the queries of the other four to tune on."""
        queries = list(questions.grades)
        if len(queries) < 2 * FOLDS:
            raise InputError(
                expected=f"at least {2 * FOLDS} judged queries, to tune by cross-validation",
                found=f"{len(queries)}",
                todo="Measure without tuning, or judge more queries.",
            )
        return [
            replace(
                questions,
                grades={query: questions.grades[query] for query in queries[fold::FOLDS]},
                others={q: questions.grades[q] for i, q in enumerate(queries) if i % FOLDS != fold},
            )
            for fold in range(FOLDS)
        ]

    def inner(self, questions: JudgedQueries, seed: int, sample: int) -> JudgedQueries:
        """The queries of the other folds, all of them: judged queries are few."""
        return replace(questions, grades=questions.others, others={})

    def merge(self, questions: JudgedQueries, parts: Sequence[Answers]) -> Answers:
        """The answers of the folds in the order of all queries."""
        size = len(questions.grades)
        order = np.concatenate([np.arange(size)[fold::FOLDS] for fold in range(FOLDS)])
        lists = [one for part in parts for one in _lists(part)]
        tops = np.concatenate([part["top"] for part in parts])
        back = np.argsort(order)
        return _packed([lists[i] for i in back], tops[back])

    def answer(self, questions: JudgedQueries, method: Method, label: str) -> tuple[Answers, Times]:
        """Fit, then search twice: a page, which is timed, and the whole catalogue, which is measured.

        The answers are the grades of all lists on end ("grades", NaN where nobody judged), where each
        list begins ("starts"), and the catalogue positions of each first page ("top").
        """
        if not isinstance(method, RankingMethod):
            raise ConfigError(
                expected="a method that answers a typed query",
                found=f"{method.name} ({type(method).__name__})",
                todo=f"Choose among: {', '.join(self.methods)}.",
            )
        times, seconds = Times(), list[float]()
        timed(seconds, partial(method.fit, questions.train))
        times.fit_s = seconds[0] / 1e3
        item_ids = questions.train.item_ids
        place = {item_id: i for i, item_id in enumerate(item_ids)}
        lists, tops = [], np.full((len(questions.grades), N), -1, dtype=np.int64)
        for i, (text, grades) in enumerate(track(questions.grades.items(), label, len(questions.grades))):
            query = Query(text=text)
            timed(times.query_ms, partial(method.retrieve, query, N))
            found = method.retrieve(query, len(item_ids)).item_ids
            tops[i, : len(found[:N])] = [place[item_id] for item_id in found[:N]]
            lists.append(np.array([grades.get(item_id, np.nan) for item_id in found], dtype=np.float64))
        return _packed(lists, tops), times

    def measure(
        self, questions: Mapping[int, JudgedQueries], given: Mapping[str, Mapping[int, Answers]]
    ) -> Sequence[Block]:
        """One block per seed; queries are what is resampled."""
        blocks = []
        for seed, asked in questions.items():
            judged = [list(grades.values()) for grades in asked.grades.values()]
            parts = {
                (name, metric): values
                for name, by_seed in given.items()
                for metric, values in _quality(_lists(by_seed[seed]), judged).items()
            }
            size = len(judged)
            pieces = Pieces(user=np.arange(size), item=np.full(size, -1), share=np.ones(size))
            blocks.append(
                Block(seed=seed, shots=None, candidates="all", cases=size, pieces=pieces, parts=parts)
            )
        return blocks

    def details(
        self,
        questions: Mapping[int, JudgedQueries],
        given: Mapping[str, Mapping[int, Answers]],
        chosen: Sequence[Chosen],
    ) -> Details:
        """Queries won and lost, with both first pages."""
        return Details(stories=tuple(_story(questions[case.seed], given, case) for case in chosen))


def _story(questions: JudgedQueries, given: Mapping[str, Mapping[int, Answers]], case: Chosen) -> Story:
    query, grades = list(questions.grades.items())[case.case]
    item_ids = questions.train.item_ids
    named = zip(questions.train.items[c.TITLE].to_list(), item_ids, strict=True)
    titles = [title or item_id for title, item_id in named]
    place = {item_id: i for i, item_id in enumerate(item_ids)}
    known = sorted(grades.items(), key=lambda pair: -pair[1])
    wanted = [
        f"{titles[place[item_id]]} ({grade:g})"
        for item_id, grade in known
        if grade > 0 and item_id in place
    ]
    return Story(
        kind=case.kind,
        seed=case.seed,
        shots=None,
        candidates=case.candidates,
        metric=case.metric,
        name=query,
        asked=(query,),
        wanted=tuple(wanted[:N]),
        values=case.values,
        lists={
            method: tuple(
                Listed(title=titles[i], gain=grades.get(item_ids[i]))
                for i in given[method][case.seed]["top"][case.case].tolist()
                if i >= 0
            )
            for method in case.methods
        },
    )


def _packed(lists: Sequence[Values], top: IntArray) -> Answers:
    lengths = [len(one) for one in lists]
    return {
        "grades": np.concatenate(lists) if lists else np.empty(0),
        "starts": np.cumsum([0, *lengths])[:-1],
        "top": top,
    }


def _lists(answers: Answers) -> list[Values]:
    return np.split(answers["grades"], answers["starts"][1:])


def _quality(listed: Sequence[Values], judged: Sequence[Sequence[float]]) -> dict[str, Values]:
    pairs = list(zip(listed, judged, strict=True))
    by_metric = {
        f"nDCG@{N} e": [metrics.ndcg(grades, known, N, "exponential") for grades, known in pairs],
        f"nDCG@{N} c": [
            metrics.ndcg(metrics.condensed(grades), known, N, "exponential") for grades, known in pairs
        ],
        f"Judged@{N}": [metrics.judged_share(grades, N) for grades in listed],
        f"Recall@{DEEP}": [metrics.recall(grades, known, DEEP) for grades, known in pairs],
        "MRR": [metrics.reciprocal_rank(grades) for grades in listed],
    }
    return {metric: np.array(values) for metric, values in by_metric.items()}


SEARCH: Final = SearchProtocol()
"""nDCG@10 with gain 2^grade - 1 and the ideal from all judgments, once with unjudged = 0 (`e`) and once
among judged products only (`c`): a change counts when it gains in one and does not lose in the other."""
