"""Intervals: right where the answer is known, wider where there is more to doubt."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.evaluate.bootstrap import Pieces, holm, interval, p_value, resample


def pieces_of(user: list[int], item: list[int] | None = None) -> Pieces:
    n = len(user)
    return Pieces(
        user=np.array(user), item=np.full(n, -1) if item is None else np.array(item), share=np.ones(n)
    )


def test_without_items_the_spread_is_the_standard_error_of_the_mean():
    rng = np.random.default_rng(0)
    values = rng.normal(size=400)
    found = resample(pieces_of(list(range(400))), values[:, None], resamples=4000)
    assert found.std() == pytest.approx(values.std() / 20, rel=0.05)
    low, high = interval(found)
    assert low[0] < values.mean() < high[0]


def test_a_few_items_behind_many_users_widen_the_interval():
    rng = np.random.default_rng(1)
    item = rng.integers(0, 10, size=1000)
    values = (rng.normal(size=10)[item] + 0.1 * rng.normal(size=1000))[:, None]
    users = list(range(1000))
    by_user = resample(pieces_of(users), values).std()
    by_both = resample(pieces_of(users, item.tolist()), values).std()
    assert by_both > 4 * by_user
    means = np.array([values[item == i].mean() for i in range(10)])
    assert by_both == pytest.approx(means.std() / np.sqrt(10), rel=0.35)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(2)
    covered = 0
    for trial in range(100):
        user, item = np.divmod(np.arange(900), 30)
        values = rng.normal(size=30)[user] + rng.normal(size=30)[item] + rng.normal(size=900)
        pieces = pieces_of(user.tolist(), item.tolist())
        low, high = interval(resample(pieces, values[:, None], resamples=400, seed=trial))
        covered += bool(low[0] <= 0 <= high[0])
    assert covered >= 88


@settings(max_examples=20)
@given(st.integers(1, 30), st.floats(-5, 5), st.integers(0, 5))
def test_a_statistic_that_is_the_same_everywhere_has_no_width(n: int, value: float, seed: int):
    parts = np.full((n, 1), value)
    found = resample(pieces_of(list(range(n)), list(range(n))), parts, resamples=50, seed=seed)
    assert found == pytest.approx(np.full((50, 1), value), abs=1e-4)


def test_differences_of_columns_are_paired():
    rng = np.random.default_rng(3)
    one = rng.normal(size=300)
    parts = np.column_stack([one, one + 0.01])
    found = resample(pieces_of(list(range(300))), parts)
    assert (found[:, 1] - found[:, 0]).std() < found[:, 0].std() / 100
    assert p_value(found[:, 1] - found[:, 0], 0.01) < 0.01


def test_the_same_seed_gives_the_same_intervals_whatever_the_memory(monkeypatch: pytest.MonkeyPatch):
    values = np.arange(50.0)[:, None]
    pieces = pieces_of(list(range(50)), [i % 7 for i in range(50)])
    assert np.array_equal(resample(pieces, values), resample(pieces, values))
    monkeypatch.setattr("warmstart.evaluate.bootstrap._CELLS", 2000)
    assert resample(pieces, values).mean() == pytest.approx(24.5, rel=0.1)


def test_the_mean_of_pieces_is_the_mean_over_cases():
    # two cases: one with a single target found, one with one of two
    pieces = Pieces(user=np.array([0, 1, 1]), item=np.array([5, 6, 7]), share=np.array([1.0, 0.5, 0.5]))
    assert pieces.mean(np.array([1.0, 0.5, 0.0])) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("deviations", "expected"), [(0.0, 1.0), (1.959964, 0.05), (-1.959964, 0.05), (6.0, 1.97e-9)]
)
def test_p_values_are_those_of_the_normal_curve(deviations: float, expected: float):
    replicates = np.array([-1.0, 1.0] * 50)  # standard deviation 1
    assert p_value(replicates, deviations) == pytest.approx(expected, rel=1e-2)


def test_without_any_spread_a_difference_is_certain():
    assert p_value([0.5] * 9, 0.5) == 0.0
    assert p_value([0.0] * 9, 0.0) == 1.0


def test_p_values_of_no_difference_are_uniform():
    rng = np.random.default_rng(5)
    found = []
    for seed in range(200):
        values = rng.normal(size=120)
        replicates = resample(pieces_of(list(range(120))), values[:, None], resamples=200, seed=seed)
        found.append(p_value(replicates[:, 0], float(values.mean())))
    assert 0.01 <= np.mean(np.array(found) < 0.05) <= 0.1
    assert 0.4 <= np.mean(np.array(found) < 0.5) <= 0.6


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_equals_the_step_down_rule(p_values: list[float]):
    adjusted = holm(p_values).tolist()
    for alpha in (0.01, 0.05, 0.2):
        order = sorted(range(len(p_values)), key=lambda i: p_values[i])
        rejected: set[int] = set()
        for step, i in enumerate(order):
            if p_values[i] * (len(p_values) - step) > alpha:
                break
            rejected.add(i)
        assert {i for i, p in enumerate(adjusted) if p <= alpha} == rejected
