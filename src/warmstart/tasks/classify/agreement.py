"""What a text goes on saying from one clause to the next, found in texts that nobody labelled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import linalg

from warmstart.core.linear import FloatArray, randomised_svd
from warmstart.tasks.classify.ngrams import TfIdf

_CJK: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_ENDS: Final = re.compile(rf"[，。！？；：、…~!?;\n]+|[.,:](?!\d)|(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")
_RIDGE: Final = 0.3
"""Of the mean variance, added to that of every direction: what few clauses hold is not trusted."""
_PAIRS_PER_DIRECTION: Final = 10
"""Fewer neighbours than that for each direction agree by chance on whichever mixture fits them.

Chosen on training parts: with six and fewer, intents (banking77, clinc150) lose a tenth to four tenths of
the questions by learned axes; with seven and more, opinions (eprstmt_zh) gain by them.
"""


def clauses(text: str) -> list[str]:
    """The parts of a text between its punctuation marks; beside Chinese a space is one too.

    >>> clauses("物流很快，包装也好 就是贵"), clauses("Great sound, 5.5 inch. Too small!")
    (['物流很快', '包装也好', '就是贵'], ['Great sound', '5.5 inch', 'Too small'])
    """
    return [part.strip() for part in _ENDS.split(text) if part.strip()]


@dataclass(frozen=True, eq=False)
class Axes:
    """Directions, the most agreed on first, with the middle and the spread of the texts along each.

    `directions` has the shape (terms, axes); `agreement`, of 0 to 1, says how far neighbouring clauses
    agree along each axis, relative to the first.
    """

    directions: FloatArray
    middle: FloatArray
    spread: FloatArray
    agreement: FloatArray

    def place(self, rows: Any) -> FloatArray:
        """Where each row of weighted terms lies, in spreads from the middle; without terms, in it."""
        known = np.asarray(rows.sum(axis=1)).ravel() > 0
        places = (np.asarray(rows @ self.directions) - self.middle) / self.spread
        found: FloatArray = np.where(known[:, None], places, 0.0).astype(np.float32)
        return found


def learn_axes(texts: Sequence[str], tfidf: TfIdf, size: int, seed: int) -> Axes:
    """The directions along which the clauses of a text agree most with their neighbours.

    Of the `size` leading singular directions of the texts, those combinations w that maximise the
    correlation w'Cw / w'(V + r I)w of neighbouring clauses, where C is their covariance across the
    boundary, both ways, V that of clauses, and r a ridge: canonical correlations (Hotelling, 1936) of a
    text with its continuation. A topic changes from clause to clause less often than a word does, and an
    opinion less often than either. With fewer than ten pairs of neighbours for each direction all
    directions count alike.
    """
    rows = tfidf.weigh(texts)
    directions = randomised_svd(rows, size, seed=seed, iterations=3)[2].T.astype(np.float64)
    values, mixing = _agreements(texts, tfidf, directions)
    directions = directions @ mixing
    places = rows @ directions
    spread = np.maximum(places.std(axis=0), 1e-6)
    return Axes(
        directions=directions.astype(np.float32),
        middle=np.median(places, axis=0).astype(np.float32),
        spread=spread.astype(np.float32),
        agreement=np.clip(values / max(float(values.max(initial=0.0)), 1e-9), 0.0, 1.0).astype(np.float32),
    )


def _agreements(
    texts: Sequence[str], tfidf: TfIdf, directions: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Correlations of neighbours, largest first, and the mixture of directions that has each."""
    size = directions.shape[1]
    parts = [clauses(text) for text in texts]
    first = np.array([i for i, _ in _neighbours(parts)], dtype=np.int64)
    if len(first) < _PAIRS_PER_DIRECTION * size:
        return np.ones(size), np.eye(size)
    vectors = np.asarray(tfidf.weigh([clause for many in parts for clause in many]) @ directions)
    vectors = vectors - vectors.mean(axis=0)
    across = vectors[first].T @ vectors[first + 1] / len(first)
    within = vectors.T @ vectors / len(vectors)
    within += _RIDGE * np.trace(within) / size * np.eye(size)
    values, mixing = linalg.eigh((across + across.T) / 2, within)
    return values[::-1], mixing[:, ::-1]


def _neighbours(parts: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Positions of clauses that follow each other in one text, all clauses counted through."""
    starts = np.cumsum([0, *(len(many) for many in parts)]).tolist()
    return [pair for a, b in pairwise(starts) for pair in pairwise(range(a, b))]
