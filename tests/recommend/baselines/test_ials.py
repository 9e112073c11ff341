"""iALS: against the library that fits it, and the laws of folding users in."""

import dataclasses
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from warmstart.core.errors import ConfigError, MissingExtraError
from warmstart.core.linear import FloatArray
from warmstart.data.query import Query
from warmstart.data.records import Item, items_frame
from warmstart.recommend.baselines.ials import IalsMapScorer, IalsScorer, item_factors
from warmstart.recommend.evidence import interaction_matrix
from warmstart.testing.toys import Checkerboard, WordEncoder, checkerboard

pytest.importorskip("implicit", reason="the extra 'evaluate' is not installed")


@pytest.fixture(scope="module")
def toy() -> Checkerboard:
    return checkerboard("zh", crowd=True)


@pytest.fixture(scope="module")
def scorer(toy: Checkerboard) -> IalsScorer:
    return IalsScorer(dim=8, ridge=0.3, confidence=12.0).fit(toy.dataset)


def library_factors(factors: FloatArray, scorer: IalsScorer, rows: sparse.csr_matrix) -> FloatArray:
    import threadpoolctl
    from implicit.cpu.als import AlternatingLeastSquares

    with threadpoolctl.threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=scorer.dim, regularization=scorer.ridge, alpha=scorer.confidence, num_threads=1
        )
        model.item_factors = factors
        found: FloatArray = model.recalculate_user(np.arange(rows.shape[0]), rows)
    return found


weights = st.sampled_from([1.0, 0.6, 0.1, -0.3, -1.0])


@given(st.dictionaries(st.integers(0, 25), weights, min_size=1, max_size=10))
@settings(max_examples=50)
def test_users_are_folded_in_as_the_library_recalculates_them(
    scorer: IalsScorer, history: dict[int, float]
):
    positions = np.array(sorted(history))
    values = np.array([history[i] for i in sorted(history)], dtype=np.float32)
    row = sparse.csr_matrix((values, (np.zeros(len(values), dtype=int), positions)), shape=(1, 26))
    expected = library_factors(scorer.factors_, scorer, row)[0]
    np.testing.assert_allclose(scorer.user_factor(positions, values), expected, rtol=1e-3, atol=1e-4)


def test_the_factors_are_where_the_alternation_comes_to_rest(toy: Checkerboard):
    """Solving each user, then each item, exactly once more changes no score."""
    scorer = IalsScorer(dim=8, ridge=1.0, confidence=12.0, iterations=200).fit(toy.dataset)
    chosen = interaction_matrix(toy.dataset)
    users = library_factors(scorer.factors_, scorer, chosen)
    items = library_factors(users, scorer, sparse.csr_matrix(chosen.T))
    np.testing.assert_allclose(users @ items.T, users @ scorer.factors_.T, atol=5e-3)


def test_the_order_of_users_does_not_matter():
    rng = np.random.default_rng(5)
    chosen = sparse.csr_matrix((rng.random((40, 12)) < 0.3).astype(np.float32))
    shuffled = sparse.csr_matrix(chosen[rng.permutation(40)])
    first, second = (item_factors(rows, 12, 1.0, 10.0) for rows in (chosen, shuffled))
    np.testing.assert_allclose(first @ first.T, second @ second.T, atol=1e-3)


def test_a_disliked_item_falls_below_an_unknown_one(scorer: IalsScorer):
    against = scorer.user_factor(np.array([0, 1]), np.array([1.0, -1.0], dtype=np.float32))
    without = scorer.user_factor(np.array([0]), np.array([1.0], dtype=np.float32))
    assert scorer.factors_[1] @ against < scorer.factors_[1] @ without


def test_without_the_library_the_error_names_the_extra(toy: Checkerboard, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "implicit.cpu.als", None)
    with pytest.raises(MissingExtraError, match=r"warmstart\[evaluate\]"):
        IalsScorer().fit(toy.dataset)


def test_new_items_have_no_score_without_a_map_and_one_with_it(toy: Checkerboard):
    encoder = WordEncoder().fit(toy.texts)
    plain = IalsScorer().fit(toy.dataset, encoder)
    mapped = IalsMapScorer().fit(toy.dataset, encoder)
    added = items_frame([Item(item_id="x", title=toy.texts[0].splitlines()[0])])
    for scorer in (plain, mapped):
        scorer.add(added)
    query = toy.user_query(0)
    assert np.isnan(plain.score(query, ["x", toy.item_id(0, 12)])).all()
    assert np.isfinite(mapped.score(query)).all()
    old = [toy.item_id(0, k) for k in range(12)]
    np.testing.assert_allclose(plain.score(query, old), mapped.score(query, old), rtol=1e-5)


def test_a_changed_text_moves_only_items_without_events(toy: Checkerboard):
    mapped = IalsMapScorer().fit(toy.dataset, WordEncoder().fit(toy.texts))
    before = mapped.factors_.copy()
    changed = [toy.item_id(0, 3), toy.item_id(0, 12)]
    other = toy.texts[-1]
    mapped.add(items_frame([Item(item_id=item_id, title=other) for item_id in changed]))
    moved = [mapped.item_ids_[i] for i in np.flatnonzero(np.any(mapped.factors_ != before, axis=1))]
    assert moved == [toy.item_id(0, 12)]


def test_the_map_needs_text(toy: Checkerboard):
    with pytest.raises(ConfigError, match="encoder"):
        IalsMapScorer().fit(toy.dataset)


def test_a_shop_without_events_has_no_opinion(toy: Checkerboard):
    silent = dataclasses.replace(toy.dataset, events=toy.dataset.events.clear())
    scores = IalsScorer().fit(silent).score(Query(anchors=(toy.item_id(0, 0),)))
    assert np.isnan(scores).all()
