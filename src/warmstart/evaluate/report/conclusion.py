"""What a shop should conclude, in plain words, from the numbers alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from warmstart.evaluate.evaluation import Comparison, Cost, Evaluation, Row
from warmstart.evaluate.metrics import lower_is_better
from warmstart.evaluate.report.look import GUESSING, Look
from warmstart.evaluate.wording import amount, best_first, candidates_of, meaning, number, shots_of

_SAME = 1e-6
_FEW = 3


def conclusion(evaluation: Evaluation, look: Look) -> list[str]:
    """Sentences: who comes first where, whether that is more than chance, what it costs, what to do."""
    if not evaluation.rows:
        return []
    told = [
        _first(evaluation, candidates, metric)
        for candidates in candidates_of(evaluation)
        for metric in _compared(evaluation)
    ]
    told += [_certainty(evaluation), _costs(evaluation, look), _advice(evaluation, look)]
    sample = evaluation.environment.get("sample")
    if sample:
        told.append(
            f"This run asked a sample of {sample} of each seed: a first look, not a result to keep."
        )
    return [sentence for sentence in told if sentence]


def _compared(evaluation: Evaluation) -> Sequence[str]:
    """The metrics to speak of: the main one alone where there are curves, else all that were compared."""
    compared = list(dict.fromkeys(c.metric for c in evaluation.comparisons))
    return evaluation.metrics[:1] if shots_of(evaluation) or not compared else compared


def _first(evaluation: Evaluation, candidates: str, metric: str) -> str:
    """Who has the best value at each number of shots, those of one method told together."""
    shots = shots_of(evaluation) or (None,)
    found = [
        (k, rows)
        for k in shots
        if (rows := best_first(evaluation.select(candidates=candidates, shots=k, metric=metric)))
    ]
    if not found:
        return ""
    runs: dict[str, list[tuple[int | None, Sequence[Row]]]] = {}
    for k, rows in found:
        runs.setdefault(_leading(rows), []).append((k, rows))
    where = meaning(evaluation, candidates)
    said = [f"{name} {_stretch(run, bool(shots_of(evaluation)))}" for name, run in runs.items()]
    return f"{where[0].upper()}{where[1:]}: {'; '.join(said)}."


def _leading(rows: Sequence[Row]) -> str:
    """Who comes first, in words."""
    best = rows[0]
    leaders = [row.method for row in rows if abs(row.value - best.value) < _SAME]
    if best.value == 0.0 and not lower_is_better(best.metric):
        return "nobody finds anything"
    return f"{_joined(leaders)} first" if len(leaders) <= _FEW else f"{len(leaders)} methods first together"


def _stretch(run: Sequence[tuple[int | None, Sequence[Row]]], has_shots: bool) -> str:
    metric = run[0][1][0].metric
    values = [rows[0].value for _, rows in run]
    low, high = min(values), max(values)
    spread = number(low) if number(low) == number(high) else f"{number(low)} to {number(high)}"
    told = f"({metric} {spread})"
    return f"{at(k for k, _ in run)} {told}" if has_shots else told


def at(shots: Iterable[int | None]) -> str:
    """Numbers of shots in words.

    >>> at([1]), at([0, 1, 5]), at([5, None])
    ('at k = 1', 'at k = 0, 1, 5', 'at k = 5, all')
    """
    return "at k = " + ", ".join("all" if k is None else str(k) for k in shots)


def _joined(names: Sequence[str]) -> str:
    """Names with commas and a last "and"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _certainty(evaluation: Evaluation) -> str:
    """Verdicts against the strongest others, for each metric and set of candidates."""
    verdicts = evaluation.verdicts
    if not verdicts:
        return ""
    name = verdicts[0].method
    if len({comparison.verdict for comparison in verdicts}) == 1:
        only = {"better": "better everywhere", "tie": "a tie everywhere", "worse": "worse everywhere"}
        return f"{name} against the best other method: {only[verdicts[0].verdict]}."
    groups: dict[tuple[str, str], list[Comparison]] = {}
    for comparison in verdicts:
        groups.setdefault((comparison.metric, comparison.candidates), []).append(comparison)
    said = [f"{_group_name(key, groups)}{_group(found)}" for key, found in groups.items()]
    return f"{name} against the best other method: {'. '.join(said)}."


def _group_name(key: tuple[str, str], groups: Iterable[tuple[str, str]]) -> str:
    known = list(groups)
    parts = [part for i, part in enumerate(key) if len({one[i] for one in known}) > 1]
    return f"{', '.join(parts)}: " if parts else ""


def _group(comparisons: Sequence[Comparison]) -> str:
    said = []
    for kind, word in (("better", "better"), ("tie", "a tie"), ("worse", "worse")):
        found = [c for c in comparisons if c.verdict == kind]
        rivals = list(dict.fromkeys(c.against for c in found))
        if found:
            than = f" than {_joined(rivals)}" if kind != "tie" else f" with {_joined(rivals)}"
            has_shots = any(c.shots is not None for c in comparisons)
            said.append(f"{word}{than}" + (f" {at(c.shots for c in found)}" if has_shots else ""))
    return "; ".join(said)


def _costs(evaluation: Evaluation, look: Look) -> str:
    costs = {cost.method: cost for cost in evaluation.cost}
    told = [_cost(costs[m]) for m in (look.focus, look.rival) if m is not None and m in costs]
    return f"Cost: {'; '.join(told)}." if told else ""


def _cost(cost: Cost) -> str:
    return f"{cost.method} is fitted in {seconds(cost.fit_s)} and answers in {amount(cost.query_ms_p50)} ms"


def seconds(value: float) -> str:
    """A duration as a person says it.

    >>> seconds(0.0312), seconds(12.34), seconds(754.0)
    ('0.03 s', '12 s', '13 min')
    """
    if value >= 120:
        return f"{value / 60:.0f} min"
    return f"{value:.0f} s" if value >= 10 else f"{value:.2f} s" if value < 1 else f"{value:.1f} s"


def _advice(evaluation: Evaluation, look: Look) -> str:
    """What to take: the method in focus unless it is behind, the cheapest where nothing is certain."""
    verdicts = evaluation.verdicts
    if not verdicts:
        return ""
    worse = list(dict.fromkeys(c.against for c in verdicts if c.verdict == "worse"))
    better = any(c.verdict == "better" for c in verdicts)
    if not worse and better:
        return f"Take {look.focus}: ahead in part of the places, and certainly behind in none."
    if worse and not better:
        return (
            f"Take {_joined(worse)} where {look.focus} is worse; nowhere is {look.focus} certainly ahead."
        )
    if worse:
        return f"No method serves all: {look.focus} where it is better, {_joined(worse)} where it is worse."
    return _cheapest(evaluation, look)


def _cheapest(evaluation: Evaluation, look: Look) -> str:
    beaten = {c.against for c in evaluation.comparisons if c.verdict == "better"} | set(GUESSING)
    costs = [cost for cost in evaluation.cost if cost.method not in beaten]
    told = "None of the differences to the best other method is more than chance explains"
    if len(costs) < 2:
        return f"{told}: ask more cases."
    cheap = min(costs, key=lambda cost: (cost.query_ms_p50, cost.fit_s)).method
    if cheap == look.focus:
        return f"{told}. Take {cheap}: among the methods that it does not certainly beat none costs less."
    held = f"it costs less, and {look.focus} is nowhere certainly better"
    return f"{told}. Ask more cases, or take {cheap}: {held}."
