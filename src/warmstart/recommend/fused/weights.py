"""Weights of the parts as a function of how much is known of the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

import numpy as np

from warmstart.core.linear import FloatArray
from warmstart.recommend.fused.parts import PRIORS, RECENT, SLOTS, amount, part_of, recent

STRANGER: Final = (0.0, 1.0, 3.0, 10.0, 50.0)
REGULAR: Final = (3.0, 10.0, 50.0)
"""Amounts of evidence at which each slot has a weight, for users the tables have not seen and for those
that they were learned from (`regulars.Regulars`); between them weights go straight on a log scale."""

KNOTS: Final = (*STRANGER, *REGULAR)

_EVIDENCE: Final = [i for i, slot in enumerate(SLOTS) if part_of(slot) not in PRIORS]
_READ: Final = tuple(dict.fromkeys(part_of(SLOTS[i]) for i in _EVIDENCE))
_PLACE: Final = [_READ.index(part_of(SLOTS[i])) for i in _EVIDENCE]
_LATELY: Final = [int(SLOTS[i].endswith(RECENT)) for i in _EVIDENCE]


def hats(evidence: float, seen: float = 0.0) -> FloatArray:
    """The share of each knot in the weights at an amount of evidence; they sum to one.

    `seen` is the share of it that the tables were learned from.

    >>> hats(1.0).tolist()
    [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    >>> hats(10.0, seen=0.5).tolist()
    [0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.5, 0.0]
    """
    stranger, regular = (1.0 - seen) * _between(evidence, STRANGER), seen * _between(evidence, REGULAR)
    return np.concatenate([stranger, regular], dtype=np.float32)


@lru_cache(maxsize=4096)  # one question asks several times
def _between(evidence: float, knots: tuple[float, ...]) -> FloatArray:
    logs = np.log1p(np.array(knots))
    at = float(np.clip(np.log1p(evidence), logs[0], logs[-1]))
    right = int(np.clip(np.searchsorted(logs, at), 1, len(knots) - 1))
    share = (at - logs[right - 1]) / (logs[right] - logs[right - 1])
    found = np.zeros(len(knots), dtype=np.float32)
    found[right - 1 : right + 1] = 1.0 - share, share
    found.flags.writeable = False
    return found


def damping(evidence: float) -> float:
    """What sums over a history are multiplied with, so that long histories do not drown the priors.

    Sums up to one piece of evidence, then growing with the root: evidence counts more than the prior as
    it grows, but ten pieces do not count ten times.
    """
    return float(max(evidence, 1.0) ** -0.5)


Table = dict[str, list[float]]
"""For each slot its weights at `KNOTS`; slots that are left out weigh nothing."""


@dataclass(frozen=True)
class SlotWeights:
    """A weight for each knot and slot: `values` has shape (2, knots, slots), for known and for new items.

    An item between the two (`Transfer.own`) gets a blend of both scores.
    """

    values: FloatArray

    @classmethod
    def of(cls, known: Mapping[str, list[float]], new: Mapping[str, list[float]]) -> Self:
        """From a list of weights, one a knot, for each slot; those left out are zero."""
        nothing = [0.0] * len(KNOTS)
        rows = [[table.get(slot, nothing) for slot in SLOTS] for table in (known, new)]
        return cls(np.array(rows, dtype=np.float32).transpose(0, 2, 1))

    @classmethod
    def only(cls, slot: str) -> Self:
        """One slot alone, whatever the evidence."""
        alone = {slot: [1.0] * len(KNOTS)}
        return cls.of(alone, alone)

    def as_tables(self) -> tuple[Table, Table]:
        """What `of` takes."""
        known, new = (
            {slot: [round(float(w), 4) for w in side[:, i]] for i, slot in enumerate(SLOTS)}
            for side in self.values
        )
        return known, new

    def at(self, evidence: float, seen: float = 0.0) -> FloatArray:
        """The weights for an amount of evidence, shape (slots, 2): for known and for new items."""
        mixed: FloatArray = np.einsum("k,skp->ps", hats(evidence, seen), self.values)
        return mixed

    def units(
        self, weights: FloatArray, norms: Mapping[str, float], seen: float = 0.0
    ) -> dict[str, FloatArray]:
        """What each item of a history weighs in each part, norms and damping included: (history, 2)."""
        known = amount(weights)
        each = np.array([norms[part] for part in _READ], dtype=np.float32)
        share = np.zeros((2, len(_READ), 2), dtype=np.float32)
        share[_LATELY, _PLACE] = self.at(known, seen)[_EVIDENCE] * np.float32(damping(known))
        share /= each[:, None]
        reads = np.stack([weights, recent(weights)], axis=1).astype(np.float32)
        found = (reads @ share.reshape(2, -1)).reshape(len(weights), len(_READ), 2)
        return {part: found[:, i] for i, part in enumerate(_READ) if share[:, i].any()}

    def prior_units(
        self, evidence: float, norms: Mapping[str, float], seen: float = 0.0
    ) -> dict[str, FloatArray]:
        """What each prior weighs at an amount of evidence: for known and for new items."""
        at = dict(zip(SLOTS, self.at(evidence, seen), strict=True))
        return {name: at[name] / np.float32(norms[name]) for name in PRIORS}
