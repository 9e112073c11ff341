"""Logistic regression with a Gaussian prior on every weight, the bias too."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from warmstart.core.linear import FloatArray, IntArray

_BIAS: Final = 0.35
"""Prior standard deviation of a label's bias: a few examples say little of how frequent it is."""
Doubles = npt.NDArray[np.float64]


def fit_shrunk(
    features: npt.ArrayLike, codes: IntArray, scale: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Weights (features, classes) and biases (classes,): the most probable ones a posteriori.

    Maximises sum of log p(y | x) - sum of (weight / scale)^2 / 2, where `scale`, shape (features,), is the
    prior standard deviation of the weights of each feature. Convex, with one maximum, found by L-BFGS
    (Liu and Nocedal, 1989) from zero.
    """
    spread = np.append(np.asarray(scale, dtype=np.float64), _BIAS)
    rows = np.column_stack([np.asarray(features, dtype=np.float64), np.ones(len(codes))]) * spread
    n_classes = int(codes.max()) + 1
    wanted = np.eye(n_classes)[codes]

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        weights = flat.reshape(-1, n_classes)
        logs = special.log_softmax(rows @ weights, axis=1)
        pull = rows.T @ (np.exp(logs) - wanted) + weights
        return 0.5 * float(flat @ flat) - float((wanted * logs).sum()), pull.ravel()

    start = np.zeros(rows.shape[1] * n_classes)
    found = optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-6}
    )
    weights = found.x.reshape(-1, n_classes) * spread[:, None]
    return weights[:-1].astype(np.float32), weights[-1].astype(np.float32)
