from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.evaluate.bootstrap import Pieces, interval, resample
from warmstart.evaluate.labelling import accuracy_parts, auroc, auroc_parts, macro_f1_parts, placements

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40)
SCORES = st.lists(st.integers(0, 5), min_size=1, max_size=20)


@pytest.fixture
def metrics() -> Any:
    return pytest.importorskip("sklearn.metrics", reason="needs the extra 'evaluate'")


def weighted_f1(truth: np.ndarray, given: np.ndarray, weights: np.ndarray) -> float:
    scores = []
    for label in np.unique(truth):
        hit = weights[(truth == label) & (given == label)].sum()
        scores.append(2 * hit / (weights[truth == label].sum() + weights[given == label].sum()))
    return float(np.mean(scores))


@given(PAIRS)
def test_the_mean_of_the_parts_is_macro_f1(pairs):
    truth, told = np.array(pairs).T
    parts = macro_f1_parts(truth, told)
    assert parts.shape == truth.shape
    assert parts.mean() == pytest.approx(weighted_f1(truth, told, np.ones(len(truth))))


def test_macro_f1_and_auroc_are_those_of_scikit_learn(metrics):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, 200)
    told = np.where(rng.random(200) < 0.6, truth, rng.integers(0, 5, 200))
    expected = metrics.f1_score(truth, told, average="macro")
    assert macro_f1_parts(truth, told).mean() == pytest.approx(expected)
    assert accuracy_parts(truth, told).mean() == pytest.approx(metrics.accuracy_score(truth, told))
    inside, outside = rng.integers(0, 9, 80), rng.integers(3, 12, 50)
    expected = metrics.roc_auc_score(np.repeat([0, 1], [80, 50]), np.concatenate([inside, outside]))
    assert auroc(inside, outside) == pytest.approx(expected)


@given(SCORES, SCORES)
def test_auroc_is_the_share_of_pairs_in_the_right_order(inside, outside):
    wins = np.mean([(b > a) + 0.5 * (b == a) for a in inside for b in outside])
    assert auroc(inside, outside) == pytest.approx(wins)
    assert len(auroc_parts(inside, outside)) == len(inside) + len(outside)


@given(SCORES, SCORES)
def test_auroc_turned_round_is_what_is_left(inside, outside):
    assert auroc(inside, outside) + auroc(outside, inside) == pytest.approx(1)


def test_small_changes_of_weight_move_macro_f1_as_its_parts_say():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, 300)
    told = np.where(rng.random(300) < 0.7, truth, rng.integers(0, 4, 300))
    parts = macro_f1_parts(truth, told)
    weights = 1 + 0.01 * rng.standard_normal(300)
    followed = (weights * parts).sum() / weights.sum()
    moved = weighted_f1(truth, told, weights) - parts.mean()
    assert abs(moved) > 1e-5
    assert followed - parts.mean() == pytest.approx(moved, abs=2e-5)


def test_the_interval_of_auroc_is_as_wide_as_drawing_texts_again():
    rng = np.random.default_rng(4)
    inside, outside = rng.normal(0, 1, 150), rng.normal(1, 1, 60)
    size = len(inside) + len(outside)
    pieces = Pieces(user=np.arange(size), item=np.full(size, -1), share=np.ones(size))
    low, high = interval(resample(pieces, auroc_parts(inside, outside)[:, None], resamples=1000))
    again = [auroc(rng.choice(inside, len(inside)), rng.choice(outside, len(outside))) for _ in range(1000)]
    width = np.quantile(again, 0.975) - np.quantile(again, 0.025)
    assert (high - low)[0] == pytest.approx(width, rel=0.15)


@given(SCORES, SCORES)
def test_the_mean_of_the_placements_of_either_group_is_auroc(inside, outside):
    placed, n = placements(inside, outside), len(inside)
    assert placed[:n].mean() == pytest.approx(placed[n:].mean())
    assert placed.mean() == pytest.approx(auroc(inside, outside))
    assert ((placed >= -1e-9) & (placed <= 1 + 1e-9)).all()
