"""Whether a probability means what it says.

Of all answers given with confidence .8, eight of ten should be right. Bins are of equal mass: each holds
about as many answers as the others, so that every one of them can be read, also where a method is nearly
always sure (Nguyen and O'Connor, 2015, EMNLP). Bins of equal width would leave most of them empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from warmstart.evaluate.metrics import Values

BINS: Final = 15
"""As in Guo et al. (2017), On Calibration of Modern Neural Networks, though theirs have equal width."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """One point of a reliability curve: mean confidence, share that is right, number of answers."""

    confidence: float
    accuracy: float
    cases: int


def reliability_curve(confidence: npt.ArrayLike, right: npt.ArrayLike, *, bins: int = BINS) -> list[Bin]:
    """The curve of accuracy over confidence, in bins of equal mass, least confident first.

    Equal confidences stay in one bin, so there may be fewer than `bins`; no answers give no bins.

    >>> curve = reliability_curve([0.2, 0.2, 0.9, 0.9], [0, 1, 1, 1], bins=2)
    >>> [(round(point.confidence, 2), point.accuracy, point.cases) for point in curve]
    [(0.2, 0.5, 2), (0.9, 1.0, 2)]
    """
    said, hit = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    place = _places(said, bins)
    cases = np.bincount(place)
    filled = np.flatnonzero(cases)
    means = np.bincount(place, weights=said)[filled] / cases[filled]
    shares = np.bincount(place, weights=hit)[filled] / cases[filled]
    columns = (means.tolist(), shares.tolist(), cases[filled].tolist())
    return [Bin(confidence=m, accuracy=a, cases=n) for m, a, n in zip(*columns, strict=True)]


def _places(said: Values, bins: int) -> npt.NDArray[np.intp]:
    """The bin of each answer, by the quantiles of what was said."""
    if not len(said):
        return np.zeros(0, dtype=np.intp)
    inner = np.quantile(said, np.arange(1, bins) / bins, method="inverted_cdf")
    return np.searchsorted(np.unique(inner), said, side="left")


def calibration_error(confidence: npt.ArrayLike, right: npt.ArrayLike, *, bins: int = BINS) -> float:
    """ECE: the mean over answers of |confidence - accuracy| of their bin (Naeini et al., 2015).

    Zero is best, NaN is no answers. With few answers per bin chance alone lifts it above zero.

    >>> calibration_error([1.0, 1.0, 0.5, 0.5], [1, 1, 1, 0], bins=2)
    0.0
    """
    curve = reliability_curve(confidence, right, bins=bins)
    if not curve:
        return float("nan")
    total = sum(point.cases for point in curve)
    return sum(point.cases * abs(point.confidence - point.accuracy) for point in curve) / total
