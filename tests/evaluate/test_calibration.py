import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.evaluate.calibration import calibration_error, reliability_curve

ANSWERS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)
BINS = st.integers(1, 20)


def plain_error(said: np.ndarray, right: np.ndarray, bins: int) -> float:
    """The definition, bin by bin, for confidences that are all different."""
    order = np.argsort(said)
    edges = np.ceil(np.arange(bins + 1) * len(said) / bins).astype(int)
    parts = [order[a:b] for a, b in pairwise(edges) if b > a]
    return sum(len(p) * abs(said[p].mean() - right[p].mean()) for p in parts) / len(said)


@given(ANSWERS, BINS)
def test_the_bins_hold_every_answer_once_and_follow_each_other(answers, bins):
    said, right = zip(*answers, strict=True)
    curve = reliability_curve(said, right, bins=bins)
    assert sum(point.cases for point in curve) == len(answers)
    assert sum(point.cases * point.accuracy for point in curve) == pytest.approx(sum(right))
    assert sum(point.cases * point.confidence for point in curve) == pytest.approx(sum(said))
    assert len(curve) <= bins
    means = [point.confidence for point in curve]
    assert means == sorted(means)


@given(ANSWERS, BINS, st.randoms(use_true_random=False))
def test_the_order_of_the_answers_means_nothing(answers, bins, random):
    shuffled = random.sample(answers, len(answers))
    one, other = (calibration_error(*zip(*rows, strict=True), bins=bins) for rows in (answers, shuffled))
    assert one == pytest.approx(other)
    assert 0 <= one <= 1


@pytest.mark.parametrize(("n", "bins"), [(100, 15), (90, 15), (7, 15), (40, 1)])
def test_the_error_is_that_of_the_definition(n, bins):
    rng = np.random.default_rng(n)
    said = rng.random(n)
    right = rng.random(n) < said**2
    assert calibration_error(said, right, bins=bins) == pytest.approx(plain_error(said, right, bins))


def test_bins_hold_about_as_many_answers_as_the_others():
    said = np.random.default_rng(0).beta(8, 1, 1000)
    assert {point.cases for point in reliability_curve(said, said > 0.5, bins=10)} == {100}


def test_saying_how_often_one_is_right_is_no_error_and_boasting_is():
    rng = np.random.default_rng(1)
    said = rng.uniform(0.2, 0.9, 20_000)
    right = rng.random(20_000) < said
    assert calibration_error(said, right) < 0.02
    assert calibration_error(said + 0.1, right) == pytest.approx(0.1, abs=0.02)


def test_without_answers_there_is_no_curve():
    assert reliability_curve([], []) == []
    assert math.isnan(calibration_error([], []))
