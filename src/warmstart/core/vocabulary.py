"""Terms as positions, and documents as counts of terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from scipy import sparse


class Vocabulary:
    """Terms and their positions; grows as new terms are met."""

    def __init__(self, terms: Iterable[str] = ()) -> None:
        self._positions = {term: i for i, term in enumerate(terms)}

    def as_list(self) -> list[str]:
        """All terms, in the order of their positions."""
        return list(self._positions)

    def __len__(self) -> int:
        return len(self._positions)

    def __contains__(self, term: str) -> bool:
        return term in self._positions

    def get(self, term: str) -> int | None:
        """Position of a term, or None when it is unknown."""
        return self._positions.get(term)

    def add_all(self, documents: Iterable[Iterable[str]]) -> list[list[int]]:
        """Positions of the terms of each document; unknown terms are taken in."""
        known = self._positions
        place = known.setdefault  # bound once: this loop sees every word of the catalogue
        return [[place(term, len(known)) for term in document] for document in documents]

    def find_all(self, documents: Iterable[Iterable[str]]) -> list[list[int]]:
        """Positions of the known terms of each document."""
        known = self._positions
        return [[known[term] for term in document if term in known] for document in documents]

    def add(self, term: str) -> int:
        """Position of a term, which is taken in when new."""
        return self._positions.setdefault(term, len(self._positions))


def count_terms(
    documents: Sequence[Sequence[str]], vocabulary: Vocabulary, *, grow: bool
) -> sparse.csr_matrix:
    """Term counts, shape (documents, terms). With `grow` unknown terms are taken in, else skipped."""
    found = vocabulary.add_all(documents) if grow else vocabulary.find_all(documents)
    lengths = np.fromiter((len(row) for row in found), dtype=np.int64, count=len(found))
    indices = np.fromiter(chain.from_iterable(found), dtype=np.int32, count=int(lengths.sum()))
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    counts = sparse.csr_matrix(
        (np.ones(indices.size, dtype=np.float32), indices, indptr), shape=(len(found), len(vocabulary))
    )
    counts.sum_duplicates()
    return counts
