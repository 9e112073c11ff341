"""Which texts to label next, so that the next labels teach most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import FloatArray, IntArray, unit_rows

Strategy = Literal["typical", "coreset", "margin", "entropy", "badge", "random"]

Doubles = npt.NDArray[np.float64]

_NEIGHBOURS: Final = 20
_ROUNDS: Final = 20
_TINY: Final = 1e-12


@dataclass(kw_only=True)
class ActiveLearner(Component):
    """Chooses which texts to label next.

    | strategy | takes | source |
    |---|---|---|
    | `typical` | the densest text of each group without a label | Hacohen et al. 2022, arXiv 2202.02794 |
    | `coreset` | each time the text farthest from all labelled | Sener and Savarese, arXiv 1708.00489 |
    | `margin` | where the two best labels are nearest to each other | Scheffer et al. 2001 |
    | `entropy` | where the classifier is least sure | Settles 2009 |
    | `badge` | what would change the classifier most, each another way | Ash et al., arXiv 1906.03671 |
    | `random` | any | |

    *When to use*: `typical` with few labels, before any or with fewer than about ten of each;
    `badge` or `margin` later (docs/how-to/labels.md has the measurements). `margin`, `entropy` and
    `badge` need a classifier's probabilities.
    """

    strategy: Strategy = "typical"
    seed: int = 0

    def choose(
        self,
        vectors: FloatArray,
        n: int,
        *,
        labelled: IntArray | None = None,
        probabilities: FloatArray | None = None,
    ) -> IntArray:
        """Places of `n` texts to label, the most telling first.

        `vectors` (texts, dim) are those of all texts, `labelled` the places of those that have a label,
        `probabilities` (texts, labels) what a classifier says of each. No text is named twice or that has a
        label; where fewer than `n` are left, all are named. Errors: `ConfigError`, `InputError`.
        """
        known = np.unique(np.asarray([] if labelled is None else labelled, dtype=np.int64))
        self._check(vectors, n, known, probabilities)
        left = np.setdiff1d(np.arange(len(vectors)), known)
        n = min(n, len(left))
        if not n:
            return left
        rows = unit_rows(vectors)
        rng = np.random.default_rng(self.seed)
        if self.strategy == "random":
            return rng.permutation(left)[:n]
        if self.strategy == "typical":
            return _typical(rows, known, left, n, rng)
        if self.strategy == "coreset":
            return _coreset(rows, known, left, n)
        told = np.asarray(probabilities, dtype=np.float64)[left]
        if self.strategy == "badge":
            return left[_badge(rows[left], told, n, rng)]
        doubt = _margin if self.strategy == "margin" else _entropy
        return left[np.argsort(-doubt(told), kind="stable")[:n]]

    def _check(
        self, vectors: FloatArray, n: int, known: IntArray, probabilities: FloatArray | None
    ) -> None:
        if n < 1 or np.ndim(vectors) != 2:
            raise InputError(
                expected="vectors of shape (texts, dim) and n of at least 1",
                found=f"shape {np.shape(vectors)} and n = {n}",
                todo="Encode the texts first.",
            )
        if len(known) and (known[0] < 0 or known[-1] >= len(vectors)):
            raise InputError(
                expected=f"places of labelled texts from 0 to {len(vectors) - 1}",
                found=f"{known[0]} to {known[-1]}",
                todo="Give places in the list of all texts.",
            )
        if self.strategy in {"margin", "entropy", "badge"} and (
            probabilities is None or len(probabilities) != len(vectors)
        ):
            raise ConfigError(
                expected=f"a classifier's probabilities of every text for '{self.strategy}'",
                found="none" if probabilities is None else f"{len(probabilities)} rows",
                todo="Give probabilities, or choose 'typical', which needs none.",
            )


def _margin(probabilities: Doubles) -> Doubles:
    """How near the two best labels are: 1 - (p1 - p2)."""
    best = np.sort(probabilities, axis=1)[:, -2:]
    found: Doubles = 1.0 - (best[:, -1] - best[:, 0])
    return found


def _entropy(probabilities: Doubles) -> Doubles:
    found: Doubles = -(probabilities * np.log(np.maximum(probabilities, _TINY))).sum(axis=1)
    return found


def _coreset(rows: FloatArray, known: IntArray, left: IntArray, n: int) -> IntArray:
    """k-center greedy; without any label it begins at the text nearest to the middle of all."""
    own = rows[left]
    chosen: list[int] = []
    if len(known):
        nearest = (own @ rows[known].T).max(axis=1)
    else:
        chosen.append(int(np.argmax(own @ rows.mean(axis=0))))
        nearest = own @ own[chosen[0]]
    while len(chosen) < n:
        nearest[chosen] = np.inf
        chosen.append(int(np.argmin(nearest)))
        nearest = np.maximum(nearest, own @ own[chosen[-1]])
    return left[chosen]


def _typical(
    rows: FloatArray, known: IntArray, left: IntArray, n: int, rng: np.random.Generator
) -> IntArray:
    """As many groups as there are labels, old and new; the densest text of each group without one."""
    groups = k_means(rows, min(len(known) + n, len(rows)), rng)
    covered = set(groups[known].tolist())
    sizes = np.bincount(groups)
    order = sorted(set(groups.tolist()) - covered, key=lambda group: (-sizes[group], group))
    density = _density(rows)
    chosen = []
    for group in order[:n]:
        own = left[groups[left] == group]
        if len(own):
            chosen.append(int(own[np.argmax(density[own])]))
    rest = np.setdiff1d(left, chosen)
    more = rest[np.argsort(-density[rest], kind="stable")[: n - len(chosen)]]
    return np.concatenate([np.array(chosen, dtype=np.int64), more])


def _density(rows: FloatArray, block: int = 1000) -> FloatArray:
    """The mean likeness of each text to its nearest neighbours."""
    width = min(_NEIGHBOURS + 1, len(rows))
    found = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), block):
        near = rows[start : start + block] @ rows.T
        found[start : start + block] = np.partition(near, -width, axis=1)[:, -width:].mean(axis=1)
    return found


def _badge(rows: FloatArray, probabilities: Doubles, n: int, rng: np.random.Generator) -> IntArray:
    """k-means++ over the gradients that the last layer would have, were the best label right.

    The gradient of a text is (p - e_best) outer its vector: distances need neither in full.
    """
    pulls = probabilities.copy()
    pulls[np.arange(len(pulls)), probabilities.argmax(axis=1)] -= 1.0
    lengths = (pulls**2).sum(axis=1) * (rows.astype(np.float64) ** 2).sum(axis=1)
    chosen = [int(np.argmax(lengths))]
    apart = np.full(len(rows), np.inf)
    while len(chosen) < n:
        last = chosen[-1]
        products = (pulls @ pulls[last]) * (rows @ rows[last])
        apart = np.minimum(apart, np.maximum(lengths + lengths[last] - 2 * products, 0.0))
        apart[chosen] = 0.0
        total = float(apart.sum())
        if total > _TINY:
            chosen.append(int(rng.choice(len(rows), p=apart / total)))
        else:  # all that is left would change nothing: any will do
            chosen.append(int(np.setdiff1d(np.arange(len(rows)), chosen)[0]))
    return np.array(chosen, dtype=np.int64)


def k_means(rows: FloatArray, k: int, rng: np.random.Generator) -> IntArray:
    """The group of each row of length one, from 0 to k - 1: spherical k-means, begun by k-means++."""
    centres = rows[_spread(rows, k, rng)]
    groups = np.full(len(rows), -1, dtype=np.int64)
    for _ in range(_ROUNDS):
        nearest = (rows @ centres.T).argmax(axis=1)
        if np.array_equal(nearest, groups):
            break
        groups = nearest
        sums = np.zeros_like(centres)
        np.add.at(sums, groups, rows)
        filled = np.bincount(groups, minlength=k) > 0
        centres = np.where(filled[:, None], unit_rows(sums), centres)
    return groups


def _spread(rows: FloatArray, k: int, rng: np.random.Generator) -> IntArray:
    """Places of k rows far from each other: greedy k-means++ (Arthur and Vassilvitskii 2007)."""
    chosen = [int(rng.integers(len(rows)))]
    apart = _distances(rows, rows[chosen])[:, 0]
    tries = 2 + int(np.log(k))
    while len(chosen) < k:
        total = float(apart.sum())
        drawn = (
            rng.choice(len(rows), tries, p=apart / total)
            if total > _TINY
            else rng.integers(len(rows), size=1)
        )
        after = np.minimum(apart[:, None], _distances(rows, rows[drawn]))
        best = int(after.sum(axis=0).argmin())
        chosen.append(int(drawn[best]))
        apart = after[:, best]
    return np.array(chosen, dtype=np.int64)


def _distances(rows: FloatArray, others: FloatArray) -> Doubles:
    """One less the cosine of each row and each other."""
    return np.maximum(1.0 - (rows @ others.T).astype(np.float64), 0.0)
