"""Discounted cumulative gain of graded lists, for whoever chooses by it and whoever measures by it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Gain = Literal["linear", "exponential"]
Values = npt.NDArray[np.float64]


def gains(grades: npt.ArrayLike, gain: Gain) -> Values:
    """The grade g, or 2^g - 1; an unjudged product (NaN) gains nothing.

    >>> gains([0, 1, 3, float("nan")], "exponential").tolist()
    [0.0, 1.0, 7.0, 0.0]
    """
    known = np.nan_to_num(np.asarray(grades, dtype=np.float64), nan=0.0)
    return np.asarray(np.exp2(known) - 1.0 if gain == "exponential" else known)


def discounts(ranks: npt.ArrayLike) -> Values:
    """1 / log2(1 + rank) for ranks from 1; 0 for rank 0, which means "never listed"."""
    places = np.asarray(ranks, dtype=np.float64)
    listed = places > 0
    return np.where(listed, 1.0 / np.log2(np.where(listed, places, 1.0) + 1.0), 0.0)


def dcg(grades: npt.ArrayLike, n: int, gain: Gain = "linear") -> float:
    """Sum of gain x discount over the first `n` places (Järvelin and Kekäläinen, 2002)."""
    gained = gains(grades, gain)[:n]
    return float(gained @ discounts(np.arange(1, len(gained) + 1)))


def ndcg(grades: npt.ArrayLike, judged: npt.ArrayLike, n: int, gain: Gain = "linear") -> float:
    """DCG of the list over DCG of the best list that all `judged` grades allow.

    `grades` are those of the products listed, in order. NaN when nothing judged is relevant: such a
    query has no answer to find and should be left out. In `search` reports this with unjudged = 0 is
    "nDCG@10 e"; on `condensed(grades)` it is "nDCG@10 c".

    >>> round(ndcg([0, 3], judged=[3, 0], n=10, gain="exponential"), 4)
    0.6309
    """
    best = dcg(np.sort(np.asarray(judged, dtype=np.float64))[::-1], n, gain)
    return dcg(grades, n, gain) / best if best > 0 else float("nan")


def condensed(grades: npt.ArrayLike) -> Values:
    """The list without its unjudged products (Sakai, 2007).

    It does not punish a method for showing what nobody looked at, and so favours methods unlike those
    that filled the judgment pool. Read it beside the plain value and `judged_share`.
    """
    listed = np.asarray(grades, dtype=np.float64)
    return np.asarray(listed[~np.isnan(listed)])
