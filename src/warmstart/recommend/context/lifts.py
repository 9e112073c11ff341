"""How much more often than usual items are chosen under a value of a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from warmstart.core.linear import FloatArray, principal_directions
from warmstart.recommend.context.sightings import Sightings

Table = npt.NDArray[np.float64]

ITEM_STRENGTHS: Final = (0.3, 3.0, 10.0, 30.0, 100.0, float("inf"))
TEXT_RIDGES: Final = (10.0, 100.0, 1000.0, float("inf"))
_MOST, _TEXT_DIM, _SAMPLE = 2.0, 64, 20_000


@dataclass(frozen=True)
class Shrinkage:
    """How far a feature's lifts are believed: `items` of evidence against the text, `text` as a ridge.

    Infinite means not at all; with both infinite a feature says nothing.
    """

    items: float
    text: float


def main_directions(content: FloatArray | None) -> FloatArray:
    """The 64 directions along which content varies most, shape (content, at most 64)."""
    if content is None:
        return np.zeros((0, 0), dtype=np.float32)
    return principal_directions(content[:: max(1, len(content) // _SAMPLE)], _TEXT_DIM)


def counted(sightings: Sightings, n_values: int, n_items: int, weights: Table | None = None) -> Table:
    """How many users turned to each item under each value, shape (values, items)."""
    cell = sightings.values * n_items + sightings.items
    per_pair = None if weights is None else weights[sightings.users]
    counts = np.bincount(cell, weights=per_pair, minlength=n_values * n_items)
    return counts.reshape(n_values, n_items).astype(np.float64)


@dataclass(frozen=True)
class LiftModel:
    """Lifts of one feature from its table of counts: a Gamma-Poisson model with a text-predicted mean.

    A count c of an item under a value is Poisson around e times r, where e is what is expected if the
    value made no difference (the item's share of the value's total). r itself is Gamma-distributed
    around what the item's text predicts, worth m events: its mean is (c + m r_text) / (e + m)
    (DuMouchel, 1999). log r_text is linear in the item's content, fitted by one Newton step of a
    penalised Poisson regression: b = (q XᵀNX + ridge)⁻¹ Xᵀ(c - e), with N the items' counts and q the
    value's share, which one eigendecomposition solves for all values and ridges.
    """

    counts: Table
    expected: Table
    shares: Table
    content: FloatArray | None
    slopes: Table
    directions: Table
    spectrum: Table

    @classmethod
    def of(cls, counts: Table, content: FloatArray | None) -> LiftModel:
        """Prepare a table of counts, shape (values, items); `content` has a row per item, or is None."""
        per_item, per_value = counts.sum(axis=0), counts.sum(axis=1)
        shares = per_value / max(per_value.sum(), 1.0)
        expected = shares[:, None] * per_item
        known = np.zeros((counts.shape[1], 0)) if content is None else content.astype(np.float64)
        spectrum, directions = np.linalg.eigh(known.T @ (per_item[:, None] * known))
        slopes = (counts - expected) @ known @ directions
        return cls(counts, expected, shares, content, slopes, directions, np.maximum(spectrum, 0.0))

    def map(self, ridge: float) -> Table:
        """From content to log-lift by text, shape (content, values)."""
        if self.content is None or not np.isfinite(ridge):
            return np.zeros((len(self.directions), len(self.counts)))
        solved = self.slopes / (self.shares[:, None] * self.spectrum + ridge)
        return self.directions @ solved.T

    def by_text(self, text_map: Table) -> Table:
        """Log r_text, shape (values, items)."""
        if self.content is None or not text_map.any():
            return np.zeros_like(self.counts)
        return text_lifts(self.content, text_map)

    def lifts(self, by_text: Table, strength: float) -> Table:
        """Log r, shape (values, items)."""
        if not np.isfinite(strength):
            return by_text
        prior = strength * np.exp(by_text)
        lifted: Table = np.log((self.counts + prior) / (self.expected + strength))
        return lifted


def text_lifts(content: FloatArray, text_map: Table | FloatArray) -> Table:
    """Log r_text of items from their content, shape (values, items); within a factor of e² of one."""
    return np.asarray(np.clip(content @ text_map, -_MOST, _MOST).T, dtype=np.float64)


def centred(lifts: Table, popularity: Table) -> Table:
    """Lifts minus the log of their mean under the popularity: then p(item) exp(lift) sums to one."""
    log_mean = np.log(np.maximum(np.exp(lifts) @ popularity, 1e-300))
    return np.asarray(lifts - log_mean[:, None])


def shares_of(counts: Table) -> Table:
    """How often each item is chosen at all, half an event added to each; sums to one."""
    smoothed = counts.sum(axis=0) + 0.5
    return np.asarray(smoothed / smoothed.sum())
