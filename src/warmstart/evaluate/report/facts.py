"""Tables of all numbers, and how they came about: settings, costs, seeds, machine, command."""

from __future__ import annotations

from html import escape
from typing import Any

from warmstart.core.page.html import cell, details, grid, paragraph, section
from warmstart.evaluate.evaluation import ALL_SEEDS, Evaluation, Row, Tuning
from warmstart.evaluate.report.conclusion import seconds
from warmstart.evaluate.report.look import direction
from warmstart.evaluate.report.text import COST_HEAD, cost_cells
from warmstart.evaluate.wording import Table, number, shots_name, shots_of, tables, withholds

_ABOUT = (
    "Intervals are 95 %, by bootstrap over users and over items at once (over queries in search). Methods "
    "whose intervals overlap may still differ for certain: comparisons are paired, p-values are Holm's."
)
_CUTS = {
    "random": "at random: new users and items were drawn by seed",
    "temporal": "by time: the newest users and items are the new ones, nothing from later was seen",
}


def all_tables(evaluation: Evaluation) -> str:
    """The main metric open, the others folded; everything at once where there are no shots."""
    if not evaluation.rows:
        return ""
    if not shots_of(evaluation):
        shown = "".join(map(_table, tables(evaluation, evaluation.metrics)))
        return section("Tables", paragraph(_ABOUT, "about"), shown)
    first, *others = evaluation.metrics
    shown = "".join(map(_table, tables(evaluation, [first])))
    hidden = "".join(
        details(metric + direction(metric), "".join(map(_table, tables(evaluation, [metric]))))
        for metric in others
    )
    return section("Tables", paragraph(_ABOUT, "about"), shown, hidden)


def _table(table: Table) -> str:
    body = [
        (method, [_cell(value, best=table.is_best(i, value)) for i, value in enumerate(cells)])
        for method, cells in table.rows
    ]
    return grid(table.title, ("method", *table.columns), body, "numbers")


def _cell(row: Row | None, *, best: bool) -> str:
    if row is None:
        return cell("-")
    bounds = "" if row.low is None else f"<small>{number(row.low)} to {number(row.high)}</small>"
    return f"<td{' class=best' if best else ''}>{number(row.value)}{bounds}</td>"


def costs(evaluation: Evaluation, drawn: str) -> str:
    """What each method takes, as charts (`drawn`) and as a table."""
    if not evaluation.cost:
        return ""
    rows = [(c.method, [cell(text) for text in cost_cells(c)[1:]]) for c in evaluation.cost]
    caption = (
        "wall-clock time and peak memory; fitting counts from text to the first answer, encoder included"
    )
    return section("Accuracy against cost", drawn, grid(caption, COST_HEAD, rows))


def tunings(evaluation: Evaluation) -> str:
    """What each method was tuned to, with which budget, and what that gave on the inner split."""
    if not evaluation.tunings:
        return ""
    about = (
        "Each method was tuned on an inner split of the training data; the test cases were not looked at. "
        "The defaults are always the first trial."
    )
    head = ("method", "seed", "trials", "took", "metric", "defaults", "chosen", "settings")
    rows = [(tuning.method, _tuning(tuning)) for tuning in evaluation.tunings]
    return section("Tuned settings", paragraph(about, "about"), grid("", head, rows, "settings"))


def _tuning(tuning: Tuning) -> list[str]:
    found = ", ".join(f"{name} = {_plain(value)}" for name, value in tuning.settings.items())
    return [
        cell(str(tuning.seed)),
        cell(str(tuning.trials)),
        cell(seconds(tuning.seconds)),
        cell(tuning.metric),
        cell(number(tuning.default_score)),
        cell(number(tuning.score)),
        cell(found or "the defaults", "words"),
    ]


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def seeds(evaluation: Evaluation) -> str:
    """How far apart the seeds are on the main metric: which items were withheld shows here."""
    if len(evaluation.seeds) < 2:
        return ""
    metric = evaluation.metrics[0]
    found: dict[tuple[str, int | None, str, int | str], float] = {
        (r.candidates, r.shots, r.method, r.seed): r.value for r in evaluation.rows if r.metric == metric
    }
    columns: tuple[int | str, ...] = (*evaluation.seeds, ALL_SEEDS)
    has_shots = bool(shots_of(evaluation))
    places = dict.fromkeys((candidates, shots, method) for candidates, shots, method, _ in found)
    rows = [
        (
            f"{method}, {candidates}" + (f", {shots_name(shots)}" if has_shots else ""),
            [cell(number(found.get((candidates, shots, method, seed)))) for seed in columns],
        )
        for candidates, shots, method in places
    ]
    head = ("method, candidates", *(f"seed {seed}" for seed in evaluation.seeds), "all")
    return f"<section>{details(f'{metric} by seed', grid(metric, head, rows))}</section>"


def environment(evaluation: Evaluation) -> str:
    """Command, cut, seeds, versions and machine."""
    told = {
        "cut": _CUTS.get(evaluation.cut, evaluation.cut) if withholds(evaluation) else "",
        "seeds": ", ".join(map(str, evaluation.seeds)),
        **{name: value for name, value in evaluation.environment.items() if value is not None},
        "fingerprint": evaluation.fingerprint,
    }
    facts = "".join(
        f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>"
        for name, value in told.items()
        if value != ""
    )
    command = f"<pre>{escape(evaluation.command)}</pre>" if evaluation.command else ""
    return f"<footer><h2>How it ran</h2>{command}<dl>{facts}</dl></footer>"
