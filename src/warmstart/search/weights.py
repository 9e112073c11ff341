"""What meaning weighs beside words in search, learned from a shop's own judgments or clicks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from warmstart.core import columns as c
from warmstart.core.gain import Values, condensed, ndcg
from warmstart.core.intervals import mean_interval
from warmstart.core.linear import IntArray
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.splits import hash_order
from warmstart.search.hybrid import HybridRetriever

Grades = Mapping[str, Mapping[str, float]]
Kind = Literal["judgments", "clicks"]

GRID: Final = tuple(round(0.05 * step, 2) for step in range(1, 20))
N: Final = 10
FOLDS: Final = 5
FEWEST: Final = 2 * FOLDS
"""Queries below which nothing is learned."""
PRIOR: Final = 20.0
"""So many queries' worth the default is believed."""
LEGS: Final = ("lexical", "dense")
ORDER: Final = "dense weight"
"""By which queries are cut into folds."""
_MOST: Final = 300
_EQUAL: Final = 1e-9
_UNWANTED: Final = ("impression", "search", "remove_from_cart", "dislike", "return")


@dataclass(frozen=True, kw_only=True)
class Change:
    """The mean of a measure with the default weight and with the learned one, on queries it did not see."""

    before: float
    after: float
    low: float
    high: float
    """The paired 95 % interval of the gain, over queries."""


@dataclass(frozen=True, kw_only=True)
class LearnedWeight:
    """What was learned, and whether it may be used.

    `changes` holds nDCG@10 with unjudged = 0 ("e"), and for judgments among judged items only ("c"), both
    by cross-validation: each query is answered with the weight that the other folds chose. `reason` says
    why the default stays, and is empty where it does not.
    """

    learned: float
    default: float
    queries: int
    kind: Kind
    changes: Mapping[str, Change]
    reason: str = ""

    @property
    def weight(self) -> float:
        """The weight to use."""
        return self.default if self.reason else self.learned

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        changes = {name: vars(change) for name, change in self.changes.items()}
        return {**vars(self), "weight": self.weight, "changes": changes}


