"""What to show in a shop where nothing has ever happened."""

from __future__ import annotations

import numpy as np

from warmstart.core.linear import FloatArray

_SAMPLE, _CANDIDATES, _PICKS = 2_000, 1_000, 100


def typical_scores(content: FloatArray, *, seed: int) -> FloatArray:
    """Scores that lay out the catalogue: each next item stands for the most that is not yet shown.

    Greedy facility location (Nemhauser, Wolsey and Fisher, 1978) on a sample of the catalogue: the k-th
    pick scores 1/k, all others 0, so that a narrow filter still finds what it lets through. It is a shop
    window, not a guess of what will sell.
    """
    scores = np.zeros(len(content), dtype=np.float32)
    described = np.flatnonzero(content.any(axis=1))
    if not described.size:
        return scores
    rng = np.random.default_rng(seed)
    sample = rng.choice(described, min(_SAMPLE, described.size), replace=False)
    candidates = np.sort(rng.choice(described, min(_CANDIDATES, described.size), replace=False))
    likeness = np.maximum(content[sample] @ content[candidates].T, 0.0)
    covered = np.zeros(len(sample), dtype=np.float32)
    for rank in range(1, min(_PICKS, len(candidates)) + 1):
        gains = np.maximum(likeness - covered[:, None], 0.0).sum(axis=0)
        gains[scores[candidates] > 0] = -1.0
        pick = int(gains.argmax())
        scores[candidates[pick]] = 1.0 / rank
        covered = np.maximum(covered, likeness[:, pick])
    return scores
