"""Nearest vectors by cosine: exact, and approximate for large catalogues."""

from __future__ import annotations

from typing import Any

import numpy as np

from warmstart.core.errors import MissingExtraError
from warmstart.core.growing import GrowingRows
from warmstart.core.linear import FloatArray, IntArray

APPROXIMATE_FROM = 200_000
"""Below this many vectors an exact scan is simplest and quick enough (a few milliseconds)."""


class ExactIndex:
    """Cosine of a query with every vector. Vectors have length one, or zero when unknown."""

    def __init__(self, vectors: FloatArray) -> None:
        self.vectors, self._room = vectors, GrowingRows()
        self._unknown = ~vectors.any(axis=1)

    def cosines(self, query: FloatArray) -> FloatArray:
        """Cosine with each vector; NaN for vectors of length zero and for a query of length zero."""
        if not query.any():
            return np.full(len(self.vectors), np.nan, dtype=np.float32)
        scores: FloatArray = self.vectors @ query
        scores[self._unknown] = np.nan
        return scores

    def put(self, positions: IntArray, vectors: FloatArray) -> None:
        """Write vectors at `positions`, growing as needed."""
        size = max(len(self.vectors), int(positions.max(initial=-1)) + 1)
        self._unknown = np.pad(self._unknown, (0, size - len(self.vectors)), constant_values=True)
        self._unknown[positions] = ~vectors.any(axis=1)
        self.vectors = self._room.put(self.vectors, positions, vectors, size)


class ApproximateIndex(ExactIndex):
    """The same answers from a navigable graph (HNSW, by usearch): the nearest few, the rest unknown.

    Needs the extra `ann`. `n_candidates` nearest vectors get their exact cosine, all others NaN; use it
    only where no narrow filter follows.
    """

    def __init__(self, vectors: FloatArray, n_candidates: int = 2_000) -> None:
        super().__init__(vectors)
        self.n_candidates = n_candidates
        self._graph = _new_graph(vectors.shape[1])
        self._graph.add(np.arange(len(vectors)), vectors)

    def cosines(self, query: FloatArray) -> FloatArray:
        """Exact cosines of the approximately nearest vectors; NaN elsewhere."""
        scores = np.full(len(self.vectors), np.nan, dtype=np.float32)
        if query.any():
            found = np.asarray(self._graph.search(query, self.n_candidates).keys, dtype=np.int64)
            scores[found] = self.vectors[found] @ query
        return scores

    def put(self, positions: IntArray, vectors: FloatArray) -> None:
        """Write vectors at `positions`, growing as needed."""
        known = positions[positions < len(self.vectors)]
        if known.size:
            self._graph.remove(known)
        super().put(positions, vectors)
        self._graph.add(positions, vectors)


def build_index(vectors: FloatArray) -> ExactIndex:
    """The index that suits the number of vectors; exact where usearch is not installed."""
    if len(vectors) < APPROXIMATE_FROM:
        return ExactIndex(vectors)
    try:
        return ApproximateIndex(vectors)
    except MissingExtraError:
        return ExactIndex(vectors)


def _new_graph(dim: int) -> Any:
    try:
        from usearch.index import Index
    except ImportError as error:
        raise MissingExtraError("approximate nearest neighbours", "ann") from error
    return Index(ndim=dim, metric="cos", dtype="i8")
