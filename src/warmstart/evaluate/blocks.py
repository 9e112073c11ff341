"""Cases with their values, as a protocol hands them over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from warmstart.evaluate.bootstrap import Pieces
from warmstart.evaluate.evaluation import ALL_SEEDS
from warmstart.evaluate.metrics import Values

Column = tuple[str, str]
"""A method and a metric."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """All cases of one seed, number of shots and set of candidates, answered by every method.

    `parts` holds a value per piece for each column and is resampled; `totals` are statistics of a whole
    set of lists (coverage, Gini), which have no cases to resample. `own` is the value of each case where
    its parts do not add up to that, as with AUROC, whose parts say how the whole would change.
    """

    seed: int | str
    shots: int | None
    candidates: str
    cases: int
    pieces: Pieces
    parts: dict[Column, Values]
    totals: dict[Column, float] = field(default_factory=dict)
    own: dict[Column, Values] = field(default_factory=dict)

    def matrix(self) -> Values:
        """The parts, shape (pieces, columns)."""
        return np.column_stack(list(self.parts.values()))

    def by_case(self, column: Column) -> Values:
        """The value of each case, in the order of the numbers of their users."""
        if column in self.own:
            return self.own[column]
        _, case = np.unique(self.pieces.user, return_inverse=True)
        shares = np.bincount(case, weights=self.pieces.share)
        return np.asarray(np.bincount(case, weights=self.parts[column]) / shares)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A case worth telling: number `case` of the block of this seed, shots and candidates."""

    kind: Literal["loss", "win", "worst"]
    seed: int
    shots: int | None
    candidates: str
    metric: str
    case: int
    values: dict[str, float]
    methods: tuple[str, str]
    """The method in focus and the strongest of the others."""


def pool(blocks: Sequence[Block]) -> Block:
    """The cases of several seeds together; totals are averaged.

    A user or item that several seeds drew keeps one number, so the bootstrap knows it is the same one.
    """
    pieces = Pieces(
        user=np.concatenate([block.pieces.user for block in blocks]),
        item=np.concatenate([block.pieces.item for block in blocks]),
        share=np.concatenate([block.pieces.share for block in blocks]),
    )
    first = blocks[0]
    return replace(
        first,
        seed=ALL_SEEDS,
        cases=sum(block.cases for block in blocks),
        pieces=pieces,
        parts={c: np.concatenate([block.parts[c] for block in blocks]) for c in first.parts},
        own={c: np.concatenate([block.own[c] for block in blocks]) for c in first.own},
        totals={c: float(np.mean([block.totals[c] for block in blocks])) for c in first.totals},
    )
