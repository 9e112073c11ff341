"""Logistic regression, fitted by scikit-learn and kept as two arrays."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from warmstart.core.errors import MissingExtraError
from warmstart.core.linear import FloatArray, IntArray

TOLERANCE = 1e-5
"""Of the solver's gradient: far below what changes an answer."""


def fit_logistic(features: Any, codes: IntArray, strength: float) -> tuple[FloatArray, FloatArray]:
    """Weights (features, classes) and biases (classes,) of multinomial logistic regression.

    Minimises sum of -log p(y | x) + |W|^2 / (2 `strength`), the biases free. `features` may be sparse.
    Errors: `MissingExtraError`.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtraError("logistic regression", "evaluate") from error
    model = LogisticRegression(C=strength, max_iter=2000, tol=TOLERANCE)
    with warnings.catch_warnings():  # with one example of each label it asks whether these are numbers
        warnings.filterwarnings("ignore", "The number of unique classes is greater", UserWarning)
        model.fit(features, codes)
    weights, biases = model.coef_.T, model.intercept_
    if weights.shape[1] == 1:  # two classes: one score, the log odds of the second
        weights = np.hstack([np.zeros_like(weights), weights])
        biases = np.append(0.0, biases)
    return weights.astype(np.float32), biases.astype(np.float32)


def softmax(scores: Any) -> FloatArray:
    """Probabilities in proportion to exp(score), row by row.

    >>> softmax([[0.0, 0.0], [1000.0, 0.0]]).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    values = np.asarray(scores, dtype=np.float64)
    grown = np.exp(values - values.max(axis=1, keepdims=True))
    shares: FloatArray = (grown / grown.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
