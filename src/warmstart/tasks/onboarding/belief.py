"""How much an answer would teach: the algebra of a Gaussian belief about tastes."""

from __future__ import annotations

import numpy as np

from warmstart.roles.few_shot_head import Values


def after(covariance: Values, vectors: Values, noise: float, weights: Values | None = None) -> Values:
    """The covariance of the belief after answers about items with these vectors, whatever was answered.

    S' = S - S Xᵀ (X S Xᵀ + noise / weights)⁻¹ X S: in a Gaussian belief what is left to know depends on
    the questions, not on the answers. A weight below 1 is an answer that may not come.
    """
    if not len(vectors):
        return covariance
    gain = covariance @ vectors.T
    inner = vectors @ gain + noise * np.diag(1.0 / (np.ones(len(vectors)) if weights is None else weights))
    left = covariance - gain @ np.linalg.solve(inner, gain.T)
    return np.asarray((left + left.T) / 2)


def spread(vectors: Values, importance: Values) -> Values:
    """The matrix A = sum of importance x xᵀ, for which tr(A S) is the mean variance of all predictions."""
    return np.asarray((vectors * importance[:, None]).T @ vectors)


def gains(covariance: Values, vectors: Values, noise: float, target: Values) -> Values:
    """By how much one answer about each item would lower tr(target S), shape (items,).

    (xᵀ S A S x) / (xᵀ S x + noise): expected predictive variance as the criterion of what to ask (Cohn,
    Ghahramani and Jordan, 1996; Yu, Bi and Tresp, "Active learning via transductive experimental
    design", 2006).
    """
    seen = vectors @ covariance
    lowered = np.einsum("nd,de,ne->n", seen, target, seen, optimize=True)
    variance = np.einsum("nd,nd->n", seen, vectors)
    return np.asarray(lowered / (np.maximum(variance, 0.0) + noise))
