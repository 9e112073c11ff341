"""Texts that look alike but belong elsewhere: the negatives that teach the most."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse

from warmstart.adapt.pairs import TextPairs
from warmstart.core.analysis import terms
from warmstart.core.linear import IntArray
from warmstart.core.vocabulary import Vocabulary, count_terms

_CHUNK: Final = 256


def similar_texts(pairs: TextPairs, n: int) -> IntArray:
    """For each pair the places of `n` others whose right texts share the most words with its left text.

    Weighted by how rare the words are. Pairs of the same left or right text are never taken; where
    nothing shares a word, other pairs are taken in turn. Shape (pairs, n).
    """
    documents = [terms(pair.right) for pair in pairs.pairs]
    vocabulary = Vocabulary()
    counts = count_terms(documents, vocabulary, grow=True)
    asked = count_terms([terms(pair.left) for pair in pairs.pairs], vocabulary, grow=False)
    rights = _unit(counts, counts)
    lefts = _unit(asked, counts)
    found = np.empty((len(pairs), n), dtype=np.int64)
    for start in range(0, len(pairs), _CHUNK):
        rows = np.asarray((lefts[start : start + _CHUNK] @ rights.T).todense())
        for offset, scores in enumerate(rows):
            found[start + offset] = _best_others(pairs, start + offset, scores, n)
    return found


def _unit(counts: sparse.csr_matrix, catalogue: sparse.csr_matrix) -> sparse.csr_matrix:
    """TF-IDF rows of length one."""
    frequency = np.asarray((catalogue > 0).sum(axis=0)).ravel()
    weighted = sparse.csr_matrix(counts @ sparse.diags(np.log1p(catalogue.shape[0] / (1 + frequency))))
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(lengths, 1e-9)) @ weighted)


def _best_others(pairs: TextPairs, place: int, scores: np.ndarray, n: int) -> list[int]:
    own, found = pairs.pairs[place], list[int]()
    top = np.argpartition(-scores, min(20 * n + 20, len(scores) - 1))[: 20 * n + 20]
    for other in top[np.lexsort((top, -scores[top]))].tolist():
        pair = pairs.pairs[other]
        if pair.right != own.right and pair.left != own.left and pair.group != own.group:
            found.append(other)
        if len(found) == n:
            return found
    spare = [(place + step) % len(pairs) for step in range(1, n + 1)]
    return (found + spare)[:n]
