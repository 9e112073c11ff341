"""The metrics against slow, obvious versions, and the laws that any of them must keep."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.evaluate import metrics
from warmstart.evaluate.metrics import TargetRanks

NAN = float("nan")
GRADES = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, NAN]), min_size=1, max_size=30)
JUDGED = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=1, max_size=30)
RANKS = st.lists(
    st.lists(st.integers(0, 60), min_size=1, max_size=6), min_size=1, max_size=8
)  # 0 is "never listed"
N = st.integers(1, 25)
GAIN = st.sampled_from(["linear", "exponential"])


def slow_dcg(grades: list[float], n: int, gain: str) -> float:
    total = 0.0
    for place, grade in enumerate(grades[:n], start=1):
        if not math.isnan(grade):
            total += (2**grade - 1 if gain == "exponential" else grade) / math.log2(place + 1)
    return total


@given(GRADES, N, GAIN)
def test_dcg_is_the_sum_of_discounted_gains(grades: list[float], n: int, gain: str):
    assert metrics.dcg(grades, n, gain) == pytest.approx(slow_dcg(grades, n, gain))  # type: ignore[arg-type]


@given(JUDGED, st.randoms(), N, GAIN)
def test_ndcg_is_bounded_and_one_for_the_best_list(judged: list[float], random: object, n: int, gain: str):
    best = sorted(judged, reverse=True)
    listed = list(judged)
    random.shuffle(listed)  # type: ignore[attr-defined]
    value = metrics.ndcg(listed, judged, n, gain)  # type: ignore[arg-type]
    if not any(judged):
        assert math.isnan(value)
        return
    assert value == pytest.approx(slow_dcg(listed, n, gain) / slow_dcg(best, n, gain))
    assert -1e-12 <= value <= 1 + 1e-12
    assert metrics.ndcg(best, judged, n, gain) == pytest.approx(1)  # type: ignore[arg-type]


@given(JUDGED.filter(any), st.data(), GAIN)
def test_moving_a_better_product_up_never_lowers_ndcg(judged: list[float], data: st.DataObject, gain: str):
    i = data.draw(st.integers(0, len(judged) - 1))
    j = data.draw(st.integers(i, len(judged) - 1))
    swapped = list(judged)
    swapped[i], swapped[j] = max(judged[i], judged[j]), min(judged[i], judged[j])
    before = metrics.ndcg(judged, judged, 10, gain)  # type: ignore[arg-type]
    assert metrics.ndcg(swapped, judged, 10, gain) >= before - 1e-12  # type: ignore[arg-type]


def test_known_values_of_graded_metrics():
    # gains 7, 0 (unjudged), 1 at places 1, 2, 3; ideal 7, 3, 1
    listed, judged = [3.0, NAN, 1.0], [3.0, 1.0, 2.0, 0.0]
    ideal = 7 + 3 / math.log2(3) + 1 / 2
    assert metrics.ndcg(listed, judged, 10, "exponential") == pytest.approx((7 + 1 / 2) / ideal)
    condensed = metrics.condensed(listed)
    assert condensed.tolist() == [3.0, 1.0]
    assert metrics.ndcg(condensed, judged, 10, "exponential") == pytest.approx(
        (7 + 1 / math.log2(3)) / ideal
    )
    assert metrics.judged_share(listed, 10) == pytest.approx(2 / 3)
    assert metrics.judged_share(listed, 1) == 1
    assert metrics.judged_share([], 10) == 0
    assert metrics.recall(listed, judged, 1) == pytest.approx(1 / 3)
    assert metrics.recall(listed, judged, 3) == pytest.approx(2 / 3)
    assert metrics.reciprocal_rank([0.0, NAN, 2.0]) == pytest.approx(1 / 3)
    assert metrics.reciprocal_rank([0.0, NAN]) == 0
    assert math.isnan(metrics.recall(listed, [0.0], 3))


def flat(ranks: list[list[int]]) -> TargetRanks:
    case = np.repeat(np.arange(len(ranks)), [len(one) for one in ranks])
    return TargetRanks(case, np.array([rank for one in ranks for rank in one], dtype=np.int64), len(ranks))


def slow_case(ranks: list[int], n: int) -> dict[str, float]:
    found = [rank for rank in ranks if 0 < rank <= n]
    listed = [rank for rank in ranks if rank > 0]
    ideal = sum(1 / math.log2(i + 1) for i in range(1, min(n, len(ranks)) + 1))
    return {
        "ndcg": sum(1 / math.log2(rank + 1) for rank in found) / ideal,
        "recall": len(found) / len(ranks),
        "mrr": 1 / min(listed) if listed else 0.0,
        "hit": float(bool(found)),
    }


@given(RANKS, N)
def test_target_metrics_of_many_cases_equal_those_of_each_alone(ranks: list[list[int]], n: int):
    targets = flat(ranks)
    slow = [slow_case(one, n) for one in ranks]
    parts = {
        "ndcg": metrics.ndcg_parts(targets, n),
        "recall": metrics.recall_parts(targets, n),
        "mrr": metrics.mrr_parts(targets),
        "hit": metrics.hit_parts(targets, n),
    }
    for name, values in parts.items():
        assert targets.by_case(values).tolist() == pytest.approx([case[name] for case in slow]), name


@given(st.integers(1, 8), N)
def test_targets_at_the_top_are_perfect(size: int, n: int):
    targets = flat([list(range(1, size + 1))])
    assert targets.by_case(metrics.ndcg_parts(targets, n))[0] == pytest.approx(1)
    assert targets.by_case(metrics.mrr_parts(targets))[0] == 1
    assert targets.by_case(metrics.hit_parts(targets, n))[0] == 1
    assert targets.by_case(metrics.recall_parts(targets, n))[0] == pytest.approx(min(n, size) / size)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6, unique=True), N)
def test_a_target_that_climbs_never_lowers_a_metric(ranks: list[int], n: int):
    before, after = flat([ranks]), flat([[rank - (i == 0) for i, rank in enumerate(ranks)]])
    if (after.rank == 0).any():
        return
    for part in (metrics.ndcg_parts, metrics.recall_parts, metrics.hit_parts):
        assert after.by_case(part(after, n))[0] >= before.by_case(part(before, n))[0] - 1e-12
    assert after.by_case(metrics.mrr_parts(after))[0] >= before.by_case(metrics.mrr_parts(before))[0]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_gini_equals_the_mean_difference_between_items(counts: list[int]):
    # the definition by pairs: mean absolute difference over twice the mean
    mean = sum(counts) / len(counts)
    pairs = [abs(a - b) for a in counts for b in counts]
    slow = sum(pairs) / len(pairs) / (2 * mean) if mean else 0.0
    assert metrics.gini(counts) == pytest.approx(slow)
    assert 0 <= metrics.gini(counts) < 1


def test_exposure_coverage_and_cold_share_of_known_lists():
    lists = np.array([[0, 1, 2], [0, 1, -1], [-1, -1, -1]])
    shown = metrics.exposure(lists, 5)
    assert shown.tolist() == [2, 2, 1, 0, 0]
    assert metrics.coverage(shown) == pytest.approx(3 / 5)
    new = np.array([False, True, True, False, False])
    assert metrics.share_shown(lists, new).tolist() == pytest.approx([2 / 3, 1 / 2, 0])
