"""From a vector of scores to the ranks of the targets and the top of the list, for one case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warmstart.core.linear import FloatArray, IntArray, top_positions


def rank_targets(scores: FloatArray, targets: IntArray) -> IntArray:
    """Places of the `targets` (positions into `scores`) among all candidates, from 1.

    A rank is the number of candidates with a higher score, plus those before it with the same score,
    plus one: the order of `top_positions`. NaN and infinite scores are never listed and get rank 0.

    >>> rank_targets(np.array([0.5, 0.9, 0.5, np.nan], dtype=np.float32), np.array([0, 2, 3])).tolist()
    [2, 3, 0]
    """
    usable = np.where(np.isfinite(scores), scores, -np.inf)
    wanted = usable[targets]
    above = (usable[None, :] > wanted[:, None]).sum(axis=1)
    level = [
        np.count_nonzero(usable[:target] == score)
        for target, score in zip(targets.tolist(), wanted.tolist(), strict=True)
    ]
    ranks: IntArray = np.where(np.isfinite(wanted), above + np.array(level, dtype=np.int64) + 1, 0)
    return ranks


@dataclass(frozen=True, slots=True)
class Pool:
    """The candidates of a question, as catalogue positions; of equal scores the earlier one goes first.

    Give them in an order that says nothing: catalogues often begin with what sells, and a method that
    has no opinion would be paid for the order of the file.
    """

    positions: IntArray
    place: IntArray
    """Catalogue position to place in the pool, -1 outside."""

    @classmethod
    def of(cls, positions: IntArray, n_items: int) -> Pool:
        """A pool of these catalogue positions out of `n_items`."""
        place = np.full(n_items, -1, dtype=np.int64)
        place[positions] = np.arange(len(positions))
        return cls(positions=positions, place=place)

    def answer(self, scores: FloatArray, targets: IntArray, n: int) -> tuple[IntArray, IntArray]:
        """Ranks of the targets and the top `n` (catalogue positions, padded with -1).

        `scores` runs over the catalogue; what must not be listed is NaN in it.
        """
        pooled = scores[self.positions]
        best = self.positions[top_positions(pooled, n)]
        top = np.full(n, -1, dtype=np.int64)
        top[: len(best)] = best
        return rank_targets(pooled, self.place[targets]), top
