"""Search: judged queries against the whole catalogue.

The judgments never reach a method. What is tuned on judgments has to be tuned by cross-validation over
queries, elsewhere; here everything runs with what the catalogue and the events teach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.schema import empty_table
from warmstart.data.splits import hash_order
from warmstart.evaluate import metrics
from warmstart.evaluate.bootstrap import Pieces
from warmstart.evaluate.methods import Method
from warmstart.evaluate.metrics import Values
from warmstart.evaluate.protocols.base import Protocol, Times, timed
from warmstart.evaluate.summary import Block

N: Final = 10
DEEP: Final = 100


@dataclass(frozen=True, kw_only=True)
class JudgedQueries:
    """The queries with something relevant to find, and the shop without its judgments."""

    seed: int
    train: Dataset
    grades: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class SearchProtocol(Protocol[JudgedQueries, tuple[Values, ...]]):
    """Ranks the whole catalogue for each judged query; answers are the grades in ranked order."""

    name: str = "search"
    methods: tuple[str, ...] = ("bm25", "dense", "engine")
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

    def answer(
        self, questions: JudgedQueries, method: Method, label: str
    ) -> tuple[tuple[Values, ...], Times]:
        """Fit, then search twice: a page, which is timed, and the whole catalogue, which is measured."""
        times, seconds = Times(), list[float]()
        timed(seconds, partial(method.fit, questions.train))
        times.fit_s = seconds[0] / 1e3
        everything = len(questions.train.item_ids)
        listed = []
        for text, grades in track(questions.grades.items(), label, total=len(questions.grades)):
            query = Query(text=text)
            timed(times.query_ms, partial(method.retrieve, query, N))
            found = method.retrieve(query, everything).item_ids
            listed.append(np.array([grades.get(item_id, np.nan) for item_id in found], dtype=np.float64))
        return tuple(listed), times

    def measure(
        self,
        questions: Mapping[int, JudgedQueries],
        given: Mapping[str, Mapping[int, tuple[Values, ...]]],
    ) -> Sequence[Block]:
        """One block per seed; queries are what is resampled."""
        blocks = []
        for seed, asked in questions.items():
            judged = [list(grades.values()) for grades in asked.grades.values()]
            parts = {
                (name, metric): values
                for name, by_seed in given.items()
                for metric, values in _quality(by_seed[seed], judged).items()
            }
            size = len(judged)
            pieces = Pieces(user=np.arange(size), item=np.full(size, -1), share=np.ones(size))
            blocks.append(
                Block(seed=seed, shots=None, candidates="all", cases=size, pieces=pieces, parts=parts)
            )
        return blocks


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
