"""Small linear algebra that several rooms share. Everything is float32 unless said otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def unit_rows(matrix: npt.ArrayLike) -> FloatArray:
    """Scale each row to length one; rows of zeros stay zero.

    >>> unit_rows([[3.0, 4.0], [0.0, 0.0]]).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    rows = np.asarray(matrix, dtype=np.float32)
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: FloatArray = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return scaled


def standardise(scores: npt.ArrayLike) -> FloatArray:
    """Subtract the mean and divide by the standard deviation, ignoring NaN; a constant becomes zero.

    >>> standardise([1.0, 3.0, float("nan")]).tolist()
    [-1.0, 1.0, nan]
    """
    values = np.asarray(scores, dtype=np.float32)
    known = values[~np.isnan(values)]
    if known.size == 0:
        return values
    spread = float(known.std())
    centred = values - float(known.mean())
    return (centred / spread if spread > 1e-12 else centred * 0.0).astype(np.float32)


def top_positions(scores: npt.ArrayLike, n: int) -> IntArray:
    """Positions of the `n` largest scores, best first; NaN and -inf never appear.

    Ties are broken by position, so equal inputs give equal lists.

    >>> top_positions([0.1, float("nan"), 0.7, 0.7], 3).tolist()
    [2, 3, 0]
    """
    values = np.asarray(scores)
    usable = np.flatnonzero(np.isfinite(values))
    n = min(n, usable.size)
    if n <= 0:
        return np.empty(0, dtype=np.int64)
    kept = values[usable]
    if n < usable.size:
        cut = np.partition(kept, usable.size - n)[usable.size - n]
        above = np.flatnonzero(kept > cut)
        level = np.flatnonzero(kept == cut)[: n - above.size]
        chosen = np.concatenate([above, level])
    else:
        chosen = np.arange(usable.size)
    chosen = np.sort(chosen)
    order = np.argsort(-kept[chosen], kind="stable")
    ranked: IntArray = usable[chosen[order]].astype(np.int64)
    return ranked


def _gram(matrix: FloatArray) -> npt.NDArray[np.float64]:
    tall = matrix.astype(np.float64)
    gram: npt.NDArray[np.float64] = tall.T @ tall
    return gram


def orthonormal_columns(matrix: npt.ArrayLike) -> FloatArray:
    """An orthonormal basis of the columns of a tall matrix, directions of no length left out.

    By the eigenvectors of the Gram matrix in double precision: a few matrix products, several times
    faster than a Householder QR of a tall matrix.
    """
    tall = np.asarray(matrix, dtype=np.float32)
    values, vectors = np.linalg.eigh(_gram(tall))
    kept = values > 1e-10 * max(float(values.max(initial=0.0)), 1e-30)
    basis: FloatArray = (tall @ (vectors[:, kept] / np.sqrt(values[kept]))).astype(np.float32)
    return basis


def principal_directions(matrix: FloatArray, dim: int) -> FloatArray:
    """The `dim` orthonormal directions with the largest sums of squares, shape (columns, dim)."""
    if not matrix.shape[1]:
        return np.zeros((0, 0), dtype=np.float32)
    values, vectors = np.linalg.eigh(_gram(matrix))
    leading = vectors[:, np.argsort(-values)[:dim]]
    signs = np.sign(leading[np.abs(leading).argmax(axis=0), np.arange(leading.shape[1])])
    return np.ascontiguousarray(leading * np.where(signs == 0, 1, signs), dtype=np.float32)


def randomised_svd(
    matrix: Any, dim: int, *, seed: int, iterations: int = 4, oversample: int = 16
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Leading `dim` singular triplets (U, s, Vt) of a dense or scipy-sparse matrix.

    Halko, Martinsson and Tropp (2011), algorithm 4.4 with the basis made orthonormal in each power
    iteration. A matrix of lower rank gives fewer triplets. Signs are fixed (largest entry of each right
    vector positive), so that equal seeds give equal vectors.
    """
    rank = min(dim, *matrix.shape)
    if rank == 0:
        return _no_triplets(*matrix.shape)
    width = min(rank + oversample, *matrix.shape)
    rng = np.random.default_rng(seed)
    basis = rng.standard_normal((matrix.shape[1], width)).astype(np.float32)
    left = orthonormal_columns(matrix @ basis)
    for _ in range(iterations):
        left = orthonormal_columns(matrix @ (matrix.T @ left))
    right = np.asarray(matrix.T @ left, dtype=np.float32)
    values, vectors = np.linalg.eigh(_gram(right))
    order = np.argsort(-values)[:rank]
    s = np.sqrt(np.maximum(values[order], 0.0))
    safe = np.where(s > 1e-6 * max(float(s.max(initial=0.0)), 1e-30), s, np.inf)
    vt = (right @ (vectors[:, order] / safe)).T
    u = left @ vectors[:, order]
    signs = np.sign(vt[np.arange(len(order)), np.abs(vt).argmax(axis=1)])
    signs[signs == 0] = 1
    return (u * signs).astype(np.float32), s.astype(np.float32), (vt * signs[:, None]).astype(np.float32)


def _no_triplets(rows: int, columns: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    nothing = np.zeros((0, columns), dtype=np.float32)
    return np.zeros((rows, 0), dtype=np.float32), np.zeros(0, dtype=np.float32), nothing


def empty_sparse(rows: int, columns: int) -> sparse.csr_matrix:
    """A float32 CSR matrix of zeros."""
    nothing = np.zeros(0, dtype=np.int32)
    return sparse.csr_matrix((nothing.astype(np.float32), (nothing, nothing)), shape=(rows, columns))


def resized(matrix: sparse.csr_matrix, rows: int, columns: int) -> sparse.csr_matrix:
    """A copy with another shape: entries outside are dropped, new ones are zero."""
    copy: Any = matrix.copy()
    copy.resize((rows, columns))
    return sparse.csr_matrix(copy)


def put_rows(matrix: FloatArray, positions: IntArray, rows: FloatArray, size: int) -> FloatArray:
    """A copy of `matrix` with `size` rows, where `rows` stand at `positions`."""
    grown = np.zeros((size, matrix.shape[1]), dtype=np.float32)
    grown[: len(matrix)] = matrix
    grown[positions] = rows
    return grown
