"""Which documents hold which terms, and how much: an inverted index that can grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from warmstart.core.linear import FloatArray, empty_sparse, resized


class Postings:
    """Impacts of terms in documents: a packed part for the bulk, a loose part for what came since.

    The caller decides what an impact is. Documents are numbered in the order in which they come; the
    number of a removed one is not used again.

    >>> postings = Postings(sparse.csr_matrix([[1.0, 0.0], [0.5, 2.0]]))
    >>> postings.add({1: 4.0})
    2
    >>> postings.scores({1: 1.0}).tolist(), postings.frequency(1)
    ([0.0, 2.0, 4.0], 2)
    """

    def __init__(self, impacts: sparse.csr_matrix) -> None:
        self._by_term = sparse.csr_matrix(impacts.T)
        self.n_documents = int(impacts.shape[0])
        self._recent: dict[int, list[tuple[int, float]]] = {}
        self._terms_of: dict[int, tuple[int, ...]] = {}  # of the recent documents
        self._removed: Counter[int] = Counter()  # how many packed entries of a term are gone

    def add(self, impacts: Mapping[int, float]) -> int:
        """Take in one document and return its number."""
        number = self.n_documents
        for term, impact in impacts.items():
            self._recent.setdefault(term, []).append((number, impact))
        self._terms_of[number] = tuple(impacts)
        self.n_documents += 1
        return number

    def remove(self, number: int) -> None:
        """Take out a document."""
        for term in self._terms_of.pop(number, ()):
            self._recent[term] = [entry for entry in self._recent[term] if entry[0] != number]
        packed = self._by_term
        entries = np.flatnonzero((packed.indices == number) & (packed.data != 0))
        if not entries.size:
            return
        if not self._removed:  # until then they may be shared, or mapped from a saved model
            packed.data = packed.data.copy()
        packed.data[entries] = 0.0
        self._removed.update((np.searchsorted(packed.indptr, entries, side="right") - 1).tolist())

    def frequency(self, term: int) -> int:
        """In how many documents a term stands."""
        low, high = self._span(term)
        return high - low - self._removed[term] + len(self._recent.get(term, ()))

    def scores(self, weights: Mapping[int, float]) -> FloatArray:
        """Sum over terms of weight times impact, for every document."""
        total = np.zeros(self.n_documents, dtype=np.float32)
        for term, weight in weights.items():
            low, high = self._span(term)
            total[self._by_term.indices[low:high]] += np.float32(weight) * self._by_term.data[low:high]
            for document, impact in self._recent.get(term, ()):
                total[document] += weight * impact
        return total

    def masses(self) -> FloatArray:
        """Sum of the impacts of each packed term."""
        sums: FloatArray = np.asarray(self._by_term.sum(axis=1), dtype=np.float32).ravel()
        return sums

    def packed(self) -> sparse.csr_matrix:
        """Everything as one matrix of shape (terms, documents)."""
        rows = [
            (term, document, impact) for term, found in self._recent.items() for document, impact in found
        ]
        bulk = resized(self._by_term, self._by_term.shape[0], self.n_documents)
        bulk.eliminate_zeros()
        if not rows:
            return bulk
        term, document, impact = (np.array(column) for column in zip(*rows, strict=True))
        shape = (max(bulk.shape[0], int(term.max()) + 1), self.n_documents)
        loose = sparse.coo_matrix((impact.astype(np.float32), (term, document)), shape=shape)
        return sparse.csr_matrix(resized(bulk, *shape) + loose.tocsr())

    @classmethod
    def from_packed(cls, by_term: Any) -> Postings:
        """Build from what `packed` gave."""
        postings = cls(empty_sparse(by_term.shape[1], 0))
        postings._by_term = sparse.csr_matrix(by_term, copy=False)
        return postings

    def _span(self, term: int) -> tuple[int, int]:
        if term >= self._by_term.shape[0]:
            return 0, 0
        return int(self._by_term.indptr[term]), int(self._by_term.indptr[term + 1])
