"""What the unlabelled texts around a text say about it."""

from __future__ import annotations

from typing import Final

import numpy as np

from warmstart.core.linear import FloatArray, IntArray, unit_rows
from warmstart.tasks.classify.linear import softmax

_BLOCK: Final = 1024
_LIKENESS: Final = 0.1
"""How fast the weight of a neighbour falls with its cosine: e-fold per tenth."""
_SHARP: Final = 0.03
_SWEEPS: Final = 3
_OWN: Final = 5.0
"""One labelled text counts as five unlabelled ones."""


def drawn_to_neighbours(vectors: FloatArray, pool: FloatArray, n: int, pull: float) -> FloatArray:
    """Each vector plus `pull` times the weighted mean of its `n` nearest in the pool, of length one.

    One step of diffusion over the graph of neighbours (Zhou et al., 2004; Wu et al., 2019, Simple Graph
    Convolution, arXiv 1902.07153): what a text shares with texts around it is its subject, what it does
    not share is its wording. A vector of the pool is its own neighbour. Shapes (texts, dim); an empty
    pool changes nothing.
    """
    n = min(n, len(pool))
    if not n or not pull:
        return vectors
    drawn = np.empty_like(vectors)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        cosines = block @ pool.T
        near = np.argpartition(-cosines, n - 1, axis=1)[:, :n]
        weights = softmax(np.take_along_axis(cosines, near, axis=1) / _LIKENESS)
        drawn[start : start + _BLOCK] = block + pull * np.einsum("bn,bnd->bd", weights, pool[near])
    return unit_rows(drawn)


def cluster_sums(vectors: FloatArray, codes: IntArray, pool: FloatArray, n_classes: int) -> FloatArray:
    """Sums of the labelled vectors of each class and of the share of the pool that is like them.

    Soft k-means that starts at the means of the examples (Ren et al., 2018, arXiv 1803.00676), three
    sweeps: with more the clusters forget what they were named after. Shape (classes, dim); the weight of
    an example is `own_weight()`.
    """
    own = np.zeros((n_classes, vectors.shape[1]), dtype=np.float32)
    np.add.at(own, codes, _OWN * vectors)
    sums = own
    for _ in range(_SWEEPS if len(pool) else 0):
        shares = softmax(pool @ unit_rows(sums).T / _SHARP)
        sums = own + shares.T @ pool
    return sums


def own_weight() -> float:
    """How many unlabelled texts one labelled text counts as in `cluster_sums`."""
    return _OWN
