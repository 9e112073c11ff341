"""An inverted index that grows and shrinks stays what a table would be."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from warmstart.core.linear import empty_sparse
from warmstart.index.postings import Postings

document = st.dictionaries(st.integers(0, 5), st.sampled_from([0.5, 1.0, 2.0]), max_size=4)
steps = st.lists(document | st.integers(0, 12), max_size=12)


def packed_of(documents: Sequence[dict[int, float]]) -> sparse.csr_matrix:
    table = np.zeros((len(documents), 6), dtype=np.float32)
    for row, impacts in enumerate(documents):
        for term, impact in impacts.items():
            table[row, term] = impact
    return sparse.csr_matrix(table)


@given(st.lists(document, max_size=5), steps, document)
def test_adding_and_removing_equals_a_plain_table(
    bulk: list[dict[int, float]], later: list[dict[int, float] | int], weights: dict[int, float]
):
    postings, table = Postings(packed_of(bulk)), [dict(row) for row in bulk]
    for step in later:
        if isinstance(step, dict):
            assert postings.add(step) == len(table)
            table.append(dict(step))
        elif step < len(table):
            postings.remove(step)
            table[step] = {}
    for some in (postings, Postings.from_packed(postings.packed())):
        assert some.n_documents == len(table)
        expected = [sum(weights[t] * row.get(t, 0.0) for t in weights) for row in table]
        np.testing.assert_allclose(some.scores(weights), expected, rtol=1e-5)
        for term in range(8):
            assert some.frequency(term) == sum(term in row for row in table)


def test_removing_from_a_read_only_index_leaves_the_file_alone():
    matrix = sparse.csr_matrix(np.eye(3, dtype=np.float32))
    matrix.data.setflags(write=False)
    postings = Postings.from_packed(matrix)
    postings.remove(1)
    assert postings.scores({1: 1.0}).tolist() == [0.0, 0.0, 0.0]
    assert matrix.data.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 3)])
def test_an_empty_index_answers(shape: tuple[int, int]):
    postings = Postings(empty_sparse(*shape))
    assert postings.scores({0: 1.0}).tolist() == [0.0] * shape[0]
    assert postings.frequency(0) == 0
