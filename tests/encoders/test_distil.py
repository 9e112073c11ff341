import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from warmstart.core.linear import FloatArray
from warmstart.encoders.distil import fit_table, inverse_frequency_weights, principal_axes


def problem(
    seed: int = 0, texts: int = 30, words: int = 12, dim: int = 5
) -> tuple[sparse.csr_matrix, FloatArray, FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    counts = sparse.csr_matrix(rng.poisson(0.4, (texts, words)).astype(np.float32))
    prior = rng.standard_normal((words, dim)).astype(np.float32)
    targets = rng.standard_normal((texts, dim)).astype(np.float32)
    return counts, targets, prior, rng.uniform(0.2, 1, words).astype(np.float32)


@pytest.mark.parametrize("ridge", [0.3, 1.0, 10.0])
def test_the_table_is_the_ridge_solution(ridge):
    counts, targets, prior, weights = problem()
    found = fit_table(counts, targets, prior, weights, ridge)
    design = counts.toarray() * weights
    lengths = np.linalg.norm(design @ prior, axis=1, keepdims=True)
    design = np.divide(design, lengths, out=np.zeros_like(design), where=lengths > 0)
    moved = np.linalg.solve(design.T @ design + ridge * np.eye(12), design.T @ (targets - design @ prior))
    np.testing.assert_allclose(found, prior + moved, atol=2e-3)


def test_without_evidence_the_prior_stays():
    counts, targets, prior, weights = problem()
    assert np.array_equal(fit_table(counts * 0, targets, prior, weights, 1.0), prior)


def test_words_that_no_text_has_stay_where_they_are():
    counts, targets, prior, weights = problem()
    counts.data[counts.indices == 4] = 0
    found = fit_table(counts, targets, prior, weights, 0.5)
    assert np.array_equal(found[4], prior[4])
    assert not np.allclose(found, prior)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=8), st.floats(1e-4, 1))
def test_weights_lie_between_nothing_and_one_and_fall_with_frequency(totals, smoothing):
    weights = inverse_frequency_weights(sparse.csr_matrix([totals], dtype=np.float32), smoothing)
    assert (weights > 0).all()
    assert (weights <= 1).all()
    order = np.argsort(totals, kind="stable")
    assert (np.diff(weights[order]) <= 1e-6).all()


def test_all_axes_keep_every_cosine():
    rows = np.random.default_rng(0).standard_normal((20, 6)).astype(np.float32)
    axes = principal_axes(rows, 99)
    np.testing.assert_allclose(rows @ axes @ (rows @ axes).T, rows @ rows.T, atol=1e-4)


def test_the_first_axis_is_the_direction_of_most_energy():
    rows = np.array([[3, 3, 0], [-2, -2, 0.1], [0, 0, 0.2]], dtype=np.float32)
    np.testing.assert_allclose(np.abs(principal_axes(rows, 1).ravel()), [0.7071, 0.7071, 0], atol=0.02)
