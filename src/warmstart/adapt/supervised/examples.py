"""Labelled texts, and which of them are held back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from warmstart.core.errors import InputError
from warmstart.core.linear import BoolArray, FloatArray

Augment = Callable[[str, np.random.Generator], str]
"""Another text that means the same, or the same text."""

ENOUGH: Final = 20
"""Held-out texts from which on they say something."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Texts, the target of each (texts, width), and what each counts (texts,)."""

    texts: Sequence[str]
    wanted: FloatArray
    weights: FloatArray

    @classmethod
    def of(cls, texts: Sequence[str], wanted: FloatArray, weights: FloatArray | None = None) -> Examples:
        """Examples that count alike unless told otherwise. Errors: `InputError` for unequal lengths."""
        counted = np.ones(len(texts), dtype=np.float32) if weights is None else weights
        if not len(texts) == len(wanted) == len(counted):
            raise InputError(
                expected="a target and a weight for each text",
                found=f"{len(texts)} texts, {len(wanted)} targets, {len(counted)} weights",
                todo="Pass three lists of one length.",
            )
        return cls(texts=list(texts), wanted=np.asarray(wanted, dtype=np.float32), weights=counted)

    def part(self, chosen: BoolArray) -> Examples:
        """Those for which `chosen` is true."""
        texts = [text for text, kept in zip(self.texts, chosen.tolist(), strict=True) if kept]
        return Examples(texts=texts, wanted=self.wanted[chosen], weights=self.weights[chosen])

    def plus(self, other: Examples) -> Examples:
        """Both, one after the other."""
        return Examples(
            texts=[*self.texts, *other.texts],
            wanted=np.concatenate([self.wanted, other.wanted]),
            weights=np.concatenate([self.weights, other.weights]),
        )


def hold_out(wanted: FloatArray, share: float, seed: int) -> BoolArray:
    """Which texts are held back to judge by: a share of each class, at random.

    Nobody is left out of a class with too few for that: a fifth of four is none. Where fewer than
    `ENOUGH` would be held back in all, none are, and nothing stops a training early.

    >>> classes = np.repeat(np.eye(2), 60, axis=0)
    >>> int(hold_out(classes, 0.2, seed=0).sum()), int(hold_out(classes[::10], 0.2, seed=0).sum())
    (24, 0)
    """
    held = np.zeros(len(wanted), dtype=np.bool_)
    rng = np.random.default_rng([seed, 3])
    _, groups = np.unique(wanted, axis=0, return_inverse=True)
    groups = groups.reshape(-1)
    if np.bincount(groups).max(initial=0) <= 1 / max(share, 1e-9):  # numbers, hardly any twice
        groups = np.zeros(len(wanted), dtype=np.int64)
    for group in range(int(groups.max(initial=-1)) + 1):
        places = rng.permutation(np.flatnonzero(groups == group))
        held[places[: int(len(places) * share)]] = True
    return held if held.sum() >= ENOUGH else np.zeros(len(wanted), dtype=np.bool_)
