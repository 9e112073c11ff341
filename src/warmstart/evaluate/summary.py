"""From the numbers of single cases to rows with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from warmstart.evaluate.blocks import Block, Chosen, Column, pool
from warmstart.evaluate.bootstrap import interval, resample
from warmstart.evaluate.comparisons import adjusted, choose, compare
from warmstart.evaluate.evaluation import Comparison, Replicates, Row
from warmstart.evaluate.metrics import Values

DIGITS: Final = 6
"""Decimals that are kept: the seventh is noise of float32 sums."""
KEPT: Final = 400
"""Bootstrap replicates that go into the result, for comparing two runs."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Everything that follows from the cases."""

    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    replicates: tuple[Replicates, ...]
    chosen: tuple[Chosen, ...]


def summarise(blocks: Iterable[Block], *, primary: Sequence[str], focus: str, resamples: int) -> Summary:
    """Rows for each seed and for all pooled, and `focus` against each other on each primary metric."""
    groups: dict[tuple[int | None, str], list[Block]] = {}
    for block in blocks:
        groups.setdefault((block.shots, block.candidates), []).append(block)
    rows: list[Row] = []
    comparisons: list[Comparison] = []
    kept: list[Replicates] = []
    chosen: list[Chosen] = []
    for group in groups.values():
        for block in group:
            rows += _rows(block, resample(block.pieces, block.matrix(), resamples=resamples))
        pooled = pool(group)
        replicates = resample(pooled.pieces, pooled.matrix(), resamples=resamples)
        rows += _rows(pooled, replicates)
        kept += _kept(pooled, replicates, primary)
        found = compare(group, pooled, replicates, primary, focus)
        comparisons += found
        chosen += [case for verdict in found if verdict.strongest for case in choose(group, verdict)]
    return Summary(
        rows=tuple(rows), comparisons=adjusted(comparisons), replicates=tuple(kept), chosen=tuple(chosen)
    )


def _rows(block: Block, replicates: Values) -> list[Row]:
    def row(column: Column, value: float, low: float | None = None, high: float | None = None) -> Row:
        return Row(
            method=column[0],
            seed=block.seed,
            shots=block.shots,
            candidates=block.candidates,
            metric=column[1],
            value=round(value, DIGITS),
            low=None if low is None else round(low, DIGITS),
            high=None if high is None else round(high, DIGITS),
            cases=block.cases,
        )

    bounds = zip(*(bound.tolist() for bound in interval(replicates)), strict=True)
    means = block.pieces.mean(block.matrix()).tolist()
    found = [row(c, mean, *bound) for c, mean, bound in zip(block.parts, means, bounds, strict=True)]
    return found + [row(column, value) for column, value in block.totals.items()]


def _kept(block: Block, replicates: Values, primary: Sequence[str]) -> list[Replicates]:
    """None of a single user: another run would take their missing spread for certainty."""
    if len(np.unique(block.pieces.user)) < 2:
        return []
    return [
        Replicates(
            method=method,
            shots=block.shots,
            candidates=block.candidates,
            metric=metric,
            values=tuple(np.round(replicates[:KEPT, i].astype(np.float64), DIGITS).tolist()),
        )
        for i, (method, metric) in enumerate(block.parts)
        if metric in primary
    ]
