"""Matrices that take in rows without being copied each time.

What `put` gives is a view of memory with room at its end. Given back at the next `put`, it is written in
place; anything else is copied first, such as arrays that are mapped from a saved model. So the owner of a
matrix keeps it under its own name and needs no other form of it, and of what an earlier `put` gave the
replaced rows are no longer to be relied on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from warmstart.core.linear import IntArray


class GrowingRows:
    """Rows of an array, of any shape and kind.

    >>> rows = GrowingRows()
    >>> first = rows.put(np.zeros((1, 2)), np.array([1]), np.ones((1, 2)), 2)
    >>> rows.put(first, np.array([0]), np.full((1, 2), 3.0), 3).tolist()
    [[3.0, 3.0], [1.0, 1.0], [0.0, 0.0]]
    """

    def __init__(self) -> None:
        self._room: npt.NDArray[Any] = np.zeros(0)
        self._given: npt.NDArray[Any] | None = None

    def put(self, matrix: npt.NDArray[Any], positions: IntArray, rows: Any, size: int) -> npt.NDArray[Any]:
        """`matrix` with `rows` at `positions` and, where it is shorter than that, zeros up to `size`."""
        if matrix is not self._given or size > len(self._room):
            self._room = np.zeros((_with_slack(size), *matrix.shape[1:]), dtype=matrix.dtype)
            self._room[: len(matrix)] = matrix
        self._room[positions] = rows
        self._given = self._room[:size]
        return self._given


class GrowingSparse:
    """Rows of a CSR matrix.

    >>> rows = GrowingSparse()
    >>> one = rows.put(sparse.csr_matrix([[1.0, 2.0]]), np.array([2]), sparse.csr_matrix([[5.0]]), (3, 4))
    >>> rows.put(one, np.array([0]), sparse.csr_matrix([[0.0, 0.0, 7.0]]), (3, 4)).toarray().tolist()
    [[0.0, 0.0, 7.0, 0.0], [0.0, 0.0, 0.0, 0.0], [5.0, 0.0, 0.0, 0.0]]
    """

    def __init__(self) -> None:
        self._given: sparse.csr_matrix | None = None
        self._held: tuple[Any, Any, Any] = (None, None, None)
        self._indices, self._data, self._ends = GrowingRows(), GrowingRows(), GrowingRows()

    def put(
        self,
        matrix: sparse.csr_matrix,
        positions: IntArray,
        rows: sparse.csr_matrix,
        shape: tuple[int, int],
    ) -> sparse.csr_matrix:
        """`matrix` in another shape, at least as large, with `rows` at `positions`."""
        known = positions < matrix.shape[0]
        if known.any():
            matrix = _replaced(matrix, positions[known], rows[np.flatnonzero(known)])
        new = np.flatnonzero(~known)
        new = new[np.argsort(positions[new], kind="stable")]
        self._given = self._appended(matrix, positions[new], rows[new], shape)
        return self._given

    def _appended(
        self,
        matrix: sparse.csr_matrix,
        positions: IntArray,
        rows: sparse.csr_matrix,
        shape: tuple[int, int],
    ) -> sparse.csr_matrix:
        old, start = matrix.shape[0], matrix.nnz
        lengths = np.zeros(shape[0] - old, dtype=np.int64)
        lengths[positions - old] = np.diff(rows.indptr)
        size = start + rows.nnz
        if size > np.iinfo(matrix.indptr.dtype).max:
            matrix.indptr, matrix.indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
        where = np.arange(start, size)
        indices, data, ends = self._arrays_of(matrix)
        indices = self._indices.put(indices, where, rows.indices, size)
        data = self._data.put(data, where, rows.data, size)
        ends = self._ends.put(
            ends, np.arange(old + 1, shape[0] + 1), start + np.cumsum(lengths), shape[0] + 1
        )
        self._held = indices, data, ends
        return sparse.csr_matrix((data, indices, ends), shape=shape, copy=False)

    def _arrays_of(self, matrix: sparse.csr_matrix) -> tuple[Any, Any, Any]:
        """The arrays of a matrix: of the one given those put last, of which scipy may have made views."""
        if matrix is self._given:
            return self._held
        return matrix.indices, matrix.data, matrix.indptr


def _with_slack(size: int) -> int:
    return size + size // 4 + 16


def _replaced(matrix: sparse.csr_matrix, positions: IntArray, rows: sparse.csr_matrix) -> sparse.csr_matrix:
    """A copy with other rows at these positions."""
    lengths = np.diff(matrix.indptr).astype(np.int64)
    lengths[positions] = np.diff(rows.indptr)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(matrix.indptr.dtype)
    found = sparse.csr_matrix(matrix.shape, dtype=matrix.dtype)
    found.indptr, found.indices = indptr, np.empty(indptr[-1], dtype=matrix.indices.dtype)
    found.data = np.empty(indptr[-1], dtype=matrix.data.dtype)
    after = 0
    for place in np.argsort(positions, kind="stable").tolist():
        row = int(positions[place])
        _copy(matrix, slice(after, row), found, after)
        _copy(rows, slice(place, place + 1), found, row)
        after = row + 1
    _copy(matrix, slice(after, matrix.shape[0]), found, after)
    return found


def _copy(source: sparse.csr_matrix, rows: slice, found: sparse.csr_matrix, to: int) -> None:
    """Some rows to where row `to` begins."""
    start, stop = source.indptr[rows.start], source.indptr[rows.stop]
    begin = found.indptr[to]
    found.indices[begin : begin + stop - start] = source.indices[start:stop]
    found.data[begin : begin + stop - start] = source.data[start:stop]
