"""Matrices that grow say what a copy would."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from warmstart.core.growing import GrowingRows, GrowingSparse
from warmstart.core.ids import Ids

WIDTH = 4


@st.composite
def puts(draw):
    """Sizes that only grow, and at each which rows are written, in any order."""
    found, size = [], draw(st.integers(0, 5))
    for _ in range(draw(st.integers(1, 6))):
        size += draw(st.integers(0, 40))
        places = st.integers(0, max(size - 1, 0))
        rows = draw(st.lists(places, unique=True, max_size=6)) if size else []
        found.append((size, np.array(rows, dtype=np.int64)))
    return found


def _some(rng, n):
    return sparse.random(n, WIDTH, density=0.5, format="csr", dtype=np.float32, random_state=rng)


def _copied(matrix, rows, places, size):
    found = np.zeros((size, WIDTH), dtype=np.float32)
    found[: len(matrix)] = matrix
    found[places] = rows
    return found


@given(steps=puts(), seed=st.integers(0, 9))
def test_rows_and_sparse_rows_are_those_of_a_copy(steps, seed):
    rng, start = np.random.default_rng(seed), steps[0][0]
    bulk = _some(rng, start)
    expected = bulk.toarray()
    dense, kept = expected.copy(), bulk
    rooms = GrowingRows(), GrowingSparse()
    for size, places in steps:
        rows = _some(rng, len(places))
        expected = _copied(expected, rows.toarray(), places, size)
        dense = rooms[0].put(dense, places, rows.toarray(), size)
        kept = rooms[1].put(kept, places, rows, (size, WIDTH))
        np.testing.assert_array_equal(dense, expected)
        np.testing.assert_array_equal(kept.toarray(), expected)
        np.testing.assert_array_equal(kept @ np.arange(WIDTH), expected @ np.arange(WIDTH))


def test_what_is_given_is_copied_and_what_was_given_back_is_not():
    mapped = np.arange(6, dtype=np.float32).reshape(3, 2)
    mapped.flags.writeable = False
    room = GrowingRows()
    first = room.put(mapped, np.array([3]), np.ones(2), 4)
    second = room.put(first, np.array([4]), np.ones(2), 5)
    assert not np.shares_memory(mapped, first)
    assert np.shares_memory(first, second)


def test_another_matrix_than_the_one_given_is_taken_as_it_is():
    room = GrowingSparse()
    room.put(sparse.csr_matrix(np.eye(2)), np.array([2]), sparse.csr_matrix([[9.0, 9.0]]), (3, 2))
    other = room.put(
        sparse.csr_matrix([[5.0, 0.0]]), np.array([1]), sparse.csr_matrix([[0.0, 7.0]]), (2, 2)
    )
    assert other.toarray().tolist() == [[5.0, 0.0], [0.0, 7.0]]


def test_ids_keep_their_places():
    ids = Ids(["a", "b"])
    assert ids.add(["c", "a", "c"]).tolist() == [2, 0, 2]
    assert list(ids) == ["a", "b", "c"]
    assert ids == ("a", "b", "c")
    assert ids != ["a", "b"]
    assert "c" in ids
    assert ids[-1:] == ["c"]
    with pytest.raises(TypeError):
        hash(ids)
