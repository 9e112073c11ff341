"""Closed-form tables against slow loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from warmstart.core.linear import empty_sparse
from warmstart.recommend.tables import (
    content_projection,
    item_knn,
    nearest_mixture,
    ridge_map,
    rp3,
)

who_chose_what = st.integers(1, 6).flatmap(
    lambda items: hnp.arrays(
        np.int8, st.tuples(st.integers(1, 6), st.just(items)), elements=st.integers(0, 1)
    )
)
similarities = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(0, 7)),
    elements=st.integers(-4, 8).map(lambda value: value / 8),
)


@given(who_chose_what, st.sampled_from([0.5, 10.0, 100.0]))
def test_item_knn_is_shrunk_cosine(chosen: np.ndarray, shrinkage: float):
    table = item_knn(sparse.csr_matrix(chosen, dtype=np.float32), shrinkage).toarray()
    for h in range(chosen.shape[1]):
        for j in range(chosen.shape[1]):
            together = sum(row[h] and row[j] for row in chosen)
            norm = np.sqrt(chosen[:, h].sum() * chosen[:, j].sum()) + shrinkage
            assert table[h, j] == pytest.approx(together / norm, rel=1e-5)


@given(who_chose_what, st.sampled_from([0.0, 0.4, 1.0]), st.sampled_from([0.0, 0.4, 1.0]))
def test_rp3_sums_over_the_users_in_between(chosen: np.ndarray, item_exponent: float, user_exponent: float):
    interactions = sparse.csr_matrix(chosen, dtype=np.float32)
    table = rp3(interactions, item_exponent, user_exponent).toarray()
    for h in range(chosen.shape[1]):
        for j in range(chosen.shape[1]):
            walks = sum(row.sum() ** -user_exponent for row in chosen.astype(float) if row[h] and row[j])
            expected = walks / max(chosen[:, h].sum(), 1) ** item_exponent
            assert table[h, j] == pytest.approx(expected, rel=1e-4)


@given(similarities, st.integers(1, 8))
def test_a_mixture_takes_the_nearest_and_sums_to_one_or_nothing(similar: np.ndarray, neighbours: int):
    donors = np.arange(similar.shape[1]) * 2 + 1
    mixture = nearest_mixture(similar, donors, 20, neighbours).toarray()
    for row, found in zip(similar, mixture, strict=True):
        best = np.sort(np.maximum(row, 0.0))[::-1][:neighbours]
        weights = np.sort(found[found > 0])[::-1]
        expected = best[best > 0] ** 3 / (best**3).sum() if best.any() else np.zeros(0)
        np.testing.assert_allclose(weights, expected, rtol=1e-4)
        given_to = np.flatnonzero(found)
        assert set(given_to) <= set(donors[row > 0])


def test_a_mixture_without_donors_is_empty():
    assert nearest_mixture(np.zeros((2, 0), dtype=np.float32), np.zeros(0, dtype=np.int64), 5).nnz == 0


@pytest.fixture
def two_tastes() -> tuple[np.ndarray, sparse.csr_matrix]:
    """Content that says nothing of taste in its first column and everything in its second."""
    rng = np.random.default_rng(0)
    taste = np.repeat([-1.0, 1.0], 20)
    content = np.column_stack([3 * rng.normal(size=40), taste, 0.1 * rng.normal(size=40)])
    chosen = np.array([(taste == side) & (rng.random(40) < 0.4) for side in [-1.0, 1.0] * 30])
    return content.astype(np.float32), sparse.csr_matrix(chosen, dtype=np.float32)


def test_a_projection_brings_together_what_the_same_people_choose(
    two_tastes: tuple[np.ndarray, sparse.csr_matrix],
):
    content, interactions = two_tastes
    projection = content_projection(content, interactions, dim=1, ridge=1.0)
    assert projection.shape == (3, 1)
    assert np.abs(projection[:, 0]).argmax() == 1
    projected = content @ projection[:, 0]
    assert projected[:20].mean() * projected[20:].mean() < 0


def test_a_projection_solves_the_generalised_eigenproblem(
    two_tastes: tuple[np.ndarray, sparse.csr_matrix],
):
    content, interactions = two_tastes
    x = interactions.toarray().astype(float)
    gram = x.T @ np.diag(x.sum(axis=1) ** -0.5) @ x
    own = np.diag(np.diag(gram))
    target = content.T @ (gram - own) @ content
    against = content.T @ own @ content + 20.0 * np.eye(3)
    projection = content_projection(content, interactions).astype(float)
    values = np.diag(projection.T @ against @ projection)  # scaled by roots, so the eigenvalues
    assert np.all(np.diff(values) <= 1e-6)
    np.testing.assert_allclose(target @ projection, against @ projection * values, rtol=2e-2, atol=0.05)


def test_a_projection_without_events_or_content_has_no_directions():
    content = np.ones((4, 3), dtype=np.float32)
    assert content_projection(content, empty_sparse(0, 4)).shape == (3, 0)
    assert content_projection(content[:, :0], empty_sparse(2, 4)).shape == (0, 0)


def test_ridge_without_penalty_is_least_squares_and_with_much_is_the_mean():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, 3)).astype(np.float32)
    y = (x @ [1.0, -2.0, 0.5] + 4.0 + 0.1 * rng.normal(size=30)).astype(np.float32)
    exact, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(30)]), y, rcond=None)
    np.testing.assert_allclose(ridge_map(x, y, 0.0), exact, atol=1e-3)
    np.testing.assert_allclose(ridge_map(x, y, 1e9), [0, 0, 0, y.mean()], atol=1e-3)
