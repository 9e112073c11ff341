"""Known terms that are spelt like an unknown one."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from scipy import sparse

from warmstart.core.analysis import character_ngrams, is_cjk
from warmstart.core.linear import FloatArray, IntArray, top_positions

_BUCKETS = 1 << 18
_N_LOOKALIKES = 5
_LEAST_LIKENESS = 0.2
_SHARPNESS = 4


class Lookalikes:
    """Finds terms by the character 3- and 4-grams they share, rarer ones counting more.

    A misspelt or compounded word borrows the meaning of the words it looks like; Chinese, Japanese and
    Korean characters have no such kin. `grams` has shape (buckets, terms): n-grams are hashed, so
    nothing but this matrix must be kept.
    """

    def __init__(self, grams: sparse.csr_matrix) -> None:
        self.grams = grams

    @classmethod
    def of(cls, terms: Sequence[str]) -> Lookalikes:
        """Index these terms."""
        buckets = [_buckets(term) for term in terms]
        columns = np.repeat(np.arange(len(terms)), [len(found) for found in buckets])
        rows = np.concatenate([np.empty(0, dtype=np.int64), *buckets])
        counts = sparse.csr_matrix(
            (np.ones(rows.size, dtype=np.float32), (rows, columns)), shape=(_BUCKETS, len(terms))
        )
        weighted = sparse.csr_matrix(sparse.diags(_rarity(np.diff(counts.indptr), len(terms))) @ counts)
        norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel())
        norms[norms == 0] = 1.0
        return cls(sparse.csr_matrix(weighted @ sparse.diags((1.0 / norms).astype(np.float32))))

    def find(self, term: str) -> list[tuple[int, float]]:
        """Positions of the terms most like `term`, with weights.

        The weights sum to the likeness of the best one (at most 1), so that a doubtful guess counts for
        little; nothing alike gives an empty list.

        >>> found = Lookalikes.of(["cable", "mouse"]).find("cabel")
        >>> [(position, round(weight, 1)) for position, weight in found]
        [(0, 0.3)]
        """
        buckets = _buckets(term)
        if not buckets.size:
            return []
        rows = self.grams[buckets]
        own = _rarity(np.diff(rows.indptr), self.grams.shape[1])
        likeness = np.asarray(own @ rows).ravel() / np.linalg.norm(own)
        best = [i for i in top_positions(likeness, _N_LOOKALIKES) if likeness[i] >= _LEAST_LIKENESS]
        if not best:
            return []
        shares = likeness[best] ** _SHARPNESS
        weights = shares / shares.sum() * likeness[best[0]]
        return [(int(i), float(weight)) for i, weight in zip(best, weights, strict=True)]


def _buckets(term: str) -> IntArray:
    grams = () if is_cjk(term) else set(character_ngrams(term))
    return np.array(sorted(crc32(gram.encode()) % _BUCKETS for gram in grams), dtype=np.int64)


def _rarity(counts: IntArray, n_terms: int) -> FloatArray:
    rarity: FloatArray = np.log1p(n_terms / np.maximum(counts, 1)).astype(np.float32)
    return rarity
