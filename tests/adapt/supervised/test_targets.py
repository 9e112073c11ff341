"""Losses, heads and what is held back."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.adapt.supervised.examples import ENOUGH, Examples, hold_out
from warmstart.adapt.supervised.linear_head import by_sigmoid, by_softmax, by_square, fit_linear_head
from warmstart.adapt.supervised.targets import (
    Classes,
    Labels,
    Values,
    balanced_weights,
    choose_thresholds,
    one_hot,
)
from warmstart.core.errors import InputError

LINKS = {"classes": by_softmax, "labels": by_sigmoid, "values": by_square}
TARGETS: dict[str, type[Any]] = {"classes": Classes, "labels": Labels, "values": Values}


def wanted_for(kind, rng, n, width):
    if kind == "classes":
        return one_hot(rng.integers(width, size=n), width)
    if kind == "labels":
        return (rng.random((n, width)) < 0.4).astype(np.float32)
    return rng.normal(size=(n, width)).astype(np.float32)


@pytest.mark.parametrize("kind", LINKS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_slope_of_a_loss_is_its_derivative(kind, seed):
    rng = np.random.default_rng(seed)
    told, wanted = rng.normal(size=(4, 3)), wanted_for(kind, rng, 4, 3)
    _, slopes = LINKS[kind](told, wanted)
    step = 1e-6
    for column in range(3):
        moved = told.copy()
        moved[:, column] += step
        numeric = (LINKS[kind](moved, wanted)[0] - LINKS[kind](told, wanted)[0]) / step
        assert np.allclose(numeric, slopes[:, column], atol=1e-4)


@pytest.mark.parametrize("kind", ["classes", "labels", "values"])
def test_losses_in_torch_are_those_of_the_linear_head(kind):
    torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
    rng = np.random.default_rng(0)
    told = rng.normal(size=(6, 3)).astype(np.float32)
    wanted = wanted_for(kind, rng, 6, 3)
    target = TARGETS[kind](width=3)
    found = target.losses(torch, torch.tensor(told), torch.tensor(wanted)).numpy()
    expected, _ = LINKS[kind](told.astype(np.float64), wanted)
    assert np.allclose(found, expected * (2 if kind == "values" else 1), atol=1e-5)
    same = torch.tensor(told)
    assert float(target.divergence(torch, same, same)) == pytest.approx(0, abs=1e-6)
    assert float(target.divergence(torch, same, same + torch.tensor([1.0, 0, 0]))) > 0


def test_the_linear_head_is_logistic_regression():
    sklearn = pytest.importorskip("sklearn.linear_model", reason="needs the extra 'evaluate'")
    rng = np.random.default_rng(1)
    vectors, codes = rng.normal(size=(60, 5)).astype(np.float32), rng.integers(3, size=60)
    weights, biases = fit_linear_head(vectors, one_hot(codes, 3), np.ones(60), by_softmax, 2.0)
    expected = sklearn.LogisticRegression(C=2.0, tol=1e-8, max_iter=1000).fit(vectors, codes)
    said = Classes(width=3).answers(vectors @ weights + biases)
    assert np.allclose(said, expected.predict_proba(vectors), atol=1e-3)


def test_the_linear_head_of_numbers_is_ridge_regression():
    rng = np.random.default_rng(2)
    vectors, wanted = rng.normal(size=(40, 4)), rng.normal(size=(40, 1))
    counted = rng.random(40) + 0.5
    weights, biases = fit_linear_head(vectors, wanted, counted, by_square, 3.0)
    full = np.column_stack([vectors, np.ones(40)])
    ridge = np.diag([1 / 3.0] * 4 + [0.0])
    expected = np.linalg.solve(
        full.T @ (full * counted[:, None]) + ridge, full.T @ (counted * wanted[:, 0])
    )
    assert np.allclose(np.append(weights[:, 0], biases), expected, atol=1e-4)


def test_of_equally_many_right_answers_the_likelier_are_better_and_never_worth_a_text():
    wanted = one_hot(np.array([0, 1]), 2)
    sure, unsure = np.array([[5.0, 0], [0, 5.0]]), np.array([[0.1, 0], [0, 0.1]])
    half = np.array([[9.0, 0], [0.01, 0]])
    quality = Classes(width=2).quality
    assert quality(sure, wanted) > quality(unsure, wanted) > quality(half, wanted)
    assert Values(width=1).quality(wanted, wanted) == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.floats(0, 1))
def test_weights_have_mean_one_and_rare_classes_are_not_lighter(codes, balance):
    weights = balanced_weights(one_hot(np.array(codes), 5), balance)
    assert weights.mean() == pytest.approx(1, abs=1e-5)
    counts = np.bincount(codes, minlength=5)[codes]
    order = np.argsort(counts, kind="stable")
    assert (np.diff(weights[order]) <= 1e-5).all()


def test_fully_balanced_classes_have_the_same_say():
    codes = np.array([0] * 9 + [1] * 3)
    weights = balanced_weights(one_hot(codes, 2), 1.0)
    assert weights[codes == 0].sum() == pytest.approx(weights[codes == 1].sum())


def test_a_threshold_is_where_f1_is_best():
    rng = np.random.default_rng(3)
    said, right = rng.random((50, 2)).astype(np.float32), rng.random((50, 2)) < 0.3
    right[:, 1] = False
    found = choose_thresholds(said, right.astype(np.float32))

    def f1(cut):
        given = said[:, 0] >= cut
        return 2 * (given & right[:, 0]).sum() / (given.sum() + right[:, 0].sum())

    assert f1(found[0]) == max(f1(cut) for cut in np.linspace(0, 1, 2001))
    assert found[1] == 0.5


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(2, 6), st.integers(0, 99))
def test_what_is_held_back_is_a_share_of_each_class_or_nothing(shots, width, seed):
    wanted = one_hot(np.repeat(np.arange(width), shots), width)
    held = hold_out(wanted, 0.2, seed)
    assert held.sum() == 0 or held.sum() >= ENOUGH
    assert (wanted[~held].sum(axis=0) > 0).all()
    if held.any():
        assert (wanted[held].sum(axis=0) == shots // 5).all()


def test_numbers_are_held_back_at_random():
    values = np.random.default_rng(0).normal(size=(200, 1)).astype(np.float32)
    assert hold_out(values, 0.2, 0).sum() == 40
    assert hold_out(values, 0.0, 0).sum() == 0


def test_examples_of_unequal_length_are_refused():
    with pytest.raises(InputError, match="target"):
        Examples.of(["a"], np.zeros((2, 1), dtype=np.float32))
