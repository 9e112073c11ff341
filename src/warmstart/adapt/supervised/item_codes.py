"""Short codes for items by what they mean: alike items share the beginning of their codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import FloatArray, IntArray

Code = tuple[int, ...]

_ROUNDS, _BEGINNINGS = 25, 4


@dataclass(kw_only=True)
class ItemCodes(Component):
    """Codes of `levels` numbers below `branches` from the encoder's vectors, and what sets twins apart.

    The first number is the nearest of `branches` means of all vectors (k-means), the next that of what the
    mean leaves over, and so on: residual quantisation. Items whose numbers are the same get further ones,
    counted. A new item is given its code by its vector alone, so it stands among those like it.

    *Source*: the semantic ids of DSI (Tay et al. 2022, arXiv 2202.06991), made by residual quantisation
    as in TIGER (Rajput et al. 2023, arXiv 2305.05065), by k-means in place of a network.
    """

    levels: int = 3
    branches: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        if self.levels < 1 or self.branches < 2:
            raise ConfigError(
                expected="'levels' of ItemCodes at least 1 and 'branches' at least 2",
                found=f"levels {self.levels}, branches {self.branches}",
                todo="Leave them out for the defaults.",
            )

    def fit(self, vectors: FloatArray) -> ItemCodes:
        """Learn the means. Errors: `InputError` without vectors."""
        if not len(vectors):
            raise InputError(expected="vectors of items", found="none", todo="Give some items first.")
        rng = np.random.default_rng(self.seed)
        left = np.array(vectors, dtype=np.float32)
        self.means_: list[FloatArray] = []
        for _ in range(self.levels):
            means = _means(left, self.branches, rng)
            self.means_.append(means)
            left = left - means[_nearest(left, means)]
        return self

    def places(self, vectors: FloatArray) -> IntArray:
        """The numbers of each vector, shape (vectors, levels); twins have the same."""
        left = np.array(vectors, dtype=np.float32)
        found = np.empty((len(left), len(self.means_)), dtype=np.int64)
        for level, means in enumerate(self.means_):
            found[:, level] = _nearest(left, means)
            left = left - means[found[:, level]]
        return found

    def codes(self, vectors: FloatArray, taken: Sequence[Code] = ()) -> list[Code]:
        """A code for each vector that no other has, nor is among those `taken`.

        No code is the beginning of another: those that count twins on are as long as the count needs.
        """
        used, made = set(taken), []
        for own in self.places(vectors).tolist():
            number = 0
            while (code := (*own, *self._counted(number))) in used:
                number += 1
            used.add(code)
            made.append(code)
        return made

    def _counted(self, number: int) -> Code:
        """A number by its digits, after a 1 for each of them and a 0: 0 is (0,), 1 is (1, 0, 0)."""
        digits: list[int] = []
        while number:
            number, digit = divmod(number - 1, self.branches)
            digits.insert(0, digit)
        return (*(1 for _ in digits), 0, *digits)


def _means(vectors: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """K-means (Lloyd 1982), the best of a few that begin as k-means++ does (Arthur, Vassilvitskii 2007)."""
    found = [_moved(vectors, _begun(vectors, count, rng)) for _ in range(_BEGINNINGS)]
    return min(found, key=lambda means: float(_distances(vectors, means).min(axis=1).sum()))


def _begun(vectors: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    means: FloatArray = vectors[rng.integers(len(vectors))][None]
    for _ in range(min(count, len(vectors)) - 1):
        far = _distances(vectors, means).min(axis=1).astype(np.float64)
        if far.sum() <= 0:
            break
        chosen = rng.choice(len(vectors), p=far / far.sum())
        means = np.concatenate([means, vectors[chosen][None]])
    return means


def _moved(vectors: FloatArray, means: FloatArray) -> FloatArray:
    for _ in range(_ROUNDS):
        nearest, before = _nearest(vectors, means), means
        means = before.copy()
        for place in np.unique(nearest):
            means[place] = vectors[nearest == place].mean(axis=0)
        if np.allclose(before, means):
            break
    return means


def _nearest(vectors: FloatArray, means: FloatArray) -> IntArray:
    found: IntArray = _distances(vectors, means).argmin(axis=1)
    return found


def _distances(vectors: FloatArray, means: FloatArray) -> FloatArray:
    """Squared, never below zero."""
    crossed = vectors @ means.T
    found = (vectors**2).sum(axis=1)[:, None] - 2 * crossed + (means**2).sum(axis=1)
    clipped: FloatArray = np.maximum(found, np.float32(0.0))
    return clipped
