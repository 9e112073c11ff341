"""An evaluation as tables and sentences, shared by the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from warmstart.evaluate.evaluation import ALL_SEEDS, Comparison, Evaluation, Row
from warmstart.evaluate.metrics import lower_is_better

CANDIDATES = {
    "cold": "new items among new items",
    "all": "among everything",
    "shop": "every item as a target, among everything",
}
Place = tuple[str, int | None]
"""Candidates and shots."""
_UNRANKED = {"all": "all texts"}
DESCRIPTIVE = ("Coverage", "Gini", "Novelty", "ColdShare", "TargetColdShare", "Judged")
"""Metrics that say what a list is like, not how good it is."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of `evaluation` arranged by method and column; a missing number is None."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Row | None, ...]], ...]

    def is_best(self, column: int, row: Row | None) -> bool:
        """Whether every other method is below in that column; never where larger is not better."""
        if row is None or row.metric.startswith(DESCRIPTIVE):
            return False
        sign = -1.0 if lower_is_better(row.metric) else 1.0
        others = [cells[column] for _, cells in self.rows if cells[column] is not row]
        return all(sign * row.value > sign * other.value for other in others if other is not None)


def shots_of(evaluation: Evaluation) -> tuple[int | None, ...]:
    """The numbers of revealed events that were asked for, None (all of them) last.

    Empty when the protocol reveals none.
    """
    found = dict.fromkeys(row.shots for row in evaluation.rows)
    known = sorted(shots for shots in found if shots is not None)
    return (*known, None) if known and None in found else tuple(known)


def shots_name(shots: int | None) -> str:
    """How a number of shots is written.

    >>> shots_name(5), shots_name(None)
    ('k=5', 'k=all')
    """
    return "k=all" if shots is None else f"k={shots}"


def places_of(evaluation: Evaluation) -> list[Place]:
    """Where the main metric was measured, in order."""
    found = evaluation.select(metric=evaluation.metrics[0]) if evaluation.rows else ()
    return list(dict.fromkeys((row.candidates, row.shots) for row in found))


def place_name(evaluation: Evaluation, place: Place) -> str:
    """Candidates and shots in words."""
    return place[0] + (f", {shots_name(place[1])}" if shots_of(evaluation) else "")


def best_first(rows: Iterable[Row]) -> list[Row]:
    """Rows of one metric, the best on top."""
    return sorted(rows, key=lambda row: row.value if lower_is_better(row.metric) else -row.value)


def candidates_of(evaluation: Evaluation) -> tuple[str, ...]:
    """The labels of the candidate sets, in order."""
    return tuple(dict.fromkeys(row.candidates for row in evaluation.rows))


def tables(evaluation: Evaluation, metrics: Sequence[str]) -> list[Table]:
    """One table per candidate set: by shots (and metric) where there are shots, else by metric."""
    if not shots_of(evaluation):
        return [_by_metric(evaluation, candidates, metrics) for candidates in candidates_of(evaluation)]
    found = [_by_shots(evaluation, c, metric) for metric in metrics for c in candidates_of(evaluation)]
    return [table for table in found if any(any(cells) for _, cells in table.rows)]


def _by_shots(evaluation: Evaluation, candidates: str, metric: str) -> Table:
    found = {(r.method, r.shots): r for r in evaluation.select(candidates=candidates, metric=metric)}
    shots = [k for k in shots_of(evaluation) if any(asked == k for _, asked in found)]
    return Table(
        title=f"{metric}, {titled(evaluation, candidates)}",
        columns=tuple(map(shots_name, shots)),
        rows=tuple((m, tuple(found.get((m, k)) for k in shots)) for m in evaluation.methods),
    )


def meaning(evaluation: Evaluation, candidates: str) -> str:
    """What a candidate set means: that of a ranking, or its own name where nothing is ranked."""
    return (
        CANDIDATES.get(candidates, candidates)
        if _ranks(evaluation)
        else _UNRANKED.get(candidates, candidates)
    )


def titled(evaluation: Evaluation, candidates: str) -> str:
    """The name of a candidate set with what it means, where that is known."""
    told = meaning(evaluation, candidates)
    return candidates if told == candidates else f"{candidates}: {told}"


