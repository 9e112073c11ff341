"""The mathematics of static tables: weights, ridge regression onto text vectors, principal axes.

A static table gives a text the weighted sum of its words' vectors. Its prior is what a teacher says of
each word alone (as in model2vec, Tulkens and van Dongen, 2024), weighted by smooth inverse frequency
(Arora, Liang and Ma, 2017). Its evidence is what the teacher says of whole texts: a ridge regression,
shrunk towards the prior, finds the word vectors whose sums come closest to it. A title is drawn towards
the vector of the whole text that stands under it, so that a few words come to mean what they imply.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from warmstart.core.linear import FloatArray, unit_rows

_ITERATIONS = 20


def inverse_frequency_weights(counts: sparse.csr_matrix, smoothing: float) -> FloatArray:
    """Smooth inverse frequency a / (a + p) of each column, p its share of all counts (Arora, eq. 3)."""
    totals = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    shares = totals / max(totals.sum(), 1.0)
    weights: FloatArray = (smoothing / (smoothing + shares)).astype(np.float32)
    return weights


def principal_axes(rows: FloatArray, dim: int) -> FloatArray:
    """The `dim` orthonormal directions of largest energy in `rows`, shape (columns, at most dim).

    Uncentred, so that cosines change as little as may be. Signs are fixed: equal input, equal axes.
    """
    _, vectors = np.linalg.eigh((rows.T @ rows).astype(np.float64))
    axes = vectors[:, ::-1][:, :dim]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.asarray(axes * signs, dtype=np.float32)


def fit_table(
    counts: sparse.csr_matrix, targets: FloatArray, prior: FloatArray, weights: FloatArray, ridge: float
) -> FloatArray:
    """Word vectors whose weighted sums come close to `targets`, shrunk towards `prior`.

    Minimises Σ_i ‖x_i E − y_i‖² + ridge ‖E − prior‖² over the table E, where x_i are the weighted counts
    of text i, scaled so that the prior's own sum has length one. Words that occur seldom stay where the
    prior puts them. Shapes: counts (texts, words), targets (texts, dim), prior (words, dim).
    """
    design = sparse.csr_matrix(counts @ sparse.diags(weights))
    lengths = np.linalg.norm(design @ prior, axis=1)
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 1e-6)
    design = sparse.csr_matrix(sparse.diags(scale) @ design).astype(np.float32)
    return prior + _solve_ridge(design, targets - design @ prior, ridge)


def _solve_ridge(design: sparse.csr_matrix, residual: FloatArray, ridge: float) -> FloatArray:
    """(XᵀX + ridge I)⁻¹ Xᵀ residual by conjugate gradients, every column of the residual at once.

    Preconditioned by the diagonal. Few iterations are enough: stopping early is one more shrinkage.
    """
    transposed = sparse.csr_matrix(design.T)
    diagonal = np.asarray(design.multiply(design).sum(axis=0)).ravel() + ridge
    left = np.asarray(transposed @ residual, dtype=np.float32)
    solution = np.zeros_like(left)
    scaled = left / diagonal[:, None]
    direction = scaled.copy()
    power = (left * scaled).sum(axis=0)
    for _ in range(_ITERATIONS):
        image = transposed @ (design @ direction) + ridge * direction
        step = power / np.maximum((direction * image).sum(axis=0), 1e-20)
        solution += step * direction
        left -= step * image
        scaled = left / diagonal[:, None]
        previous, power = power, (left * scaled).sum(axis=0)
        direction = scaled + (power / np.maximum(previous, 1e-20)) * direction
    return solution


def distil_table(
    whole: sparse.csr_matrix,
    headings: sparse.csr_matrix,
    words: FloatArray,
    texts: FloatArray,
    *,
    size: int,
    smoothing: float,
    ridge: float,
) -> tuple[FloatArray, FloatArray]:
    """Table and weights of a student, from what a teacher says of each word and of each text.

    `whole` and `headings` are the counts of the texts and of their first lines, `words` and `texts` the
    teacher's vectors. Gives the table (words, at most size) and the weights (words,).
    """
    weights = inverse_frequency_weights(whole, smoothing)
    prior = words - words.mean(axis=0)  # pretrained vectors share a direction that tells nothing apart
    targets = unit_rows(texts - texts.mean(axis=0)) if len(texts) > 1 else texts
    axes = principal_axes(np.vstack([targets, unit_rows(prior)]), size)
    prior, targets = prior @ axes, targets @ axes
    both = sparse.csr_matrix(sparse.vstack([headings, whole]))
    return fit_table(both, np.vstack([targets, targets]), prior, weights, ridge), weights
