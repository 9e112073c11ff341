"""Terms as positions, and documents as counts of terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from scipy import sparse


class Vocabulary:
    """Terms and their positions; grows as new terms are met."""

    def __init__(self, terms: Iterable[str] = ()) -> None:
        self.terms = list(terms)
        self._positions = {term: i for i, term in enumerate(self.terms)}

    def __len__(self) -> int:
        return len(self.terms)

    def __contains__(self, term: str) -> bool:
        return term in self._positions

    def get(self, term: str) -> int | None:
        """Position of a term, or None when it is unknown."""
        return self._positions.get(term)

    def add(self, term: str) -> int:
        """Position of a term, which is taken in when new."""
        position = self._positions.setdefault(term, len(self.terms))
        if position == len(self.terms):
            self.terms.append(term)
        return position


def count_terms(
    documents: Sequence[Sequence[str]], vocabulary: Vocabulary, *, grow: bool
) -> sparse.csr_matrix:
    """Term counts, shape (documents, terms). With `grow` unknown terms are taken in, else skipped."""
    find = vocabulary.add if grow else vocabulary.get
    found = [
        [position for term in document if (position := find(term)) is not None] for document in documents
    ]
    lengths = np.fromiter((len(row) for row in found), dtype=np.int64, count=len(found))
    indices = np.fromiter(chain.from_iterable(found), dtype=np.int32, count=int(lengths.sum()))
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    counts = sparse.csr_matrix(
        (np.ones(indices.size, dtype=np.float32), indices, indptr), shape=(len(found), len(vocabulary))
    )
    counts.sum_duplicates()
    return counts