def _ranks(evaluation: Evaluation) -> bool:
    return evaluation.protocol not in {"ratings", "few-shot-text"}


def withholds(evaluation: Evaluation) -> bool:
    """Whether users or items were withheld, by chance or by time."""
    return evaluation.protocol.startswith("new-")


def _by_metric(evaluation: Evaluation, candidates: str, metrics: Sequence[str]) -> Table:
    found = {(r.method, r.metric): r for r in evaluation.select(candidates=candidates)}
    kept = tuple(metric for metric in metrics if any(name == metric for _, name in found))
    return Table(
        title=titled(evaluation, candidates),
        columns=kept,
        rows=tuple((m, tuple(found.get((m, name)) for name in kept)) for m in evaluation.methods),
    )


def number(value: float | None, digits: int = 4) -> str:
    """A number for reading; "-" for none.

    >>> number(0.04213), number(12.5, 1), number(None)
    ('0.0421', '12.5', '-')
    """
    return "-" if value is None else f"{value:.{digits}f}"


def amount(value: float | None) -> str:
    """A time for reading: more decimals where it is small.

    >>> amount(12.345), amount(0.0123), amount(0.0001), amount(None)
    ('12.35', '0.012', '<0.001', '-')
    """
    if value is None or value >= 0.1 or value == 0.0:
        return number(value, 2)
    return "<0.001" if value < 0.001 else number(value, 3)


def signed(value: float) -> str:
    """A difference with its sign; what rounds to nothing has none.

    >>> signed(0.0123), signed(-0.00001)
    ('+0.0123', '0.0000')
    """
    text = f"{value:+.4f}"
    return text[1:] if float(text) == 0 else text


def where(comparison: Comparison, *, has_shots: bool = False) -> str:
    """The place of a comparison: metric, candidates and shots, of which None means all with `has_shots`."""
    told = has_shots or comparison.shots is not None
    shots = f", {shots_name(comparison.shots)}" if told else ""
    return f"{comparison.metric}, {comparison.candidates}{shots}"


def sentence(comparison: Comparison, *, has_shots: bool = False) -> str:
    """One comparison in words."""
    relative = "" if comparison.relative is None else f" ({comparison.relative:+.1%})"
    return (
        f"{where(comparison, has_shots=has_shots)}: {comparison.method} {signed(comparison.difference)}"
        f"{relative} against {comparison.against}, "
        f"95 % [{signed(comparison.low)}, {signed(comparison.high)}], "
        f"p {comparison.p_holm:.3f}: {comparison.verdict}"
    )


def verdict(evaluation: Evaluation) -> str:
    """The comparisons with the strongest others in a sentence or two; says where the focus is worse."""
    verdicts = evaluation.verdicts
    if not verdicts:
        return ""
    found = {v: [c for c in verdicts if c.verdict == v] for v in ("better", "tie", "worse")}
    name, total = verdicts[0].method, len(verdicts)
    counts = (
        f"Against the best of the others, {name} is better in {len(found['better'])}, "
        f"tied in {len(found['tie'])} and worse in {len(found['worse'])} of {total}."
    )
    if not found["worse"]:
        return counts
    has_shots = bool(shots_of(evaluation))
    places = "; ".join(f"{where(c, has_shots=has_shots)} (behind {c.against})" for c in found["worse"])
    return f"{counts} Worse at {places}."


def scope(evaluation: Evaluation) -> str:
    """Cases, seeds and size of the shop in one line."""
    most = max((row.cases for row in evaluation.rows if row.seed == ALL_SEEDS), default=0)
    seeds = ", ".join(str(seed) for seed in evaluation.seeds)
    items = evaluation.environment.get("items")
    size = f" · {items:,} items" if isinstance(items, int) else ""
    events = evaluation.environment.get("events")
    size += f" · {events:,} events" if isinstance(events, int) and events else ""
    sample = evaluation.environment.get("sample")
    size += f" · sample of {sample:,}" if isinstance(sample, int) else ""
    size += f" · {evaluation.cut} cut" if withholds(evaluation) else ""
    return f"{'seed' if len(evaluation.seeds) == 1 else 'seeds'} {seeds} · up to {most:,} cases{size}"
