"""Tables that share their pairs say what each says by itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from warmstart.core.artifact import read_state, write_state
from warmstart.recommend.fused.pairs import Pairs

SIZE = 6
Tables = dict[str, np.ndarray]
values = hnp.arrays(np.float32, (SIZE, SIZE), elements=st.sampled_from([0.0, 0.0, 0.01, 0.5, 1.0, 7.25]))
tables = st.dictionaries(st.sampled_from(["together", "later", "next"]), values, min_size=1)
chosen = st.lists(st.integers(0, SIZE - 1), unique=True)


def pairs_of(dense: Tables) -> Pairs:
    return Pairs.of({name: sparse.csr_matrix(table) for name, table in dense.items()})


def read(pairs: Pairs, rows: list[int]) -> Tables:
    """Some rows of each table."""
    found = pairs.products(np.array(rows, dtype=np.int64), lambda items: np.eye(SIZE, dtype="f")[items])
    return dict(zip(pairs.names, found, strict=True))


def off_by(dense: np.ndarray) -> np.ndarray:
    """How far a value may be off in each row: less than a 255th of the strongest."""
    return dense.max(axis=1) / 255


@given(tables, chosen, st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_a_sum_over_pairs_is_the_sum_of_the_tables(
    dense: Tables, rows: list[int], mixtures: int, seed: int
):
    units = np.random.default_rng(seed).normal(size=(len(rows), len(dense), mixtures)).astype("f")
    found = pairs_of(dense).sums(np.array(rows, dtype=np.int64), units, SIZE)
    expected = sum(units[:, t].T @ table[rows] for t, table in enumerate(dense.values()))
    slack = sum(np.abs(units[:, t]).T @ off_by(table)[rows] for t, table in enumerate(dense.values()))
    assert found.shape == (mixtures, SIZE)
    assert (np.abs(found - expected) <= slack[:, None] + 1e-5).all()


@given(tables, chosen)
def test_each_table_can_be_read_alone_and_keeps_what_was_positive(dense: Tables, rows: list[int]):
    pairs = pairs_of(dense)
    for name, table in dense.items():
        found = read(pairs, rows)[name]
        np.testing.assert_array_equal(found > 0, table[rows] > 0)
        assert (np.abs(found - table[rows]) <= off_by(table)[rows, None] + 1e-6).all()
        strongest = table[rows].max(axis=1, initial=0)
        np.testing.assert_allclose(found.max(axis=1, initial=0), strongest, rtol=1e-6)


@given(tables)
def test_numbers_summed_in_another_order_get_the_same_levels(dense: Tables):
    other = {name: table * np.float32(1 + 1e-6) for name, table in dense.items()}
    np.testing.assert_array_equal(pairs_of(dense).levels, pairs_of(other).levels)


def test_a_catalogue_may_have_grown_since():
    pairs = pairs_of({"together": np.eye(SIZE, dtype="f")})
    found = pairs.sums(np.array([2]), np.ones((1, 1, 1), dtype="f"), SIZE + 3)
    np.testing.assert_allclose(found, [np.eye(SIZE + 3)[2]], rtol=1e-6)


def test_rows_in_any_order_and_with_pairs_said_twice_are_read(tmp_path):
    twice = sparse.csr_matrix(
        (np.array([1.0, 2.0, 3.0], dtype="f"), np.array([4, 1, 4]), np.array([0, 3, 3, 3, 3, 3, 3])),
        shape=(SIZE, SIZE),
    )
    pairs = Pairs.of({"together": twice})
    row = read(pairs, [0])["together"][0]
    assert row[4] == pytest.approx(4.0)
    assert row[1] == pytest.approx(2.0, abs=4 / 255)
    write_state(tmp_path, pairs.get_state())
    same = Pairs.from_state(read_state(tmp_path))
    assert same.names == pairs.names
    np.testing.assert_array_equal(same.levels, pairs.levels)


@given(tables, st.integers(1, 4))
def test_of_long_rows_the_strongest_pairs_over_all_tables_stay(dense: Tables, most: int):
    whole = pairs_of(dense)
    cut = Pairs.of({name: sparse.csr_matrix(table) for name, table in dense.items()}, most=most)
    before, after = read(whole, list(range(SIZE))), read(cut, list(range(SIZE)))
    tops = {name: table.max(axis=1) for name, table in dense.items()}
    level = {name: own[own > 0].mean() if (own > 0).any() else 1.0 for name, own in tops.items()}
    strength = np.sum([before[name] / level[name] for name in dense], axis=0)
    for row in range(SIZE):
        kept = np.any([table[row] > 0 for table in after.values()], axis=0)
        assert kept.sum() == min(most, (strength[row] > 0).sum())
        for name in dense:
            np.testing.assert_array_equal(after[name][row], np.where(kept, before[name][row], 0))
        gone = strength[row][~kept]
        assert strength[row][kept].min(initial=np.inf) >= gone.max(initial=0) - 1e-4
