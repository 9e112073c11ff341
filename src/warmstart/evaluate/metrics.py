"""The metrics, each with its formula.

Three shapes of input, because three things are measured:

- *graded lists* (search): the grade of the product at each place of one list, NaN where nobody judged it;
- *target ranks* (recommendation): where each target of each case came out, for thousands of cases at once;
- *top lists* (what a shop shows): an array of catalogue positions, one row per case, padded with -1.

Only full rankings are measured: a rank is the place among all candidates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warmstart.core.gain import Gain, Values, condensed, dcg, discounts, gains, ndcg
from warmstart.core.linear import BoolArray, IntArray

__all__ = [
    "ERRORS",
    "Gain",
    "TargetRanks",
    "Values",
    "condensed",
    "coverage",
    "dcg",
    "discounts",
    "exposure",
    "gains",
    "gini",
    "hit_parts",
    "judged_share",
    "lower_is_better",
    "mrr_parts",
    "ndcg",
    "ndcg_parts",
    "novelty",
    "recall",
    "recall_parts",
    "reciprocal_rank",
    "self_information",
    "share_shown",
]

ERRORS = ("MAE", "RMSE", "ECE", "Brier")
"""How the names of metrics begin of which less is better."""


def lower_is_better(metric: str) -> bool:
    """Whether a metric, by its name in the rows, measures an error.

    >>> lower_is_better("MAE"), lower_is_better("nDCG@20")
    (True, False)
    """
    return metric.startswith(ERRORS)


def judged_share(grades: npt.ArrayLike, n: int) -> float:
    """Judged@n: share of the first `n` products shown that somebody judged; 0 for an empty list."""
    shown = np.asarray(grades, dtype=np.float64)[:n]
    return float(np.mean(~np.isnan(shown))) if len(shown) else 0.0


def recall(grades: npt.ArrayLike, judged: npt.ArrayLike, n: int) -> float:
    """Relevant products (grade above 0) among the first `n`, over all relevant ones; NaN without any."""
    relevant = int(np.sum(np.asarray(judged, dtype=np.float64) > 0))
    found = int(np.sum(gains(grades, "linear")[:n] > 0))
    return found / relevant if relevant else float("nan")


def reciprocal_rank(grades: npt.ArrayLike) -> float:
    """1 / place of the first relevant product; 0 when none is listed."""
    hits = np.flatnonzero(gains(grades, "linear") > 0)
    return 1.0 / (float(hits[0]) + 1.0) if len(hits) else 0.0


@dataclass(frozen=True, slots=True)
class TargetRanks:
    """Where the targets of many cases came out.

    `case` numbers the case of each target (0 ... `n_cases` - 1, each at least once), `rank` is its
    place among the candidates, from 1, or 0 when the method never lists it (no opinion).

    The metrics below come as *parts*: one number per target that add up to the metric of its case. That
    is what lets the bootstrap resample targets as well as users.
    """

    case: IntArray
    rank: IntArray
    n_cases: int

    @property
    def sizes(self) -> IntArray:
        """Number of targets of each case."""
        return np.bincount(self.case, minlength=self.n_cases).astype(np.int64)

    def by_case(self, parts: Values) -> Values:
        """The metric of each case from its parts."""
        return np.asarray(np.bincount(self.case, weights=parts, minlength=self.n_cases))

    def within(self, n: int) -> BoolArray:
        """Which targets are among the first `n`."""
        inside: BoolArray = (self.rank > 0) & (self.rank <= n)
        return inside


def ndcg_parts(targets: TargetRanks, n: int) -> Values:
    """nDCG@n of binary relevance: discounts of the targets found, over those of the first min(n, targets).

    With one grade, linear and exponential gain are the same.
    """
    ideal = np.cumsum(discounts(np.arange(1, n + 1)))[np.minimum(targets.sizes, n) - 1]
    found = np.where(targets.within(n), discounts(targets.rank), 0.0)
    return np.asarray(found / ideal[targets.case])


def recall_parts(targets: TargetRanks, n: int) -> Values:
    """Recall@n: targets among the first n, over all targets of the case."""
    return np.asarray(targets.within(n) / targets.sizes[targets.case], dtype=np.float64)


def mrr_parts(targets: TargetRanks) -> Values:
    """Reciprocal rank of the case's first target, without a cut; all of it belongs to that target."""
    return np.where(_first(targets), 1.0 / np.maximum(targets.rank, 1), 0.0)


def hit_parts(targets: TargetRanks, n: int) -> Values:
    """HitRate@n: whether any target is among the first n; all of it belongs to the first target."""
    return (_first(targets) & targets.within(n)).astype(np.float64)


def _first(targets: TargetRanks) -> BoolArray:
    """The best-ranked listed target of each case."""
    listed = np.flatnonzero(targets.rank > 0)
    order = listed[np.lexsort((targets.rank[listed], targets.case[listed]))]
    starts = np.unique(targets.case[order], return_index=True)[1]
    first = np.zeros(len(targets.case), dtype=np.bool_)
    first[order[starts]] = True
    return first


def exposure(lists: IntArray, n_items: int) -> IntArray:
    """How often each of `n_items` catalogue positions is shown in `lists`; -1 is an empty place."""
    return np.bincount(lists[lists >= 0], minlength=n_items).astype(np.int64)


def coverage(shown: npt.ArrayLike) -> float:
    """Share of the candidates that are shown to anybody at all."""
    counts = np.asarray(shown)
    return float(np.mean(counts > 0)) if counts.size else 0.0


def gini(shown: npt.ArrayLike) -> float:
    """Gini index of exposure: 0 when all candidates are shown equally often, near 1 when a few have it all.

    G = 2 sum_i i x_(i) / (N sum x) - (N + 1) / N over the N sorted counts x; 0 when nothing is shown.

    >>> gini([3, 3, 3]), round(gini([0, 0, 0, 8]), 2)
    (0.0, 0.75)
    """
    counts = np.sort(np.asarray(shown, dtype=np.float64))
    size, total = counts.size, counts.sum()
    if total == 0:
        return 0.0
    return max(0.0, float(2 * (np.arange(1, size + 1) @ counts) / (size * total) - (size + 1) / size))


def share_shown(lists: IntArray, mask: BoolArray) -> Values:
    """For each list, the share of its places that hold items of `mask`; 0 for an empty list.

    With new items as the mask this is ColdShare@n, to be read beside their share among the targets.
    """
    filled = lists >= 0
    marked = filled & mask[np.where(filled, lists, 0)]
    return np.asarray(marked.sum(axis=1) / np.maximum(filled.sum(axis=1), 1))


def self_information(counts: IntArray) -> Values:
    """How surprising each item is: -log2 of its share of all events, one event added to each item.

    Castells, Hurley and Vargas, "Novelty and diversity in recommender systems" (2015).
    """
    smoothed = np.asarray(counts, dtype=np.float64) + 1.0
    return np.asarray(-np.log2(smoothed / smoothed.sum()))


def novelty(lists: IntArray, information: Values) -> Values:
    """Mean `self_information` of what each list shows, in bits; 0 for an empty list.

    >>> bits = self_information(np.array([3, 1, 1]))
    >>> novelty(np.array([[0, -1], [1, 2]]), bits).tolist()
    [1.0, 2.0]
    """
    filled = lists >= 0
    bits = np.where(filled, information[np.where(filled, lists, 0)], 0.0)
    return np.asarray(bits.sum(axis=1) / np.maximum(filled.sum(axis=1), 1))
