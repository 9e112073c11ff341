"""Cosines against numpy's own."""

from importlib.util import find_spec

import numpy as np
import pytest

from warmstart.core.errors import MissingExtraError
from warmstart.core.linear import unit_rows
from warmstart.index.vectors import ApproximateIndex, ExactIndex, build_index


def vectors(n: int = 50, seed: int = 0) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).normal(size=(n, 8)))


def test_cosines_are_products_and_unknown_stays_unknown():
    some = vectors()
    some[3] = 0.0
    cosines = ExactIndex(some).cosines(some[7])
    assert np.isnan(cosines).sum() == 1
    assert np.isnan(cosines[3])
    np.testing.assert_allclose(np.delete(cosines, 3), np.delete(some @ some[7], 3), atol=1e-6)
    assert np.isnan(ExactIndex(some).cosines(np.zeros(8, dtype=np.float32))).all()


def test_vectors_are_put_in_place_and_at_the_end():
    some, more = vectors(4), vectors(3, seed=1)
    index = ExactIndex(some)
    index.put(np.array([1, 5, 4]), more)
    assert len(index.vectors) == 6
    np.testing.assert_array_equal(index.vectors[[1, 5, 4]], more)
    np.testing.assert_array_equal(index.vectors[[0, 2, 3]], some[[0, 2, 3]])


def test_putting_leaves_the_mapped_original_alone():
    some = vectors(4)
    kept = some.copy()
    some.setflags(write=False)
    ExactIndex(some).put(np.array([0]), vectors(1, seed=2))
    np.testing.assert_array_equal(some, kept)


def test_small_catalogues_are_scanned():
    assert type(build_index(vectors())) is ExactIndex


if find_spec("usearch"):

    def test_a_graph_finds_the_nearest():
        some = vectors(200)
        index = ApproximateIndex(some, n_candidates=20)
        cosines = index.cosines(some[5])
        assert np.nanargmax(cosines) == 5
        assert np.isnan(cosines).sum() == 180

else:

    def test_a_graph_without_its_extra_says_which_one():
        with pytest.raises(MissingExtraError, match=r"warmstart\[ann\]"):
            ApproximateIndex(vectors())
