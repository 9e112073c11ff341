"""Whether a shop's texts are still those that a model learned from, and whether a refit is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from warmstart.core.analysis import terms
from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import BoolArray, FloatArray

_PERMUTATIONS: Final = 500
_Kernel = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How far new texts are from old ones.

    `distance` is the squared maximum mean discrepancy between their vectors, `p_value` the chance of one as
    large were both drawn from the same shop. `novelty` is the share of the new texts' words that no old
    text has.
    """

    distance: float
    p_value: float
    novelty: float


@dataclass(kw_only=True)
class RefitSchedule(Component):
    """When to fit again: after `every_days`, or earlier when the shop's texts have drifted.

    A drift counts when it would be chance in fewer than `p_value` of all cases and more than `novelty` of
    the words are new: with many texts every difference is certain, and few matter.
    """

    every_days: float = 7.0
    p_value: float = 0.01
    novelty: float = 0.05

    def __post_init__(self) -> None:
        if self.every_days <= 0 or not 0 < self.p_value < 1 or not 0 <= self.novelty <= 1:
            raise ConfigError(
                expected="'every_days' above 0, 'p_value' between 0 and 1, 'novelty' from 0 to 1",
                found=f"{self.every_days}, {self.p_value}, {self.novelty}",
                todo="Leave them out for the defaults.",
            )

    def due(self, days: float, drift: Drift | None = None) -> str:
        """Why it is time to fit again, in a sentence; empty when it is not.

        >>> RefitSchedule().due(8.0)
        'the last fit is 8 days old, more than 7'
        >>> RefitSchedule().due(2.0, Drift(distance=0.0, p_value=0.4, novelty=0.3))
        ''
        """
        if days >= self.every_days:
            return f"the last fit is {days:g} days old, more than {self.every_days:g}"
        if drift is not None and drift.p_value < self.p_value and drift.novelty > self.novelty:
            return f"the texts have changed: {drift.novelty:.0%} of the words are new"
        return ""


def novelty(old: Sequence[str], new: Sequence[str]) -> float:
    """The share of the new texts' words, counted as often as they stand there, that no old text has.

    >>> novelty(["red shoes"], ["red hose", "蓝 hose"])
    0.75
    """
    known = {word for text in old for word in terms(text)}
    found = [word for text in new for word in terms(text)]
    return sum(word not in known for word in found) / len(found) if found else 0.0


def measure_drift(
    old: FloatArray,
    new: FloatArray,
    *,
    texts: tuple[Sequence[str], Sequence[str]],
    most: int = 500,
    seed: int = 0,
) -> Drift:
    """Compare the vectors of old and new texts, `most` of each, by a kernel two-sample test.

    The statistic is the squared maximum mean discrepancy under a Gaussian kernel as wide as the median
    distance, its chance comes from 500 permutations (Gretton et al. 2012, JMLR 13). `texts` are the
    words behind both. Errors: `InputError` with fewer than two of either.
    """
    if min(len(old), len(new)) < 2:
        raise InputError(
            expected="at least two old and two new texts",
            found=f"{len(old)} and {len(new)}",
            todo="Wait until there are more.",
        )
    rng = np.random.default_rng(seed)
    drawn = [part[rng.permutation(len(part))[:most]] for part in (old, new)]
    kernel = _kernel(np.vstack(drawn).astype(np.float64))
    n_old = len(drawn[0])
    distance = _discrepancy(kernel, np.arange(len(kernel)) < n_old)
    chance = [_discrepancy(kernel, rng.permutation(len(kernel)) < n_old) for _ in range(_PERMUTATIONS)]
    p_value = (1 + sum(value >= distance for value in chance)) / (1 + _PERMUTATIONS)
    return Drift(distance=distance, p_value=p_value, novelty=novelty(*texts))


def _kernel(rows: _Kernel) -> _Kernel:
    squares = (rows**2).sum(axis=1)
    apart = np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0.0)
    middle = float(np.median(apart[~np.eye(len(rows), dtype=np.bool_)]))
    kernel: _Kernel = np.exp(-apart / max(middle, 1e-12))
    np.fill_diagonal(kernel, 0.0)  # the unbiased form leaves out each text beside itself
    return kernel


def _discrepancy(kernel: _Kernel, is_old: BoolArray) -> float:
    """The unbiased estimate, for a division of the texts into old and new."""
    n, m = int(is_old.sum()), int((~is_old).sum())
    signs = np.where(is_old, 1.0, 0.0)
    towards_old = kernel @ signs
    within_old, between = float(towards_old[is_old].sum()), float(towards_old[~is_old].sum())
    within_new = float(kernel.sum()) - within_old - 2 * between
    return within_old / (n * (n - 1)) + within_new / (m * (m - 1)) - 2 * between / (n * m)
