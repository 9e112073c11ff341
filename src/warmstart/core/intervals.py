"""The interval of a mean, by resampling."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_DRAWS = 2000


def mean_interval(values: npt.ArrayLike, *, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Between which the mean of such values lies: the Bayesian bootstrap (Rubin 1981).

    Give the differences of the same cases for the interval of a gain. A single value has no width.

    >>> mean_interval([0.2, 0.2, 0.2])
    (0.2, 0.2)
    >>> low, high = mean_interval([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    >>> 0.0 < low < 0.5 < high < 1.0
    True
    """
    found = np.asarray(values, dtype=np.float64)
    weights = np.random.default_rng(seed).standard_exponential((_DRAWS, len(found)))
    means = weights @ found / weights.sum(axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(means, (tail, 1 - tail))
    return round(float(low), 12), round(float(high), 12)
