"""What to show in a shop where nothing has ever happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warmstart.core.linear import FloatArray

_SAMPLE, _CANDIDATES, _PICKS = 2_000, 1_000, 100
_SMALL, _GROWTH = 1_000, 1.1


@dataclass(frozen=True)
class Typical:
    """The scores of a catalogue that is laid out, and how many items it had then."""

    scores: FloatArray
    made_of: int


def laid_out(known: Typical | None, content: FloatArray, seed: int) -> Typical:
    """What is laid out already, or else the catalogue laid out."""
    return known or Typical(typical_scores(content, seed=seed), len(content))


def grown(known: Typical | None, size: int) -> Typical | None:
    """The same with room for new items; None when it is to be laid out anew.

    That takes a while, so a large catalogue is laid out anew only when it has grown by a tenth.
    """
    if known is None or size <= _SMALL or size > _GROWTH * known.made_of:
        return None
    new = np.zeros(size - len(known.scores), dtype=np.float32)
    return Typical(np.append(known.scores, new), known.made_of)


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
