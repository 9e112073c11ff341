"""The recommendation protocols against a plain recomputation, on shops whose answers are known."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
import pytest

from tests.evaluate.toys import N_ITEMS, Fixed, SameTaste, slow_ranks, two_tastes
from warmstart.core.errors import InputError
from warmstart.core.linear import FloatArray
from warmstart.data import splits
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.evaluate.evaluation import Evaluation
from warmstart.evaluate.methods import RandomMethod, ScorerMethod
from warmstart.evaluate.protocols.base import AnyMethod
from warmstart.evaluate.run import evaluate

SHOP = two_tastes()
NOISE = np.random.default_rng(7).permutation(N_ITEMS).astype(float).tolist()
HALF = NOISE[: N_ITEMS // 2]
METHODS: list[AnyMethod] = [
    SameTaste(),
    ScorerMethod(name="noise", scorer=Fixed(values=NOISE), encoder="catalogue"),
    ScorerMethod(name="half", scorer=Fixed(values=HALF), encoder="catalogue"),
]


def run(protocol: str, seeds: tuple[int, ...] = (0, 1)) -> Evaluation:
    return evaluate(
        SHOP,
        protocol,
        seeds=seeds,
        methods=METHODS,
        encoder="catalogue",
        focus="SameTaste",
        resamples=1000,  # with fewer, no p-value gets below .05 after Holm
    )


@pytest.fixture(scope="module")
def evaluations() -> dict[str, Evaluation]:
    return {name: run(name) for name in ("new-items", "new-users", "new-both", "warm")}


def slow_ndcg(split: splits.Split, values: list[float], shots: int | None, view: str) -> list[float]:
    """nDCG@20 of each case of a fixed list of scores, by sorting."""
    scores = [*values, *[math.nan] * (N_ITEMS - len(values))]
    found = []
    for episode in split.episodes:
        seen = {int(e.item_id[1:]) for e in episode.history if e.item_id}
        new = {int(item[1:]) for item in split.new_items}
        targets = [int(item[1:]) for item in episode.targets]
        if view != "shop" and new:
            targets = [target for target in targets if target in new]
        pool = [i for i in range(N_ITEMS) if i not in seen and (view != "cold" or i in new)]
        if episode.shots == shots and targets:
            ranks = [r for r in slow_ranks(scores, pool, targets) if 0 < r <= 20]
            ideal = sum(1 / math.log2(i + 2) for i in range(min(20, len(targets))))
            found.append(sum(1 / math.log2(r + 1) for r in ranks) / ideal)
    return found


@pytest.mark.parametrize(
    ("protocol", "shots", "view"),
    [
        ("new-items", None, "cold"),
        ("new-items", None, "all"),
        ("new-users", 0, "all"),
        ("new-users", 3, "all"),
        ("new-users", 10, "all"),
        ("new-both", 1, "cold"),
        ("new-both", 1, "all"),
        ("new-both", 5, "shop"),
        ("warm", None, "all"),
    ],
)
def test_values_equal_a_plain_recomputation(
    evaluations: dict[str, Evaluation], protocol: str, shots: int | None, view: str
):
    cuts: dict[str, Callable[[Dataset, int], splits.Split]] = {
        **splits.SPLITS,
        "new-both": partial(splits.new_both, every_target=True),
    }
    for name, values in (("noise", NOISE), ("half", HALF)):
        slow = slow_ndcg(cuts[protocol](SHOP, 0), values, shots, view)
        (row,) = evaluations[protocol].select(
            seed=0, method=name, metric="nDCG@20", shots=shots, candidates=view
        )
        assert row.value == pytest.approx(np.mean(slow), abs=1e-5)
        assert row.cases == len(slow)
        assert row.low is not None
        assert row.high is not None
        assert row.low - 1e-6 <= row.value <= row.high + 1e-6


def test_a_method_that_sees_the_plan_beats_one_that_does_not(evaluations: dict[str, Evaluation]):
    for evaluation in evaluations.values():
        for comparison in evaluation.comparisons:
            if comparison.shots == 0:  # nothing is known, so nothing is seen
                continue
            assert comparison.difference > 0
            assert comparison.against in {"noise", "half"}
            assert comparison.relative == pytest.approx(
                comparison.difference / base(evaluation, comparison.against, comparison), abs=1e-3
            )
    few = [c for c in evaluations["new-users"].verdicts if c.shots in {1, 2, 3, 5}]
    assert [c.verdict for c in few] == ["better"] * 4


def base(evaluation: Evaluation, method: str, place: object) -> float:
    (row,) = evaluation.select(
        method=method,
        metric=place.metric,  # type: ignore[attr-defined]
        shots=place.shots,  # type: ignore[attr-defined]
        candidates=place.candidates,  # type: ignore[attr-defined]
    )
    return row.value


def test_all_methods_answer_the_same_cases(evaluations: dict[str, Evaluation]):
    for evaluation in evaluations.values():
        cases: dict[tuple[object, ...], set[int]] = {}
        for row in evaluation.rows:
            cases.setdefault((row.seed, row.shots, row.candidates), set()).add(row.cases)
        assert all(len(found) == 1 for found in cases.values())


def test_pooled_values_are_means_over_all_cases(evaluations: dict[str, Evaluation]):
    evaluation = evaluations["new-users"]
    for pooled in evaluation.select(metric="Recall@20"):
        rows = [
            row
            for seed in evaluation.seeds
            for row in evaluation.select(
                seed=seed, method=pooled.method, metric="Recall@20", shots=pooled.shots
            )
        ]
        assert pooled.cases == sum(row.cases for row in rows)
        mean = sum(row.value * row.cases for row in rows) / pooled.cases
        assert pooled.value == pytest.approx(mean, abs=1e-5)


def test_what_is_shown_of_new_items_stands_beside_what_is_wanted(evaluations: dict[str, Evaluation]):
    evaluation = evaluations["new-both"]
    rows = {row.metric: row for row in evaluation.select(method="half", shots=5, candidates="shop")}
    assert 0 < rows["ColdShare@20"].value < 1
    assert 0 < rows["TargetColdShare"].value < 1
    assert rows["Coverage@20"].value <= 0.5  # it has an opinion on half of the items
    assert rows["Coverage@20"].low is None
    cold = {row.metric for row in evaluation.select(method="half", shots=5, candidates="cold")}
    assert "ColdShare@20" not in cold


def test_unseeded_protocols_run_once(evaluations: dict[str, Evaluation]):
    assert evaluations["warm"].seeds == (0,)
    assert evaluations["new-items"].seeds == (0, 1)


def test_only_questions_with_evidence_of_their_own_differ_between_shots(evaluations: dict[str, Evaluation]):
    values = {
        row.shots: row.value for row in evaluations["new-users"].select(method="SameTaste", metric="MRR")
    }
    assert values[0] < values[1]


@pytest.mark.parametrize("protocol", ["new-items", "new-users", "new-both", "warm"])
def test_a_shop_without_events_is_told_what_it_lacks(protocol: str):
    with pytest.raises(InputError, match="users to ask"):
        evaluate(Dataset(items=SHOP.items), protocol, methods=METHODS, encoder="catalogue")


def test_a_sample_asks_fewer_users_and_says_so():
    evaluation = evaluate(
        SHOP, "new-items", seeds=(0,), methods=METHODS, encoder="catalogue", sample=7, resamples=50
    )
    assert {row.cases for row in evaluation.rows} == {7}
    assert evaluation.environment["sample"] == 7


@pytest.mark.parametrize("protocol", ["new-items", "new-users"])
def test_a_method_without_opinion_gains_nothing_from_the_order_of_the_catalogue(protocol: str):
    def values(items: pl.DataFrame) -> list[float]:
        tied = ScorerMethod(name="tied", scorer=Fixed(values=[1.0] * N_ITEMS), encoder="catalogue")
        shop = replace(SHOP, items=items)
        found = evaluate(shop, protocol, seeds=(0,), methods=[tied], encoder="catalogue", resamples=20)
        return [row.value for row in found.select() if row.metric in {"nDCG@20", "Recall@20", "MRR"}]

    assert values(SHOP.items) == values(SHOP.items.reverse())


def test_scores_for_other_items_than_those_of_the_catalogue_are_refused():
    class Short(RandomMethod):
        def score(self, query: Query) -> FloatArray:
            return super().score(query)[:-1]

    with pytest.raises(InputError, match=r"from method 'short'; found scores of shape \(39,\)"):
        evaluate(SHOP, "new-users", seeds=(0,), methods=[Short(name="short")], resamples=20)
