"""Two runs side by side: what changed, and whether it is more than noise.

Paired where both runs asked the same cases (equal fingerprints): then their bootstrap replicates have
the same weights, and what both have in common cancels out. Otherwise the two variances add up, and
only large changes show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from warmstart.core.errors import InputError
from warmstart.evaluate.bootstrap import holm, interval, p_value
from warmstart.evaluate.comparisons import ALPHA
from warmstart.evaluate.evaluation import Cost, Evaluation, Verdict
from warmstart.evaluate.metrics import Values, lower_is_better

Key = tuple[str, int | None, str, str]
"""Method, shots, candidates, metric."""
_COSTS: Final = ("fit_s", "query_ms_p50", "query_ms_p99", "update_ms_p50", "peak_rss_mb")
_NORMAL_95: Final = 1.959964
_DIGITS: Final = 6
_ROUNDING: Final = 1.5 * 10**-_DIGITS
"""What two rounded numbers may differ by though nothing changed but the last bit of a sum."""
_TUNED: Final = "tuned settings of "


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One pooled number in both runs; `difference` is after - before, `low` and `high` bound 95 % of it.

    Metrics without replicates (all but the main ones) have no bounds, no p-value and no verdict. The
    verdict is a tie unless the p-value, adjusted over all numbers that moved (Holm), is below .05.
    """

    method: str
    shots: int | None
    candidates: str
    metric: str
    before: float
    after: float
    difference: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CostChange:
    """One cost in both runs; `ratio` is after / before, None where that has no meaning. No verdict."""

    method: str
    cost: str
    before: float
    after: float
    ratio: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """Something about how the runs were made that differs."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What `compare` found.

    `changes` are sorted: worse first, then better, then ties, then numbers without a verdict; the
    greatest first within each (in units of the metric's greatest value). `only_before` and `only_after`
    name methods, metrics and places of one run alone.
    """

    protocol: str
    before: str
    after: str
    paired: bool
    changes: tuple[Change, ...]
    costs: tuple[CostChange, ...]
    settings: tuple[Setting, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    def of(self, verdict: Verdict | None) -> tuple[Change, ...]:
        """The changes with this verdict; None for those that were not tested."""
        return tuple(change for change in self.changes if change.verdict == verdict)


def compare(before: Evaluation, after: Evaluation) -> Changes:
    """What changed from one run to another of the same protocol, over every number that both have.

    Errors: `InputError` when the protocols differ or the runs have no number in common.
    """
    old, new = _pooled(before), _pooled(after)
    common = [key for key in new if key in old]
    if before.protocol != after.protocol or not common:
        raise InputError(
            expected="two runs of one protocol with a method and a metric in common",
            found=f"{_named(before)} with {_methods(before)}, and {_named(after)} with {_methods(after)}",
            todo="Compare files that the same kind of 'warmstart evaluate' command wrote.",
        )
    paired = bool(before.fingerprint) and before.fingerprint == after.fingerprint
    kept = _replicates(before), _replicates(after)
    changes = [
        _change(key, old[key], new[key], (kept[0].get(key), kept[1].get(key)), paired) for key in common
    ]
    return Changes(
        protocol=after.protocol,
        before=before.dataset,
        after=after.dataset,
        paired=paired,
        changes=_sorted(_judged(changes)),
        costs=_cost_changes(before.cost, after.cost),
        settings=_differing(_settings(before), _settings(after)),
        only_before=_missing(before, after),
        only_after=_missing(after, before),
    )


def _pooled(evaluation: Evaluation) -> dict[Key, float]:
    return {(r.method, r.shots, r.candidates, r.metric): r.value for r in evaluation.select()}


def _replicates(evaluation: Evaluation) -> dict[Key, Values]:
    return {(r.method, r.shots, r.candidates, r.metric): np.array(r.values) for r in evaluation.replicates}


def _named(evaluation: Evaluation) -> str:
    return f"{evaluation.protocol} on {evaluation.dataset}"


def _methods(evaluation: Evaluation) -> str:
    return ", ".join(evaluation.methods) or "no methods"


def _change(
    key: Key, before: float, after: float, kept: tuple[Values | None, Values | None], paired: bool
) -> Change:
    change = Change(
        method=key[0],
        shots=key[1],
        candidates=key[2],
        metric=key[3],
        before=before,
        after=after,
        difference=round(after - before, _DIGITS),
    )
    old, new = kept
    if old is None or new is None or min(len(old), len(new)) < 2:
        return change
    if paired:
        size = min(len(old), len(new))
        differences = np.round(new[:size] - old[:size], _DIGITS)
        low, high = (float(bound[0]) for bound in interval(differences[:, None]))
        p = 1.0 if abs(change.difference) < _ROUNDING else p_value(differences, change.difference)
        return replace(change, low=low, high=high, p=p)
    spread = float(np.hypot(old.std(), new.std()))
    reach = _NORMAL_95 * spread
    p = p_value([-spread, spread], change.difference)
    return replace(change, low=change.difference - reach, high=change.difference + reach, p=p)


def _judged(changes: Sequence[Change]) -> list[Change]:
    """The same with adjusted p-values and verdicts; what is equal in every replicate is not a test."""
    moved = [i for i, c in enumerate(changes) if c.p is not None and (c.difference or c.low != c.high)]
    adjusted = dict(zip(moved, holm([changes[i].p or 0.0 for i in moved]).tolist(), strict=True))
    return [c if c.p is None else _verdict(c, adjusted.get(i, c.p)) for i, c in enumerate(changes)]


def _verdict(change: Change, p: float) -> Change:
    gain = -change.difference if lower_is_better(change.metric) else change.difference
    verdict: Verdict = "tie" if p >= ALPHA else "better" if gain > 0 else "worse"
    return replace(change, p_holm=p, verdict=verdict)


def _sorted(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Worse, better, ties, untested; the greatest first, in units of the metric's greatest value."""
    places = {"worse": 0, "better": 1, "tie": 2, None: 3}
    units: dict[str, float] = {}
    for change in changes:
        size = max(abs(change.before), abs(change.after))
        units[change.metric] = max(units.get(change.metric, 0.0), size)

    def order(change: Change) -> tuple[int, float]:
        return places[change.verdict], -abs(change.difference) / (units[change.metric] or 1.0)

    return tuple(sorted(changes, key=order))


def _cost_changes(before: Sequence[Cost], after: Sequence[Cost]) -> tuple[CostChange, ...]:
    old = {cost.method: cost for cost in before}
    pairs = [(old[cost.method], cost, name) for cost in after if cost.method in old for name in _COSTS]
    found = [(was.method, name, getattr(was, name), getattr(now, name)) for was, now, name in pairs]
    return tuple(
        CostChange(method=method, cost=name, before=was, after=now, ratio=now / was if was else None)
        for method, name, was, now in found
        if was is not None and now is not None
    )


def _settings(evaluation: Evaluation) -> dict[str, str]:
    """Everything that can be told about how a run was made, as text."""
    plain: Mapping[str, Any] = {
        "dataset": evaluation.dataset,
        "cut": evaluation.cut,
        "seeds": ", ".join(map(str, evaluation.seeds)),
        "command": evaluation.command,
        **evaluation.environment,
    }
    tuned = {
        f"{_TUNED}{tuning.method}, seed {tuning.seed}": ", ".join(
            f"{name} = {value:.4g}" if isinstance(value, float) else f"{name} = {value}"
            for name, value in tuning.settings.items()
        )
        for tuning in evaluation.tunings
    }
    return {name: str(value) for name, value in plain.items() if value is not None and value != ""} | tuned


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Setting, ...]:
    return tuple(
        Setting(name=name, before=before.get(name, "-"), after=after.get(name, "-"))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )


def _missing(one: Evaluation, other: Evaluation) -> tuple[str, ...]:
    """What only `one` has: methods, metrics, and places of what both have."""
    methods = [f"method {name}" for name in one.methods if name not in other.methods]
    metrics = [f"metric {name}" for name in one.metrics if name not in other.metrics]
    places = dict.fromkeys((row.candidates, row.shots) for row in other.select())
    own = dict.fromkeys((row.candidates, row.shots) for row in one.select())
    told = [
        f"candidates {candidates}" + ("" if shots is None else f", k={shots}")
        for candidates, shots in own
        if (candidates, shots) not in places
    ]
    return (*methods, *metrics, *told)
