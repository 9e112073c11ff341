"""EASE: the laws of its closed form, and its form for large catalogues."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from warmstart.core.errors import ConfigError
from warmstart.core.linear import resized
from warmstart.recommend.baselines.ease import EaseScorer
from warmstart.recommend.baselines.ridge_tables import (
    exact_ease,
    local_ease,
    penalties,
    with_likeness_to_self,
)
from warmstart.testing.toys import WordEncoder, checkerboard


@st.composite
def shops(draw: st.DrawFn, fewest: int = 1) -> sparse.csr_matrix:
    users, items = draw(st.integers(2, 20)), draw(st.integers(fewest, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return sparse.csr_matrix((rng.random((users, items)) < draw(st.floats(0.1, 0.7))).astype(np.float32))


ridges = st.floats(0.5, 50.0)
dropouts = st.sampled_from([0.0, 0.3, 0.8])


@given(shops(), ridges, dropouts)
@settings(max_examples=50)
def test_each_column_is_the_ridge_regression_of_an_item_on_all_others(
    chosen: sparse.csr_matrix, ridge: float, dropout: float
):
    table = exact_ease(chosen, ridge, dropout=dropout).toarray()
    dense = chosen.toarray().astype(np.float64)
    counts = dense.sum(axis=0).astype(np.float32)
    penalty = penalties(counts, ridge, dropout).astype(np.float64)
    for item in range(dense.shape[1]):
        others = np.arange(dense.shape[1]) != item
        design = dense[:, others]
        expected = np.linalg.solve(design.T @ design + np.diag(penalty[others]), design.T @ dense[:, item])
        np.testing.assert_allclose(table[others, item], expected, atol=2e-4)
        assert table[item, item] == 0.0


@given(shops(), ridges, dropouts)
@settings(max_examples=50)
def test_with_all_items_as_neighbours_the_large_form_is_the_exact_one(
    chosen: sparse.csr_matrix, ridge: float, dropout: float
):
    exact = exact_ease(chosen, ridge, dropout=dropout).toarray()
    local = local_ease(chosen, ridge, dropout=dropout, neighbours=chosen.shape[1]).toarray()
    np.testing.assert_allclose(local, exact, atol=2e-4)


@given(shops(fewest=5), st.integers(1, 3))
@settings(max_examples=30)
def test_few_neighbours_bound_what_is_held(chosen: sparse.csr_matrix, neighbours: int):
    table = local_ease(chosen, 2.0, neighbours=neighbours)
    assert np.diff(table.tocsc().indptr).max(initial=0) <= neighbours
    together = (chosen.T @ chosen).toarray()
    rows, columns = table.nonzero()
    hot = np.count_nonzero(chosen.sum(axis=0))
    assert neighbours >= hot - 1 or np.all(together[rows, columns] > 0)
    kept = exact_ease(chosen, 2.0, kept=neighbours)
    assert np.diff(kept.indptr).max(initial=0) <= neighbours


def test_the_most_telling_neighbour_is_the_one_that_explains_most_alone():
    # Item 0 is always chosen with item 1, and half of the time with item 2, which everybody has.
    dense = np.array([[1, 1, 1], [1, 1, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]], dtype=np.float32)
    table = local_ease(sparse.csr_matrix(dense), 1.0, neighbours=1).toarray()
    assert table[1, 0] == pytest.approx(2 / 3)
    assert table[2, 0] == 0.0


def test_pruning_keeps_the_largest_weights_of_each_row_wherever_the_blocks_end(
    monkeypatch: pytest.MonkeyPatch,
):
    rng = np.random.default_rng(3)
    chosen = sparse.csr_matrix((rng.random((60, 23)) < 0.3).astype(np.float32))
    whole = exact_ease(chosen, 5.0).toarray()
    monkeypatch.setattr("warmstart.recommend.baselines.ridge_tables._BLOCK", 7)
    np.testing.assert_array_equal(exact_ease(chosen, 5.0).toarray(), whole)
    pruned = exact_ease(chosen, 5.0, kept=4).toarray()
    for row, full in zip(pruned, whole, strict=True):
        assert set(np.flatnonzero(row)) == set(np.argsort(-np.abs(full))[:4])
        np.testing.assert_array_equal(row[row != 0], full[row != 0])


def test_more_dropout_spreads_the_weights():
    rng = np.random.default_rng(0)
    chosen = sparse.csr_matrix((rng.random((80, 15)) < 0.4).astype(np.float32))
    sizes = [np.square(exact_ease(chosen, 1.0, dropout=share).data).sum() for share in (0.0, 0.5, 0.9)]
    assert sizes == sorted(sizes, reverse=True)


def test_items_and_shops_without_events_have_no_weights():
    chosen = resized(sparse.csr_matrix(np.eye(3, dtype=np.float32)), 4, 5)
    for table in (exact_ease(chosen, 1.0), local_ease(chosen, 1.0)):
        assert table.shape == (5, 5)
        assert not table.toarray().any()
    empty = resized(chosen, 0, 5)
    for table in (exact_ease(empty, 1.0), local_ease(empty, 1.0)):
        assert table.shape == (5, 5)
        assert table.nnz == 0


@pytest.mark.parametrize(("ridge", "dropout"), [(0.0, 0.0), (-1.0, 0.0), (1.0, 1.0), (1.0, -0.1)])
def test_impossible_penalties_are_refused(ridge: float, dropout: float):
    with pytest.raises(ConfigError, match="ridge > 0"):
        penalties(np.ones(2, dtype=np.float32), ridge, dropout)


def test_an_item_is_as_like_itself_as_its_best_neighbour_is():
    table = sparse.csr_matrix(np.array([[0, 0.5, -1], [-1, 0, -2], [0, 0, 0]], dtype=np.float32))
    assert with_likeness_to_self(table).toarray().tolist() == [[0.5, 0.5, -1], [-1, 0, -2], [0, 0, 0]]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_beyond_the_limit_the_scorer_takes_the_large_form(language: str):
    toy = checkerboard(language, crowd=True)  # type: ignore[arg-type]
    encoder = WordEncoder().fit(toy.texts)
    scorers = [EaseScorer(exact_items=limit).fit(toy.dataset, encoder) for limit in (1_000, 3)]
    query = toy.user_query(0, 3)
    scores = [scorer.score(query) for scorer in scorers]
    assert [scorer.table_.nnz > 0 for scorer in scorers] == [True, True]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-4)
    narrow = EaseScorer(exact_items=3, neighbours=2).fit(toy.dataset, encoder)
    assert narrow.table_.nnz < scorers[1].table_.nnz
