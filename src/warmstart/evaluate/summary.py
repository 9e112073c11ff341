"""From the numbers of single cases to rows with intervals, and to verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from warmstart.evaluate.bootstrap import Pieces, holm, interval, p_value, resample
from warmstart.evaluate.evaluation import ALL_SEEDS, Comparison, Row, Verdict
from warmstart.evaluate.methods import RANDOM
from warmstart.evaluate.metrics import Values

Column = tuple[str, str]
"""A method and a metric."""
ALPHA = 0.05
DIGITS = 6
"""Decimals that are kept: the seventh is noise of float32 sums."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """All cases of one seed, number of shots and set of candidates, answered by every method.

    `parts` holds a value per piece for each column and is resampled; `totals` are statistics of a whole
    set of lists (coverage, Gini), which have no cases to resample.
    """

    seed: int | str
    shots: int | None
    candidates: str
    cases: int
    pieces: Pieces
    parts: dict[Column, Values]
    totals: dict[Column, float] = field(default_factory=dict)

    def matrix(self) -> Values:
        """The parts, shape (pieces, columns)."""
        return np.column_stack(list(self.parts.values()))


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
        totals={c: float(np.mean([block.totals[c] for block in blocks])) for c in first.totals},
    )


def summarise(
    blocks: Iterable[Block], *, primary: Sequence[str], focus: str, resamples: int
) -> tuple[tuple[Row, ...], tuple[Comparison, ...]]:
    """Rows for each seed and for all pooled, and `focus` against the best other on each primary metric."""
    groups: dict[tuple[int | None, str], list[Block]] = {}
    for block in blocks:
        groups.setdefault((block.shots, block.candidates), []).append(block)
    rows: list[Row] = []
    comparisons: list[Comparison] = []
    for group in groups.values():
        for block in group:
            rows += _rows(block, resample(block.pieces, block.matrix(), resamples=resamples))
        pooled = pool(group)
        replicates = resample(pooled.pieces, pooled.matrix(), resamples=resamples)
        rows += _rows(pooled, replicates)
        comparisons += _comparisons(pooled, replicates, primary, focus)
    return tuple(rows), _adjusted(comparisons)


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


def _comparisons(block: Block, replicates: Values, primary: Sequence[str], focus: str) -> list[Comparison]:
    """The best other is chosen by its value, which favours it, not the method in focus."""
    place = {column: i for i, column in enumerate(block.parts)}
    means = block.pieces.mean(block.matrix())
    found = []
    for metric in primary:
        rivals = [m for m, name in place if name == metric and m not in {focus, RANDOM}]
        if (focus, metric) not in place or not rivals:
            continue
        best = max(rivals, key=lambda rival: float(means[place[rival, metric]]))
        ours, theirs = place[focus, metric], place[best, metric]
        differences = replicates[:, ours] - replicates[:, theirs]
        low, high = interval(differences[:, None])
        difference, base = float(means[ours] - means[theirs]), float(means[theirs])
        p = p_value(differences)
        found.append(
            Comparison(
                method=focus,
                against=best,
                shots=block.shots,
                candidates=block.candidates,
                metric=metric,
                difference=difference,
                relative=difference / base if base else None,
                low=float(low[0]),
                high=float(high[0]),
                p=p,
                p_holm=p,
                verdict="tie",
            )
        )
    return found


def _adjusted(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    adjusted = holm([comparison.p for comparison in comparisons])
    return tuple(
        replace(comparison, p_holm=p, verdict=_verdict(comparison.difference, p))
        for comparison, p in zip(comparisons, adjusted.tolist(), strict=True)
    )


def _verdict(difference: float, p: float) -> Verdict:
    if p >= ALPHA:
        return "tie"
    return "better" if difference > 0 else "worse"
