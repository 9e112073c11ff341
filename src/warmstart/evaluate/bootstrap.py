"""Intervals that know that both users and items were sampled.

Another shop, or the same shop next year, has other users *and* other items, and which items happen to
be withheld moves a cold-start number more than which users do. So both are resampled, independently,
and a target counts with the product of its user's and its item's weight: the pigeonhole bootstrap
(Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007). The weights are Exp(1), its
Bayesian form (Owen and Eckles, "Bootstrapping data arrays of arbitrary order", 2012), which never
leaves a sample empty. It is mildly conservative: it over- rather than understates the variance.

What is not resampled: the training data, and the other candidates a target was ranked against.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from warmstart.core.linear import IntArray
from warmstart.evaluate.metrics import Values

RESAMPLES: Final = 2000
_CELLS = 4_000_000
"""Weights held in memory at once."""


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """What a mean over cases is made of, so that users and items can be weighted.

    Piece i belongs to user `user[i]` and item `item[i]` (any whole numbers; item -1 means that no item
    is involved, and weighs 1), and is the fraction `share[i]` of its case. A statistic with parts a is
    sum(w a) / sum(w share), which without resampling is the plain mean over cases.
    """

    user: IntArray
    item: IntArray
    share: Values

    def mean(self, parts: Values) -> Values:
        """The statistics themselves; `parts` has shape (pieces,) or (pieces, statistics)."""
        return np.asarray(parts.sum(axis=0) / self.share.sum())


def resample(pieces: Pieces, parts: Values, *, resamples: int = RESAMPLES, seed: int = 0) -> Values:
    """Bootstrap replicates of each statistic, shape (resamples, statistics).

    `parts` has shape (pieces, statistics). All statistics share the same weights: the difference of two
    columns is a paired replicate.
    """
    users, user = np.unique(pieces.user, return_inverse=True)
    items, item = np.unique(pieces.item, return_inverse=True)
    no_item = np.flatnonzero(items == -1)
    columns = np.column_stack([parts, pieces.share]).astype(np.float32)
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // max(len(user), len(users), len(items), 1))
    found = []
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        by_user = rng.standard_exponential((rows, len(users)), dtype=np.float32)
        by_item = rng.standard_exponential((rows, len(items)), dtype=np.float32)
        by_item[:, no_item] = 1.0
        sums = (by_user[:, user] * by_item[:, item]) @ columns
        found.append(sums[:, :-1] / sums[:, -1:])
    return np.concatenate(found).astype(np.float64)


def interval(replicates: Values, level: float = 0.95) -> tuple[Values, Values]:
    """Percentile interval of each column."""
    tail = (1 - level) / 2
    low, high = np.quantile(replicates, (tail, 1 - tail), axis=0)
    return low, high


def p_value(differences: npt.ArrayLike, difference: float) -> float:
    """Two-sided p-value of "no difference", for an observed difference and its paired replicates.

    The difference in units of the replicates' standard deviation, read from the normal curve. Counting
    replicates on the wrong side would stop at 2 / (resamples + 1), too coarse for a Holm correction
    over many comparisons.

    >>> p_value([1.0, 2.0, 3.0], 0.0), p_value([0.0, 0.0], 0.0)
    (1.0, 1.0)
    """
    spread = float(np.std(np.asarray(differences, dtype=np.float64)))
    if spread == 0.0:
        return 0.0 if difference else 1.0
    return math.erfc(abs(difference) / spread / math.sqrt(2.0))


def holm(p_values: npt.ArrayLike) -> Values:
    """P-values adjusted for testing a family at once (Holm, 1979).

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    scaled = np.minimum(raw[order] * np.arange(len(raw), 0, -1), 1.0)
    adjusted = np.empty_like(raw)
    adjusted[order] = np.maximum.accumulate(scaled)
    return adjusted
