"""Small forms of vectors against the exact scan."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from warmstart.core.linear import unit_rows
from warmstart.index.compact import (
    BinaryIndex,
    Coder,
    Int8Index,
    Int8Rows,
    compact_index,
    count_by_table,
    differing_bits,
    index_arrays,
    restore_index,
)
from warmstart.index.vectors import ExactIndex

FORMS: Any = ["int8", "binary"]


def clustered(n: int = 3000, dim: int = 96, seed: int = 0) -> np.ndarray:
    """Vectors as encoders give them: in groups, and all a little alike."""
    rng = np.random.default_rng(seed)
    groups = np.random.default_rng(100).normal(size=(40, dim))
    return unit_rows(groups[rng.integers(0, 40, n)] + 0.6 * rng.normal(size=(n, dim)) + 0.5)


@given(arrays(np.float32, (5, 7), elements=st.floats(-4, 4, width=32)))
def test_no_number_moves_by_more_than_half_a_scale(rows):
    small = Int8Rows.of(rows)
    assert (np.abs(small.floats() - rows) <= small.scales[:, None] * 0.501 + 1e-7).all()


def test_eight_bits_keep_every_cosine_to_four_thousandths():
    some, queries = clustered(), clustered(20, seed=1)
    index, exact = Int8Index(Int8Rows.of(some)), ExactIndex(some)
    errors = [np.abs(index.cosines(query) - exact.cosines(query)).max() for query in queries]
    assert 0 < max(errors) < 0.004


@settings(max_examples=20)
@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_bits_are_counted_alike_by_both_ways(words, seed):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 2**63, (words, 3), dtype=np.uint64)
    counts = [sum(bin(int(word)).count("1") for word in row) for row in codes ^ codes[0]]
    assert differing_bits(codes, codes[0]).tolist() == counts
    assert count_by_table(codes ^ codes[0]).tolist() == counts


def test_rescored_vectors_get_their_cosine_and_the_rest_never_more():
    some = clustered()
    index, plain = BinaryIndex.of(some, rescore=100), Int8Index(Int8Rows.of(some))
    for query in clustered(10, seed=1):
        found, cosines = index.cosines(query), plain.cosines(query)
        away = index._distances(query)
        candidates = np.argpartition(away, 99)[:100]
        np.testing.assert_allclose(found[candidates], cosines[candidates], atol=1e-6)
        rest = np.setdiff1d(np.arange(len(some)), candidates)
        assert found[rest].max() <= found[candidates].min()
        assert np.corrcoef(found[rest], cosines[rest])[0, 1] > 0.5


def test_signs_find_nearly_all_of_the_nearest():
    some = clustered()
    index, exact = BinaryIndex.of(some, rescore=200), ExactIndex(some)
    shares = []
    for query in clustered(40, seed=1):
        nearest = np.argsort(-exact.cosines(query))[:10]
        shares.append(np.isin(np.argsort(-index.cosines(query))[:10], nearest).mean())
    assert np.mean(shares) > 0.95


def test_learned_axes_are_a_rotation_and_lose_less_than_none():
    some = clustered()
    coder = Coder.fit(some)
    np.testing.assert_allclose(coder.axes.T @ coder.axes, np.eye(96), atol=1e-4)
    centred = some - coder.centre

    def lost(axes):
        turned = centred @ axes
        return 1 - np.abs(turned).sum() / np.sqrt((turned**2).sum() * turned.size)

    assert lost(coder.axes) < lost(np.eye(96))


@pytest.mark.parametrize("form", FORMS)
def test_unknown_vectors_stay_unknown(form):
    some = clustered(600)
    some[3] = 0.0
    index = compact_index(some, form, 50)
    found = index.cosines(some[7])
    assert np.flatnonzero(np.isnan(found)).tolist() == [3]
    assert np.isnan(index.cosines(np.zeros(96, dtype=np.float32))).all()


@pytest.mark.parametrize("form", FORMS)
def test_vectors_are_put_in_place_and_at_the_end(form):
    some, more = clustered(600), clustered(3, seed=2)
    index = compact_index(some, form, 50)
    index.put(np.array([1, 601, 600]), more)
    assert len(index.vectors) == 602
    np.testing.assert_allclose(index.vectors[[1, 601, 600]], more, atol=0.01)
    assert [int(np.nanargmax(index.cosines(vector))) for vector in more] == [1, 601, 600]


@pytest.mark.parametrize("form", ["float32", *FORMS])
def test_what_is_restored_answers_alike(form):
    some = clustered(600)
    index = compact_index(some, form, 50)
    again = restore_index(index_arrays(index), 50)
    assert type(again) is type(index)
    np.testing.assert_array_equal(again.cosines(some[5]), index.cosines(some[5]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("n", [0, 1, 5])
def test_few_vectors_are_no_trouble(form, n):
    some = clustered(n)
    assert compact_index(some, form, 50).cosines(clustered(1, seed=3)[0]).shape == (n,)


def test_memory_is_a_quarter_and_a_little_more():
    some = clustered(6000, 384)
    size = {}
    for form in FORMS:
        index = compact_index(some, form, 50)
        assert isinstance(index, Int8Index)
        size[form] = sum(array.nbytes for array in index.arrays().values())
    assert size["int8"] < some.nbytes / 3.9
    assert size["int8"] < size["binary"] < some.nbytes / 2.7
