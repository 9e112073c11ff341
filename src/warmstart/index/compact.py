"""Vectors in a quarter or less of their memory: eight-bit numbers, and signs that are scored first.

Eight-bit rows have one scale each, as in every product of that kind. Binary codes are the signs of
centred vectors after a rotation that makes them lose least: iterative quantisation (Gong and Lazebnik
2011, "Iterative quantization: a Procrustean approach to learning binary codes", section 3). Codes find
the candidates, the eight-bit rows say their cosine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import numpy as np
import numpy.typing as npt

from warmstart.core.linear import FloatArray, IntArray
from warmstart.index.vectors import ExactIndex, build_index

Form = Literal["float32", "int8", "binary"]
Arrays = dict[str, npt.NDArray[Any]]

_TOP: Final = 127
_BLOCK: Final = 2048
_SAMPLE, _TURNS, _SEED = 4000, 10, 0
_REFERENCE: Final = 256
_BITS: Final = np.array([bin(value).count("1") for value in range(256)], dtype=np.uint8)


@dataclass(frozen=True)
class Int8Rows:
    """Rows of numbers in eight bits with one scale each: values (n, dim), scales (n,)."""

    values: npt.NDArray[np.int8]
    scales: FloatArray

    @classmethod
    def of(cls, rows: FloatArray) -> Self:
        """The nearest such rows; no number moves by more than half a scale.

        >>> rows = Int8Rows.of(np.array([[1.0, -0.5], [0.0, 0.0]], dtype=np.float32))
        >>> rows.values.tolist(), rows.floats().round(2).tolist()
        ([[127, -64], [0, 0]], [[1.0, -0.5], [0.0, 0.0]])
        """
        scales = (np.abs(rows).max(axis=1, initial=0.0) / _TOP).astype(np.float32)
        safe = np.where(scales > 0, scales, np.float32(1.0))
        return cls(np.rint(rows / safe[:, None]).astype(np.int8), scales)

    def floats(self, chosen: IntArray | slice = slice(None)) -> FloatArray:
        """The rows as float32 again, all or those at `chosen`."""
        found: FloatArray = self.values[chosen].astype(np.float32) * self.scales[chosen, None]
        return found

    def products(self, query: FloatArray) -> FloatArray:
        """The product of each row with `query`, a block of rows at a time so that little is unpacked."""
        found = np.empty(len(self.values), dtype=np.float32)
        for start in range(0, len(found), _BLOCK):
            part = slice(start, start + _BLOCK)
            found[part] = self.values[part].astype(np.float32) @ query
        return found * self.scales

    def put(self, positions: IntArray, rows: Int8Rows) -> Int8Rows:
        """A copy with other rows at `positions`, grown as needed."""
        size = max(len(self.values), int(positions.max(initial=-1)) + 1)
        return Int8Rows(
            _put(self.values, positions, rows.values, size), _put(self.scales, positions, rows.scales, size)
        )


class Int8Index:
    """Cosine of a query with every vector, from a quarter of the memory; off by about .001.

    The vectors that it was made of have length one, or zero when unknown.
    """

    def __init__(self, rows: Int8Rows) -> None:
        self.rows = rows

    @property
    def vectors(self) -> FloatArray:
        """The vectors as they are remembered."""
        return self.rows.floats()

    def cosines(self, query: FloatArray) -> FloatArray:
        """Cosine with each vector; NaN for vectors of length zero and for a query of length zero."""
        if not query.any():
            return np.full(len(self.rows.values), np.nan, dtype=np.float32)
        scores = self.rows.products(query)
        scores[self.rows.scales == 0] = np.nan
        return scores

    def put(self, positions: IntArray, vectors: FloatArray) -> None:
        """Write vectors at `positions`, growing as needed."""
        self.rows = self.rows.put(positions, Int8Rows.of(vectors))

    def arrays(self) -> Arrays:
        """All that is remembered, for `restore_index`."""
        return {"values": self.rows.values, "scales": self.rows.scales}


@dataclass(frozen=True)
class Coder:
    """Turns vectors into bits: the signs of what remains after `centre`, along `axes`."""

    centre: FloatArray
    axes: FloatArray

    @classmethod
    def fit(cls, vectors: FloatArray) -> Self:
        """Centre and rotation of these vectors, learned from a sample of them."""
        known = vectors[vectors.any(axis=1)]
        rng = np.random.default_rng(_SEED)
        if len(known) > _SAMPLE:
            known = known[np.sort(rng.choice(len(known), _SAMPLE, replace=False))]
        dim = vectors.shape[1]
        centre = known.mean(axis=0) if len(known) else np.zeros(dim, dtype=np.float32)
        centred = (known - centre).astype(np.float64)
        axes = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
        for _ in range(_TURNS if len(known) else 0):
            signs = np.sign(centred @ axes)
            left, _values, right = np.linalg.svd(centred.T @ signs)
            axes = left @ right
        return cls(centre.astype(np.float32), axes.astype(np.float32))

    def codes(self, vectors: FloatArray) -> npt.NDArray[np.uint64]:
        """Bits of each vector, 64 to a word, shape (n, words); missing bits are zero."""
        packed = np.packbits((vectors - self.centre) @ self.axes > 0, axis=1)
        words = -(-packed.shape[1] // 8)
        wide = np.zeros((len(packed), 8 * words), dtype=np.uint8)
        wide[:, : packed.shape[1]] = packed
        return wide.view(np.uint64)


class BinaryIndex(Int8Index):
    """Signs find the candidates, eight-bit rows score them.

    The `rescore` vectors whose signs agree most with the query's get their cosine, as `Int8Index` gives
    it; the others get a guess from the number of signs, never above the lowest of those. So the best
    `rescore` are ranked by cosine, and what mixes scores of the whole catalogue still can.

    *When to use*: in tens of thousands of vectors and more, where the scan of all of them is what a query
    costs. *When not*: below that; nothing is gained.
    """

    def __init__(
        self, rows: Int8Rows, coder: Coder, codes: npt.NDArray[np.uint64], rescore: int = 400
    ) -> None:
        super().__init__(rows)
        self.coder, self.codes, self.rescore = coder, codes, rescore

    @classmethod
    def of(cls, vectors: FloatArray, rescore: int = 400) -> BinaryIndex:
        """An index of these vectors, which have length one, or zero when unknown."""
        coder = Coder.fit(vectors)
        return cls(Int8Rows.of(vectors), coder, coder.codes(vectors), rescore)

    def cosines(self, query: FloatArray) -> FloatArray:
        """Cosine of the candidates, a guess for the rest; NaN for vectors and queries of length zero."""
        known = np.flatnonzero(self.rows.scales > 0)
        if not query.any() or len(known) <= self.rescore:
            return super().cosines(query)
        away = self._distances(query)[known]
        candidates = np.argpartition(away, self.rescore - 1)[: self.rescore]
        reference = np.arange(0, len(known), max(len(known) // _REFERENCE, 1))
        both = np.concatenate([candidates, reference])
        exact = self.rows.floats(known[both]) @ query
        guess = _line(away[both], exact, away)
        scores = np.full(len(self.rows.values), np.nan, dtype=np.float32)
        scores[known] = np.minimum(guess, exact[: self.rescore].min())
        scores[known[candidates]] = exact[: self.rescore]
        return scores

    def _distances(self, query: FloatArray) -> IntArray:
        """How many signs differ, for each vector."""
        return differing_bits(self.codes, self.coder.codes(query[None])[0])

    def put(self, positions: IntArray, vectors: FloatArray) -> None:
        """Write vectors at `positions`, growing as needed; the rotation stays."""
        super().put(positions, vectors)
        self.codes = _put(self.codes, positions, self.coder.codes(vectors), len(self.rows.values))

    def arrays(self) -> Arrays:
        """All that is remembered, for `restore_index`."""
        own: Arrays = {"codes": self.codes, "centre": self.coder.centre, "axes": self.coder.axes}
        return super().arrays() | own


AnyIndex = ExactIndex | Int8Index


def compact_index(vectors: FloatArray, form: Form, rescore: int) -> AnyIndex:
    """The index for vectors remembered in this form."""
    if form == "binary":
        return BinaryIndex.of(vectors, rescore)
    return Int8Index(Int8Rows.of(vectors)) if form == "int8" else build_index(vectors)


def index_arrays(index: AnyIndex) -> npt.NDArray[Any] | Arrays:
    """What an index remembers, to be saved: the vectors, or the arrays of a smaller form."""
    return index.arrays() if isinstance(index, Int8Index) else np.asarray(index.vectors)


def restore_index(saved: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]], rescore: int) -> AnyIndex:
    """The index that `index_arrays` was asked of."""
    if not isinstance(saved, Mapping):
        return build_index(saved)
    rows = Int8Rows(saved["values"], saved["scales"])
    if "codes" not in saved:
        return Int8Index(rows)
    return BinaryIndex(rows, Coder(saved["centre"], saved["axes"]), saved["codes"], rescore)


def differing_bits(codes: npt.NDArray[np.uint64], code: npt.NDArray[np.uint64]) -> IntArray:
    """How many bits of each row differ from `code`.

    >>> differing_bits(np.array([[3], [8]], dtype=np.uint64), np.array([1], dtype=np.uint64)).tolist()
    [1, 2]
    """
    different = codes ^ code
    if hasattr(np, "bitwise_count"):  # from numpy 2.0 on
        found: IntArray = np.bitwise_count(different).sum(axis=1, dtype=np.int64)
        return found
    return count_by_table(different)


def count_by_table(different: npt.NDArray[np.uint64]) -> IntArray:
    """How many bits are set in each row, without numpy 2's own operation."""
    found: IntArray = _BITS[np.ascontiguousarray(different).view(np.uint8)].sum(axis=1, dtype=np.int64)
    return found


def _line(x: IntArray, y: FloatArray, at: IntArray) -> FloatArray:
    """The least-squares line through (x, y), read at `at`; level where x does not vary."""
    centred = x - x.mean()
    energy = float((centred**2).sum())
    slope = float(centred @ y) / energy if energy > 0 else 0.0
    found: FloatArray = (y.mean() + slope * (at - x.mean())).astype(np.float32)
    return found


def _put(rows: npt.NDArray[Any], positions: IntArray, new: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """A copy of `rows` of any type with `size` rows, where `new` stand at `positions`."""
    grown = np.zeros((size, *rows.shape[1:]), dtype=rows.dtype)
    grown[: len(rows)] = rows
    grown[positions] = new
    return grown
