"""Columns of sparse entries take in changes in place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.search.filter_columns import Coder, SparseColumn

rows = st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 99), max_size=3), min_size=1)


@given(st.lists(rows, max_size=6))
def test_a_column_holds_what_was_put_last_at_each_position(puts: list[dict[int, list[int]]]):
    column, expected = SparseColumn(np.int64), dict[int, list[int]]()
    for put in puts:
        expected |= put
        entries = [(position, entry) for position in sorted(put) for entry in put[position]]
        where, what = [position for position, _ in entries], [entry for _, entry in entries]
        column.put(np.array(sorted(put)), where, what)
    pairs = [(position, entry) for position in sorted(expected) for entry in expected[position]]
    assert list(zip(column.where.tolist(), column.what.tolist(), strict=True)) == pairs
    assert len(column) == len(pairs)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Café", " CAFE ", True),
        ("ＨＰ", "hp", True),
        (5, 5.0, True),
        (5.0, "5.0", True),
        (True, "True", True),
        (True, 1, False),
        (False, 0, False),
        (19.99, "19.990", False),
        (None, "none", True),
        ([1], "[1]", True),
    ],
)
def test_values_have_one_code_when_a_filter_takes_them_for_the_same(one: object, other: object, same: bool):
    coder = Coder()
    assert (coder.code(one) == coder.code(other)) is same
    assert coder.code(one) == Coder().code(one)


def test_codes_stay_the_same_when_what_was_met_is_forgotten():
    coder = Coder()
    first = [coder.code(f"text {k}") for k in range(3)]
    for k in range(50_000):
        coder.code(k)
    assert [coder.code(f"text {k}") for k in range(3)] == first
