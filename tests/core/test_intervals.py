"""The interval of a mean."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.intervals import mean_interval

VALUES = st.lists(st.floats(-1, 1), min_size=1, max_size=30)


@given(values=VALUES)
def test_it_lies_within_the_values_and_turns_with_them(values):
    low, high = mean_interval(values)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    turned = mean_interval([-value for value in values])
    assert np.allclose(turned, (-high, -low), atol=1e-9)


@given(values=VALUES, step=st.floats(-1, 1))
def test_it_moves_with_the_values(values, step):
    moved = mean_interval([value + step for value in values])
    assert np.allclose(moved, np.add(mean_interval(values), step), atol=1e-9)


def test_more_cases_narrow_it():
    few, many = (mean_interval([0.0, 1.0] * times) for times in (5, 500))
    assert many[1] - many[0] < (few[1] - few[0]) / 5


def test_it_holds_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = [low <= 0.5 <= high for low, high in (mean_interval(rng.random(40)) for _ in range(200))]
    assert 0.9 <= np.mean(held) <= 0.99
