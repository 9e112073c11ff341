"""Small linear algebra against numpy's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from warmstart.core.linear import (
    empty_sparse,
    orthonormal_columns,
    principal_directions,
    randomised_svd,
    resized,
    standardise,
    top_positions,
    unit_rows,
)

some_floats = st.floats(-100, 100, width=32)
scores = hnp.arrays(
    np.float32,
    st.integers(0, 30),
    elements=st.sampled_from([0.0, -0.0, 1.0, 2.5, -3.0, np.nan, np.inf, -np.inf]) | some_floats,
)


def low_rank(rows: int, columns: int, rank: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, columns))).astype(np.float32)


@given(scores, st.integers(-2, 35))
def test_top_positions_are_those_of_a_stable_sort(values: np.ndarray, n: int):
    usable = [i for i in range(len(values)) if np.isfinite(values[i])]
    expected = sorted(usable, key=lambda i: (-values[i], i))[: max(n, 0)]
    assert top_positions(values, n).tolist() == expected


def test_top_positions_of_nothing_are_none():
    assert top_positions([], 5).tolist() == []
    assert top_positions([np.nan, -np.inf], 5).tolist() == []


@given(hnp.arrays(np.float32, st.tuples(st.integers(0, 6), st.integers(1, 5)), elements=some_floats))
def test_rows_get_length_one_or_stay_zero(matrix: np.ndarray):
    norms = np.linalg.norm(unit_rows(matrix), axis=1)
    zero = np.linalg.norm(matrix, axis=1) == 0
    np.testing.assert_allclose(norms[~zero], 1.0, atol=1e-3)
    assert not norms[zero].any()


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=20).filter(lambda v: len(set(v)) > 1))
def test_standard_scores_have_mean_zero_and_deviation_one(values: list[int]):
    standard = standardise(values)
    assert standard.mean() == pytest.approx(0, abs=1e-4)
    assert standard.std() == pytest.approx(1, abs=1e-4)


@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=20).filter(lambda v: len(set(v)) > 1),
    st.integers(1, 9),
    st.integers(-9, 9),
)
def test_standard_scores_know_no_unit(values: list[int], scale: int, shift: int):
    moved = standardise(np.array(values) * scale + shift)
    np.testing.assert_allclose(moved, standardise(values), atol=1e-4)


def test_standard_scores_ignore_the_unknown_and_give_zero_for_a_constant():
    assert standardise([4.0, np.nan, 4.0]).tolist()[::2] == [0.0, 0.0]
    assert np.isnan(standardise([4.0, np.nan])[1])
    assert np.isnan(standardise([np.nan, np.nan])).all()
    assert standardise([]).size == 0


@pytest.mark.parametrize("as_sparse", [False, True])
def test_a_randomised_decomposition_is_the_exact_one(as_sparse: bool):
    matrix = low_rank(60, 40, 12)
    u, s, vt = randomised_svd(sparse.csr_matrix(matrix) if as_sparse else matrix, 8, seed=1)
    exact_u, exact_s, exact_vt = np.linalg.svd(matrix, full_matrices=False)
    np.testing.assert_allclose(s, exact_s[:8], rtol=1e-3)
    best = (exact_u[:, :8] * exact_s[:8]) @ exact_vt[:8]
    np.testing.assert_allclose((u * s) @ vt, best, atol=0.02)
    np.testing.assert_allclose(u.T @ u, np.eye(8), atol=1e-3)
    np.testing.assert_allclose(vt @ vt.T, np.eye(8), atol=1e-3)


def test_equal_seeds_give_equal_vectors_and_other_seeds_the_same_up_to_rounding():
    matrix = low_rank(50, 30, 6)
    first, again, other = (randomised_svd(matrix, 4, seed=seed) for seed in (3, 3, 4))
    for left, same, near in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(left, same)
        np.testing.assert_allclose(left, near, atol=1e-3)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, 1), (3, 7), (7, 3)])
def test_matrices_of_any_shape_are_taken_apart(shape: tuple[int, int]):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=shape).astype(np.float32)
    for whole in (matrix, sparse.csr_matrix(matrix), np.zeros(shape, dtype=np.float32)):
        u, s, vt = randomised_svd(whole, 4, seed=0)
        assert u.shape[0] == shape[0]
        assert vt.shape[1] == shape[1]
        assert u.shape[1] == len(s) == vt.shape[0] <= min(4, *shape)
        dense = whole.toarray() if sparse.issparse(whole) else whole
        np.testing.assert_allclose((u * s) @ vt, dense, atol=1e-3)


def test_a_matrix_of_lower_rank_gives_fewer_triplets():
    _, s, _ = randomised_svd(low_rank(30, 20, 2), 10, seed=0)
    assert np.sum(s > 1e-2) == 2


def test_an_orthonormal_basis_spans_the_columns_and_leaves_out_nothing_but_repeats():
    tall = low_rank(40, 6, 3)
    basis = orthonormal_columns(tall)
    assert basis.shape == (40, 3)
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-3)
    np.testing.assert_allclose(basis @ (basis.T @ tall), tall, atol=1e-2)
    assert orthonormal_columns(np.zeros((4, 3))).shape == (4, 0)


def test_principal_directions_hold_the_most_of_the_length():
    matrix = low_rank(50, 10, 4)
    directions = principal_directions(matrix, 2)
    s = np.linalg.svd(matrix, compute_uv=False)
    assert np.sum((matrix @ directions) ** 2) == pytest.approx(np.sum(s[:2] ** 2), rel=1e-3)
    assert principal_directions(np.zeros((3, 0), dtype=np.float32), 5).shape == (0, 0)


def test_resizing_keeps_what_is_inside_and_leaves_the_original():
    matrix = sparse.csr_matrix(np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32))
    assert resized(matrix, 3, 1).toarray().tolist() == [[1.0], [3.0], [0.0]]
    assert matrix.shape == (2, 2)
    assert empty_sparse(2, 3).toarray().tolist() == [[0.0] * 3] * 2
