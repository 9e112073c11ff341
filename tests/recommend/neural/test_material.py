"""What the neural scorers learn from."""

import numpy as np
import pytest
from scipy import sparse

from warmstart.recommend.neural.factors import implicit_factors
from warmstart.recommend.neural.material import Material, anchored_basis, row_means


@pytest.fixture
def shop() -> sparse.csr_matrix:
    return sparse.csr_matrix(np.random.default_rng(0).random((600, 30)) < 0.2, dtype=np.float32)


@pytest.fixture
def content() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((30, 6)).astype(np.float32)


def material(shop: sparse.csr_matrix, content: np.ndarray) -> Material:
    return Material.of([f"text {i:02d}" for i in range(30)], content, shop, seed=0)


def test_the_basis_is_orthonormal_and_turns_with_the_content(content):
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((6, 6)))[0].astype(np.float32)
    basis = anchored_basis(content, np.random.default_rng(0))
    turned = anchored_basis(content @ turn, np.random.default_rng(0))
    np.testing.assert_allclose(basis.T @ basis, np.eye(6), atol=1e-5)
    np.testing.assert_allclose(content @ turn @ turned, content @ basis, atol=1e-4)


def test_held_back_users_do_not_train_and_keep_something_to_find(shop, content):
    cut = material(shop, content)
    assert cut.asked.shape[0] >= 20
    assert cut.train.nnz + cut.asked.nnz + cut.wanted.nnz == shop.nnz
    assert cut.asked.multiply(cut.wanted).nnz == 0
    assert np.diff(cut.asked.indptr).min() >= 1
    assert np.diff(cut.wanted.indptr).min() >= 1


def test_a_batch_shows_other_items_of_the_user_and_never_the_target(shop, content):
    cut = material(shop, content)
    seen = 0
    for batch in cut.batches(256, np.random.default_rng(0)):
        used = batch.weights > 0
        seen += len(batch.targets)
        assert not (used & (batch.shown == batch.targets[:, None])).any()
        assert cut.holds(batch.users[:, None], batch.shown)[used].all()
        np.testing.assert_allclose(batch.weights.sum(axis=1), 1.0, rtol=1e-6)
    assert seen > 0.8 * cut.train.nnz


def test_row_means_leave_empty_rows_empty():
    rows = row_means(sparse.csr_matrix([[2.0, -2.0], [0.0, 0.0]])).toarray()
    np.testing.assert_allclose(rows, [[0.5, -0.5], [0.0, 0.0]])


def test_implicit_factors_solve_their_least_squares_problem(shop):
    users, items = implicit_factors(shop, 8, confidence=5.0, ridge=1.0, iterations=200)
    row = shop[0].toarray().ravel()
    weighed = items.T * (1.0 + 5.0 * row)
    exact = np.linalg.solve(weighed @ items + np.eye(8), weighed @ row)
    np.testing.assert_allclose(users[0], exact, atol=5e-3)
