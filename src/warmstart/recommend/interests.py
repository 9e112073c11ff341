"""Several interests of one user at once: a parent buys toys and a drill, and the list must serve both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from warmstart.core.linear import BoolArray, FloatArray, IntArray, top_positions, unit_rows

MOST: Final = 4
LIKENESS: Final = 0.1
"""Mean cosine of centred content from which two groups of items are one interest."""
LEAST: Final = 0.5
"""The part of an interest's share of the evidence that it is promised of the list."""
_DEPTH: Final = 50


@dataclass(frozen=True)
class Interests:
    """The interests in a history: `middles` in content space, (interests, dim), and their `shares`.

    >>> import numpy as np
    >>> toys_and_a_drill = np.array([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32)
    >>> Interests.of(toys_and_a_drill, np.ones(3, dtype=np.float32)).nearest(toys_and_a_drill).tolist()
    [0, 0, 1]
    """

    middles: FloatArray
    shares: FloatArray

    @classmethod
    def of(cls, vectors: FloatArray, weights: FloatArray, *, likeness: float = LIKENESS) -> Interests:
        """Group the items of a history by content; at most four interests, the strongest first.

        `vectors` has a row of length one (or zero) per item, `weights` what each says; what speaks
        against an item makes no interest.
        """
        liked = weights > 0
        vectors, weights = vectors[liked], weights[liked]
        groups = grouped(vectors, weights, likeness=likeness)
        shares = np.array([weights[rows].sum() for rows in groups]) / max(float(weights.sum()), 1e-12)
        order = np.argsort(-shares, kind="stable")
        middles = [weights[groups[i]] @ vectors[groups[i]] for i in order]
        flat = np.array(middles) if middles else np.zeros((0, vectors.shape[1]))
        return cls(unit_rows(flat), shares[order].astype(np.float32))

    def __len__(self) -> int:
        return len(self.shares)

    def nearest(self, vectors: FloatArray) -> IntArray:
        """The interest that each row is most like."""
        found: IntArray = (vectors @ self.middles.T).argmax(axis=1).astype(np.int64)
        return found

    def covered(self, vectors: FloatArray) -> float:
        """Share of the interests that a list with these vectors serves."""
        return len(set(self.nearest(vectors).tolist())) / len(self) if len(self) and len(vectors) else 0.0


def grouped(
    vectors: FloatArray, weights: FloatArray, *, likeness: float, most: int = MOST
) -> list[IntArray]:
    """Rows in groups whose members are alike on average, each group in ascending order.

    Agglomerative clustering with average linkage, weighted: the two groups with the largest mean cosine
    are joined while it is at least `likeness`, and further while there are more than `most` groups.
    Ties go to the first pair, so that equal inputs give equal groups. For histories: the cost grows
    with the cube of the rows.
    """
    left = len(vectors)
    members: list[list[int]] = [[row] for row in range(left)]
    mass = weights.astype(np.float64)
    tall = vectors.astype(np.float64)
    mean = np.round(tall @ tall.T, 9)
    np.fill_diagonal(mean, -np.inf)
    while left > 1:
        first, second = sorted(divmod(int(mean.argmax()), len(mean)))
        if mean[first, second] < likeness and left <= most:
            break
        joined = (mass[first] * mean[first] + mass[second] * mean[second]) / (mass[first] + mass[second])
        mass[first] += mass[second]
        mean[first], mean[:, first] = joined, joined
        mean[first, first] = -np.inf
        mean[second], mean[:, second] = -np.inf, -np.inf
        members[first] += members[second]
        members[second] = []
        left -= 1
    return [np.array(sorted(rows), dtype=np.int64) for rows in members if rows]


def serving_all(
    labels: IntArray, shares: Sequence[float] | FloatArray, n: int, *, least: float = LEAST
) -> IntArray:
    """Which `n` places of a ranking to show so that every interest is served, in the ranking's order.

    `labels` are the interests of a ranking's items, best first. Each interest keeps its best items, as
    many as `least` of its share of the list and at least one; the other places go to the best of the
    rest. With one interest these are the first `n`. After Steck, "Calibrated recommendations" (2018),
    with a floor instead of a penalty.
    """
    kept: BoolArray = np.zeros(len(labels), dtype=np.bool_)
    for interest, share in list(enumerate(shares))[:n]:
        promised = max(1, int(least * float(share) * n))
        kept[np.flatnonzero(labels == interest)[:promised]] = True
    chosen = np.flatnonzero(kept)[:n] if kept.sum() > n else np.flatnonzero(kept)
    others = np.flatnonzero(~kept)[: n - len(chosen)]
    return np.sort(np.concatenate([chosen, others])).astype(np.int64)


def room_for_all(
    scores: FloatArray, content: FloatArray, history: tuple[IntArray, FloatArray], n: int
) -> BoolArray:
    """Which items may be shown so that a list of the best `n` of them is `interest_list`."""
    shown = interest_list(scores, content, history, n)
    allowed: BoolArray = ~np.isnan(scores)
    if len(shown):
        allowed &= scores < scores[shown].min()  # what is as good as the last one shown gives way
        allowed[shown] = True
    return allowed


def interest_list(
    scores: FloatArray,
    content: FloatArray,
    history: tuple[IntArray, FloatArray],
    n: int,
    *,
    likeness: float = LIKENESS,
    least: float = LEAST,
) -> IntArray:
    """The `n` catalogue positions to show so that every interest of a history is served.

    `scores` are those of the whole catalogue (NaN where an item must not be shown), `content` its vectors,
    `history` positions and weights of the evidence. The scores stay the judge: among the best 50 n
    items each interest is promised half of its share of the evidence (`serving_all`). With one
    interest it is the list by score. Scoring each interest by itself and dealing the places out by share
    was tried and ranks worse.
    """
    positions, weights = history
    ranked = top_positions(scores, max(n, _DEPTH * n))
    interests = Interests.of(content[positions], weights, likeness=likeness)
    if len(interests) < 2:
        return ranked[:n]
    labels = interests.nearest(content[ranked])
    return ranked[serving_all(labels, interests.shares, n, least=least)]
