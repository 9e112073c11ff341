"""From a belief about a rating to the number that is answered."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Values = npt.NDArray[np.float64]
Estimate = Literal["mean", "median"]
_KEPT: Final = 0.02
"""How much of the mean stays in a median, so that items with one median keep their order."""


def answered(mean: Values, spread: Values, levels: Values, estimate: str) -> Values:
    """The mean, or the median over the ratings that can be given.

    The mean loses least in squares; the median loses least in absolute error, which is what MAE counts.
    `spread` is the standard deviation of the belief, `levels` the ratings that the shop has, ascending.
    The belief about the rating is a normal distribution rounded to the nearest level.

    >>> answered(np.array([3.6]), np.array([1.0]), np.arange(1.0, 6.0), "mean").tolist()
    [3.6]
    >>> answered(np.array([3.6]), np.array([1.0]), np.arange(1.0, 6.0), "median").round(3).tolist()
    [3.992]
    """
    if estimate == "mean" or len(levels) < 2:
        return mean
    edges = (levels[1:] + levels[:-1]) / 2
    below = ndtr((edges - mean[:, None]) / np.maximum(spread, 1e-9)[:, None])
    median = levels[(below < 0.5).sum(axis=1)]
    return np.asarray(median + _KEPT * (mean - median))
