"""One method against the others on the same cases: how much, how sure, how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from warmstart.evaluate.blocks import Block, Chosen
from warmstart.evaluate.bootstrap import holm, interval, p_value
from warmstart.evaluate.evaluation import Comparison, Verdict
from warmstart.evaluate.methods import ENGINE, PLAIN, RANDOM
from warmstart.evaluate.metrics import Values, lower_is_better

ALPHA: Final = 0.05
TOLD: Final = 6
"""Cases of each kind that are told at length."""
_LEVEL: Final = 1e-9


def compare(
    group: Sequence[Block], pooled: Block, replicates: Values, primary: Sequence[str], focus: str
) -> list[Comparison]:
    """`focus` against every other method, unadjusted; `group` holds the blocks that `pooled` pools.

    The strongest of the others is chosen by its value on these very cases, which favours it, not the
    method in focus. Chance is no rival, and neither the engine nor its plain form is the other's strongest.
    """
    place = {column: i for i, column in enumerate(pooled.parts)}
    means = pooled.pieces.mean(pooled.matrix())
    found = []
    for metric in primary:
        rivals = [m for m, name in place if name == metric and m not in {focus, RANDOM}]
        if (focus, metric) not in place or not rivals:
            continue
        sign = -1.0 if lower_is_better(metric) else 1.0
        others = [rival for rival in rivals if {focus, rival} != {ENGINE, PLAIN}] or rivals
        best = max(others, key=lambda rival: sign * float(means[place[rival, metric]]))
        for rival in rivals:
            ours, theirs = place[focus, metric], place[rival, metric]
            differences = replicates[:, ours] - replicates[:, theirs]
            comparison = _paired(group, pooled, metric, (focus, rival), differences)
            found.append(replace(comparison, strongest=rival == best))
    return found


def _paired(
    group: Sequence[Block], pooled: Block, metric: str, pair: tuple[str, str], differences: Values
) -> Comparison:
    ours, theirs = (float(pooled.pieces.mean(pooled.parts[method, metric])) for method in pair)
    low, high = interval(differences[:, None])
    alone = len(np.unique(pooled.pieces.user)) < 2  # one user says nothing of others: no spread, no test
    p = 1.0 if alone else p_value(differences, ours - theirs)
    by_case = np.concatenate([b.by_case((pair[0], metric)) - b.by_case((pair[1], metric)) for b in group])
    gains = -by_case if lower_is_better(metric) else by_case
    spread = float(by_case.std(ddof=1)) if len(by_case) > 1 else 0.0
    return Comparison(
        method=pair[0],
        against=pair[1],
        strongest=False,
        shots=pooled.shots,
        candidates=pooled.candidates,
        metric=metric,
        difference=ours - theirs,
        relative=(ours - theirs) / theirs if theirs else None,
        low=float(low[0]),
        high=float(high[0]),
        p=p,
        p_holm=p,
        verdict="tie",
        effect=float(by_case.mean()) / spread if spread > _LEVEL else None,
        wins=int((gains > _LEVEL).sum()),
        ties=int((abs(gains) <= _LEVEL).sum()),
        losses=int((gains < -_LEVEL).sum()),
    )


def adjusted(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The same with p-values adjusted (Holm), those against the strongest as a family of their own."""
    families = [c.strongest for c in comparisons]
    found: dict[int, Comparison] = {}
    for family in (True, False):
        members = [i for i, strongest in enumerate(families) if strongest or not family]
        adjusted_p = holm([comparisons[i].p for i in members]).tolist()
        for i, p in zip(members, adjusted_p, strict=True):
            if comparisons[i].strongest == family:
                found[i] = replace(comparisons[i], p_holm=p, verdict=verdict_of(comparisons[i], p))
    return tuple(found[i] for i in range(len(comparisons)))


def verdict_of(comparison: Comparison, p: float) -> Verdict:
    """Better or worse when the adjusted p-value is below .05, a tie otherwise."""
    if p >= ALPHA:
        return "tie"
    gain = -comparison.difference if lower_is_better(comparison.metric) else comparison.difference
    return "better" if gain > 0 else "worse"


def choose(group: Sequence[Block], comparison: Comparison) -> list[Chosen]:
    """The greatest losses and wins of a comparison, and the cases where neither method found much."""
    pair, metric = (comparison.method, comparison.against), comparison.metric
    sign = -1.0 if lower_is_better(metric) else 1.0
    cases = [(block, case) for block in group for case in range(block.cases)]
    ours, theirs = (sign * np.concatenate([b.by_case((m, metric)) for b in group]) for m in pair)
    found: list[Chosen] = []
    kinds = (("loss", ours - theirs, ours < theirs), ("win", theirs - ours, ours > theirs))
    for kind, order, wanted in (*kinds, ("worst", np.maximum(ours, theirs), ours == theirs)):
        for place in [i for i in np.argsort(order, kind="stable").tolist() if wanted[i]][:TOLD]:
            block, case = cases[place]
            found.append(_chosen(block, case, kind, metric, pair))
    return found


def _chosen(block: Block, case: int, kind: str, metric: str, pair: tuple[str, str]) -> Chosen:
    values = {m: float(block.by_case((m, name))[case]) for m, name in block.parts if name == metric}
    return Chosen(
        kind=kind,  # type: ignore[arg-type]
        seed=int(block.seed),
        shots=block.shots,
        candidates=block.candidates,
        metric=metric,
        case=case,
        values=values,
        methods=pair,
    )
