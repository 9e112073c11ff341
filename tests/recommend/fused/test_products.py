"""Products that read memory once say what plain products say."""

import numpy as np
import pytest
from scipy import sparse

from warmstart.recommend.fused.products import heard_rows, sum_of_rows, tall_moment


def a_table(rows: int, columns: int, rng: np.random.Generator) -> sparse.csr_matrix:
    dense = rng.random((rows, columns), dtype=np.float32)
    return sparse.csr_matrix(np.where(dense < 0.2, dense, np.float32(0.0)))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_a_moment_is_the_plain_product(share: float):
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(1500, 7)).astype("f")
    values = (rng.normal(size=(2, 1500)) * (rng.random(1500) < share)).astype("f")
    np.testing.assert_allclose(tall_moment(matrix, values), values @ matrix, atol=1e-3)


@pytest.mark.parametrize("rows", [0, 1, 5, 90])
def test_rows_of_tables_are_summed_like_a_sparse_product(rows: int):
    rng = np.random.default_rng(2)
    tables = [a_table(100, 40, rng) for _ in "ab"]
    chosen = np.sort(rng.permutation(100)[:rows])
    units = [rng.normal(size=(2, rows)).astype("f") for _ in tables]
    expected = sum(unit @ table.toarray()[chosen] for unit, table in zip(units, tables, strict=True))
    found = sum_of_rows(zip(tables, units, strict=True), chosen, 40, 2)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_voices_are_heard_where_they_speak():
    rng = np.random.default_rng(3)
    voices = a_table(4, 30, rng)
    units = rng.normal(size=(4, 3)).astype("f")
    columns, heard = heard_rows(voices, units)
    expected = units.T @ voices.toarray()
    np.testing.assert_allclose(heard, expected[:, columns], atol=1e-6)
    assert not np.delete(expected, columns, axis=1).any()
