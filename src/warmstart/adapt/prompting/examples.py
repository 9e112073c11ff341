"""Which solved examples to show for a question: alike, not all the same, and of every label."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from warmstart.core.linear import FloatArray, IntArray

LIKENESS = 0.7
"""What likeness to the question counts against difference from examples already chosen."""


def choose_examples(
    likeness: FloatArray, vectors: FloatArray, codes: IntArray, shots: int, *, trade: float = LIKENESS
) -> list[int]:
    """Places of at most `shots` examples, the one most like the question last.

    `likeness` is the cosine of each example to the question, shape (examples,), `vectors` are their own.
    Labels take turns, the one with the most alike example first, so that the prompt shows no majority
    (Zhao et al. 2021, arXiv 2102.09690, measured how models follow it); within a label maximal marginal
    relevance (Carbonell and Goldstein 1998) passes over near copies. Alike examples help most (Liu et
    al. 2022, arXiv 2101.06804), and what stands last weighs most, hence the order. Of equally alike
    examples the earlier one is taken.

    >>> likeness, vectors = np.array([0.9, 0.8, 0.1]), np.eye(3)
    >>> choose_examples(likeness, vectors, np.array([0, 0, 1]), 2)
    [2, 0]
    """
    ranked = [
        _diverse(likeness, vectors, codes, label=label, shots=shots, trade=trade)
        for label in np.unique(codes).tolist()
    ]
    ranked.sort(key=lambda places: (-float(likeness[places[0]]), places[0]))
    turns = [place for turn in zip_longest(*ranked) for place in turn if place is not None]
    return sorted(turns[:shots], key=lambda place: (float(likeness[place]), -place))


def _diverse(
    likeness: FloatArray, vectors: FloatArray, codes: IntArray, *, label: int, shots: int, trade: float
) -> list[int]:
    """The examples of one label by maximal marginal relevance."""
    left = np.flatnonzero(codes == label)
    chosen: list[int] = []
    nearest = np.zeros(len(left))
    while len(left) and len(chosen) < max(1, shots):
        value = trade * likeness[left] - (1 - trade) * nearest
        best = int(np.argmax(np.round(value, 6)))  # rounding: the order of sums must not decide
        place = int(left[best])
        chosen.append(place)
        left, nearest = np.delete(left, best), np.delete(nearest, best)
        nearest = np.maximum(nearest, vectors[left] @ vectors[place])
    return chosen


def nearest_labels(likeness: FloatArray, codes: IntArray, n: int) -> list[int]:
    """The `n` labels with the most alike example, in the order of their codes.

    >>> nearest_labels(np.array([0.1, 0.9, 0.5]), np.array([0, 1, 2]), 2)
    [1, 2]
    """
    labels = np.unique(codes)
    best = np.array([likeness[codes == label].max() for label in labels])
    kept: Sequence[int] = labels[np.argsort(-best, kind="stable")[:n]].tolist()
    return sorted(kept)
