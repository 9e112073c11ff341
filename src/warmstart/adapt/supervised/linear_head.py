"""The best linear head on vectors that stay as they are: where every tuning starts.

Starting from a head that already fits keeps the first steps from wrecking what the network knows (linear
probing, then fine-tuning: Kumar et al. 2022, arXiv 2202.10054), and makes step 0 the frozen model with
logistic regression, which tuning then has to beat on held-out texts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

from warmstart.core.linear import FloatArray

Numbers = npt.NDArray[Any]
"""Of any precision."""

Link = Callable[[Numbers, Numbers], tuple[Numbers, Numbers]]
"""The loss of each text, and its slope by what was told of it."""

_STEPS: Final = 500
_TOLERANCE: Final = 1e-5


def fit_linear_head(
    vectors: Numbers, wanted: Numbers, weights: Numbers, link: Link, strength: float
) -> tuple[FloatArray, FloatArray]:
    """Weights (dim, width) and biases (width,) of the head.

    Minimises the weighted sum of losses + |W|^2 / (2 `strength`), the biases free; `strength` is the C of
    scikit-learn. Convex, solved by L-BFGS from zero.
    """
    inputs, (dim, width) = vectors.astype(np.float64), (vectors.shape[1], wanted.shape[1])

    def cost(flat: Numbers) -> tuple[float, Numbers]:
        head, biases = flat[: dim * width].reshape(dim, width), flat[dim * width :]
        losses, slopes = link(inputs @ head + biases, wanted)
        weighted = slopes * weights[:, None]
        down = np.concatenate([(inputs.T @ weighted + head / strength).ravel(), weighted.sum(axis=0)])
        return float(losses @ weights + (head**2).sum() / (2 * strength)), down

    start = np.zeros((dim + 1) * width)
    solved = minimize(
        cost, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS, "gtol": _TOLERANCE}
    )
    head, biases = solved.x[: dim * width].reshape(dim, width), solved.x[dim * width :]
    return head.astype(np.float32), biases.astype(np.float32)


def by_softmax(told: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
    """Cross-entropy of classes."""
    said = told - logsumexp(told, axis=1, keepdims=True)
    return -(said * wanted).sum(axis=1), np.exp(said) * wanted.sum(axis=1, keepdims=True) - wanted


def by_sigmoid(told: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
    """Binary cross-entropy of labels, the sum over them."""
    return (np.logaddexp(0.0, told) - wanted * told).sum(axis=1), expit(told) - wanted


def by_square(told: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
    """Half of the squared error."""
    away = told - wanted
    return 0.5 * (away**2).sum(axis=1), away
