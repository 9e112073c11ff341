"""Kernel ridge regression onto labels, with its leave-one-out answers for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize, special

from warmstart.core.linear import FloatArray, IntArray
from warmstart.tasks.classify.linear import softmax

Doubles = npt.NDArray[np.float64]
_SHARPNESS: Final = (-1.0, 3.0)
"""Bounds of the logarithm of the power that makes probabilities of scores."""
_FLOOR: Final = 0.02
_JITTER: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Ridge:
    """What a kernel row is multiplied with, and what each example would get were it not one.

    `coefficients` has the shape (landmarks, classes), `left_out` (examples, classes).
    """

    coefficients: FloatArray
    left_out: FloatArray


def fit_ridge(kernel: npt.ArrayLike, landmarks: IntArray, codes: IntArray, noise: float) -> Ridge:
    """Least squares onto indicators of labels, shape of `kernel` (examples, landmarks).

    With all examples as landmarks it is kernel ridge regression, K (K + noise)^-1 Y; with fewer the
    approximation of Williams and Seeger (2001, Nystroem). An answer without example i is
    (f_i - h_i y_i) / (1 - h_i), h the diagonal of the hat matrix (Allen, 1974, PRESS).
    """
    rows = np.asarray(kernel, dtype=np.float64)
    among = rows[landmarks]
    root = linalg.cholesky(among + _JITTER * np.eye(len(among)), lower=True)
    features = linalg.solve_triangular(root, rows.T, lower=True).T
    wanted = np.eye(int(codes.max()) + 1)[codes]
    inner = linalg.cholesky(features.T @ features + noise * np.eye(len(among)), lower=True)
    whitened = linalg.solve_triangular(inner, features.T, lower=True).T
    hat = np.einsum("nm,nm->n", whitened, whitened)[:, None]
    weights = linalg.solve_triangular(inner, whitened.T @ wanted, lower=True, trans="T")
    found = features @ weights
    coefficients = linalg.solve_triangular(root, weights, lower=True, trans="T")
    left_out = (found - hat * wanted) / np.maximum(1.0 - hat, 1e-6)
    return Ridge(coefficients.astype(np.float32), left_out.astype(np.float32))


def sharpened(scores: npt.ArrayLike, sharpness: float) -> FloatArray:
    """Probabilities in proportion to score^sharpness, where a score is about 1 for the label and 0 else.

    Scores below `_FLOOR` count as that. Where a softmax of regression scores is too modest about the
    easy texts or too sure about the hard ones, their powers are neither.

    >>> sharpened([[0.8, 0.4, -0.1]], 1.0).round(2).tolist()
    [[0.6600000262260437, 0.33000001311302185, 0.019999999552965164]]
    """
    return softmax(sharpness * np.log(np.maximum(np.asarray(scores, dtype=np.float64), _FLOOR)))


def best_sharpness(scores: npt.ArrayLike, codes: IntArray, typical: float) -> float:
    """The sharpness under which the labels are most likely, drawn to the typical one where it must be.

    Temperature scaling (Guo et al., 2017, arXiv 1706.04599) on answers to examples that were left out.
    With one of n examples of a label left out the other n - 1 know less than all, with n = 2 much less,
    so the logarithm is that share 2 / n of the way to that of `typical`.
    """
    logs = np.log(np.maximum(np.asarray(scores, dtype=np.float64), _FLOOR))
    places = np.arange(len(codes)), codes

    def loss(log_sharpness: float) -> float:
        return -float(special.log_softmax(np.exp(log_sharpness) * logs, axis=1)[places].mean())

    found = float(optimize.minimize_scalar(loss, bounds=_SHARPNESS, method="bounded").x)
    share = min(1.0, 2.0 * logs.shape[1] / len(codes))
    return float(np.exp((1.0 - share) * found + share * np.log(typical)))