@dataclass(frozen=True, kw_only=True)
class WeightTable:
    """The measures of every query at every weight; arrays of shape (queries, weights)."""

    weights: tuple[float, ...]
    default: int
    """The place of the default weight."""
    e: Values
    c: Values | None
    """None for clicks, which say nothing of what is irrelevant."""

    def __len__(self) -> int:
        return len(self.e)

    def choose(self, rows: IntArray) -> int:
        """The place of the weight that these queries choose, drawn towards the default.

        The largest c of those weights whose e is not certainly below the default's (its paired interval
        reaches zero); for clicks the largest e. Of equals the default, or else the one in the middle.
        """
        wanted = (self.e if self.c is None else self.c)[rows].mean(axis=0)
        fine = [place for place in range(len(self.weights)) if self._harmless(rows, place)]
        most = max(wanted[place] for place in fine)
        equal = [place for place in fine if wanted[place] >= most - _EQUAL]
        best = self.default if self.default in equal else equal[len(equal) // 2]
        own, share = self.weights[self.default], len(rows) / (len(rows) + PRIOR)
        drawn = own + share * (self.weights[best] - own)
        return min(range(len(self.weights)), key=lambda at: abs(self.weights[at] - drawn))

    def _harmless(self, rows: IntArray, place: int) -> bool:
        lost = self.e[rows, place] - self.e[rows, self.default]
        return place == self.default or mean_interval(lost)[1] >= 0.0

    def cross_validated(self) -> IntArray:
        """For each query the place of the weight that the other folds choose."""
        places, size = np.empty(len(self), dtype=np.int64), np.arange(len(self))
        for fold in range(FOLDS):
            held = size % FOLDS == fold
            places[held] = self.choose(size[~held])
        return places

    def changes(self, places: IntArray) -> dict[str, Change]:
        """What these weights, one for each query, change against the default."""
        given = {"e": self.e} if self.c is None else {"e": self.e, "c": self.c}
        return {name: self._change(values, places) for name, values in given.items()}

    def _change(self, values: Values, places: IntArray) -> Change:
        return change_of(values[:, self.default], values[np.arange(len(self)), places])


def change_of(before: Values, after: Values) -> Change:
    """From the values of the same queries before and after."""
    low, high = mean_interval(after - before)
    return Change(before=float(before.mean()), after=float(after.mean()), low=low, high=high)


def learn_dense_weight(retriever: HybridRetriever, grades: Grades, *, kind: Kind) -> LearnedWeight:
    """The dense weight that a shop's own queries ask for, kept only where it does no harm.

    `retriever` is fitted and stays as it is. Every query's grades are by item; `shop_evidence` finds them.
    See `WeightTable.choose` for the rule. The weight is then tried by five-fold cross-validation over
    queries, and refused unless what was to rise rises in the mean and nothing certainly falls.

    *When to use*: some dozens of judged queries, or hundreds with clicks. *When not*: an encoder that was
    adapted to the same queries, which flatters the dense leg; clicks from lists that one leg alone made,
    which speak for that leg. *Cost*: a search and twenty sorts for each query.
    """
    asked = {query: grades[query] for query in hash_order(grades, ORDER)[:_MOST]}
    default = retriever.weight_in_use
    if len(asked) < FEWEST:
        few = f"{len(asked)} queries, fewer than {FEWEST}"
        return LearnedWeight(
            learned=default, default=default, queries=len(asked), kind=kind, changes={}, reason=few
        )
    table = weight_table(retriever, asked, kind=kind)
    learned = table.weights[table.choose(np.arange(len(table)))]
    changes = table.changes(table.cross_validated())
    return LearnedWeight(
        learned=learned,
        default=default,
        queries=len(asked),
        kind=kind,
        changes=changes,
        reason=_refusal(changes, learned == default),
    )


def _refusal(changes: Mapping[str, Change], same: bool) -> str:
    """Why the default stays; empty where it need not."""
    if same:
        return "no other weight is better"
    certain = [name for name, change in changes.items() if change.high < 0]
    if certain:
        return f"{certain[0]} certainly falls on queries that it was not chosen by"
    wanted = changes.get("c", changes["e"])
    if wanted.after <= wanted.before:
        return "nothing rises on queries that it was not chosen by"
    return ""


def shop_evidence(shop: Dataset) -> tuple[Grades, Kind]:
    """What a shop knows of its queries: judgments, or else the items chosen after them, all grade 1.

    Queries without anything relevant are left out.
    """
    known, found = set(shop.item_ids), dict[str, dict[str, float]]()
    rows = shop.judgments.select(c.QUERY, c.ITEM_ID, c.GRADE).drop_nulls()
    for query, item_id, grade in rows.iter_rows():
        if item_id in known:
            found.setdefault(query, {})[item_id] = grade
    answerable = {query: grades for query, grades in found.items() if max(grades.values()) > 0}
    return (answerable, "judgments") if answerable else (_clicks(shop, known), "clicks")


def _clicks(shop: Dataset, known: set[str]) -> Grades:
    found: dict[str, dict[str, float]] = {}
    rows = shop.interactions.select(c.QUERY, c.ITEM_ID, c.EVENT_TYPE).drop_nulls()
    for query, item_id, kind in rows.iter_rows():
        if query.strip() and item_id in known and kind not in _UNWANTED:
            found.setdefault(query, {})[item_id] = 1.0
    return found


def weight_table(
    retriever: HybridRetriever, grades: Grades, *, kind: Kind, weights: Sequence[float] = GRID
) -> WeightTable:
    """Measure every query at these weights and at the retriever's own."""
    default = retriever.weight_in_use
    tried = tuple(sorted({*weights, default}))
    place = {item_id: at for at, item_id in enumerate(retriever.item_ids_)}
    rows = [
        _measured(retriever, query, {place[i]: grade for i, grade in own.items() if i in place}, tried)
        for query, own in track(grades.items(), "weighing words and meaning", len(grades))
    ]
    values = np.array(rows, dtype=np.float64)
    judged = values[:, :, 1] if kind == "judgments" else None
    return WeightTable(weights=tried, default=tried.index(default), e=values[:, :, 0], c=judged)


def _measured(
    retriever: HybridRetriever, query: str, grades: Mapping[int, float], weights: Sequence[float]
) -> list[tuple[float, float]]:
    """Both measures at each weight."""
    legs = retriever.unweighted(Query(text=query))
    found = np.flatnonzero(legs.found)
    nothing = np.zeros(len(found), dtype=np.float32)
    words, meaning = (legs.parts[name][found] if name in legs.parts else nothing for name in LEGS)
    listed = np.array([grades.get(int(at), np.nan) for at in found])
    judged = list(grades.values())
    measured = []
    for weight in weights:
        scores = (1 - weight) * words + weight * meaning
        ranked = listed[np.argsort(-scores, kind="stable")]
        measured.append(
            (ndcg(ranked, judged, N, "exponential"), ndcg(condensed(ranked), judged, N, "exponential"))
        )
    return measured
