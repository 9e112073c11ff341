"""Products with tall matrices and with few rows of sparse ones, which read memory once.

With two or four vectors at a time a general matrix product with a tall matrix costs three to ten products
with one vector; `tall_moment` costs little more than one. Vectors stand in rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from scipy import sparse

from warmstart.core.linear import FloatArray, IntArray

_BLOCK: Final = 512
"""Rows at a time: as many as stay in the cache of a core."""

_MANY: Final = 8
"""From more vectors on a general matrix product is the faster one."""

_FEW: Final = 64
"""Rows of a table up to which they are read by hand."""

_MOST_PICKED: Final = 0.4
"""From this share of the rows on it is cheaper to read all of them than to pick."""


def tall_moment(matrix: FloatArray, values: FloatArray) -> FloatArray:
    """The sum of rows weighted by each of some `values`: shape (any, columns); zeros are not read."""
    if len(values) > _MANY:
        return np.asarray(values @ matrix, dtype=np.float32)
    found = np.zeros((len(values), matrix.shape[1]), dtype=np.float32)
    known = _known(values)
    rows = known if len(known) <= _MOST_PICKED * len(matrix) else None
    chosen = values if rows is None else values[:, rows]
    for start, block in _blocks(matrix, rows):
        for i, value in enumerate(chosen):
            found[i] += value[start : start + len(block)] @ block
    return found


def _blocks(matrix: FloatArray, rows: IntArray | None) -> Iterator[tuple[int, FloatArray]]:
    """A matrix, or some of its rows, in blocks that are forgotten when the next one comes."""
    if rows is None:
        for start in range(0, len(matrix), _BLOCK):
            yield start, matrix[start : start + _BLOCK]
        return
    room = np.empty((min(_BLOCK, len(rows)), matrix.shape[1]), dtype=matrix.dtype)
    for start in range(0, len(rows), _BLOCK):
        chosen = rows[start : start + _BLOCK]
        yield start, np.take(matrix, chosen, axis=0, out=room[: len(chosen)], mode="clip")


def _known(values: FloatArray) -> IntArray:
    """The columns that hold anything."""
    some = np.zeros(values.shape[1], dtype=np.bool_)
    for value in values:
        some |= value != 0
    return np.flatnonzero(some)


def heard_rows(voices: sparse.csr_matrix, units: FloatArray) -> tuple[IntArray, FloatArray]:
    """Columns at which a small sparse matrix holds anything, and its weighted rows summed there.

    `units` weigh the rows, shape (rows, any); the sums have shape (any, columns found).
    """
    columns, place = np.unique(voices.indices, return_inverse=True)
    rows = np.repeat(np.arange(voices.shape[0]), np.diff(voices.indptr))
    said = [np.bincount(place, voices.data * unit[rows], minlength=len(columns)) for unit in units.T]
    return columns.astype(np.int64), np.array(said, dtype=np.float32).reshape(len(said), len(columns))


def sum_of_rows(
    asked: Iterable[tuple[sparse.csr_matrix, FloatArray]], rows: IntArray, size: int, mixtures: int
) -> FloatArray:
    """The sum over tables of their `rows`, weighted by shape (mixtures, rows): shape (mixtures, size)."""
    total = np.zeros((mixtures, size), dtype=np.float32)
    if len(rows) > _FEW:
        for table, units in asked:
            total += (table[rows].T @ units.T).T
        return total
    picked = [_picked(table, rows, units) for table, units in asked]
    if picked:
        columns = np.concatenate([where for where, _ in picked])
        shares = np.concatenate([share for _, share in picked], axis=1)
        for i, share in enumerate(shares):
            total[i] = np.bincount(columns, share, minlength=size)
    return total


def _picked(table: sparse.csr_matrix, rows: IntArray, units: FloatArray) -> tuple[IntArray, FloatArray]:
    """The entries of some rows by hand: for few rows a sparse product is mostly preparation."""
    ends = zip(table.indptr[rows].tolist(), table.indptr[rows + 1].tolist(), strict=True)
    where = [slice(*pair) for pair in ends]
    weighed = [np.multiply.outer(unit, table.data[one]) for unit, one in zip(units.T, where, strict=True)]
    columns = np.concatenate([np.zeros(0, dtype=np.int64), *(table.indices[one] for one in where)])
    return columns, np.concatenate([np.zeros((len(units), 0), dtype=np.float32), *weighed], axis=1)


def history_matrix(
    positions: Sequence[IntArray], weights: Sequence[FloatArray], n_items: int
) -> sparse.csr_matrix:
    """Histories as rows."""
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in positions])])
    indices, data = np.concatenate(list(positions)), np.concatenate(list(weights))
    return sparse.csr_matrix((data, indices, indptr), shape=(len(positions), n_items), dtype=np.float32)
