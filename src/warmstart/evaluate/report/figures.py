"""Which numbers are drawn: curves over the shots, bars, accuracy against cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

from warmstart.core.page.curves import BANDED, line_chart
from warmstart.core.page.html import details, figure, paragraph
from warmstart.core.page.svg import Point, Series, both
from warmstart.data.splits import HEAVY_SHOTS
from warmstart.evaluate.evaluation import Cost, Evaluation, Row
from warmstart.evaluate.metrics import lower_is_better
from warmstart.evaluate.report.bars import Bar, bar_chart
from warmstart.evaluate.report.look import COLOURED, Look, direction, main_rows
from warmstart.evaluate.report.scatter import Dot, scatter
from warmstart.evaluate.wording import (
    Place,
    best_first,
    candidates_of,
    place_name,
    places_of,
    shots_of,
    titled,
)

AXES = {"ratings": "ratings revealed", "few-shot-text": "labels per class"}
_SPREAD = 0.03
"""How far apart the points of different methods stand where only intervals are drawn."""


def figures(evaluation: Evaluation, look: Look) -> str:
    """Curves for each candidate set where events are revealed, else bars for each main metric."""
    if not evaluation.rows:
        return ""
    drawn = _curves(evaluation, look) if shots_of(evaluation) else _bars(evaluation, look)
    notes = [_about_grey(look) if len(look.slots) > COLOURED + 2 else ""]
    if shots_of(evaluation) and len(look.slots) > BANDED:
        notes.append(
            f"Bands are the intervals of {look.focus} and {look.rival}; the tables have the others."
        )
    told = " ".join(note for note in notes if note)
    return drawn + (paragraph(told, "note") if told else "")


def _about_grey(look: Look) -> str:
    return (
        f"The {len(look.coloured) - 1} strongest others have colours; the rest is grey. Point at a marker "
        "for its name and numbers."
    )


def _curves(evaluation: Evaluation, look: Look) -> str:
    return "".join(
        figure(
            f"{metric}{direction(metric)}, {titled(evaluation, candidates)}",
            _curve(evaluation, look, candidates, metric),
        )
        for candidates in candidates_of(evaluation)
        for metric in [_main(evaluation, candidates)]
    )


def _main(evaluation: Evaluation, candidates: str) -> str:
    """The main metric of these candidates: texts of no label have an AUROC and no accuracy."""
    return evaluation.select(candidates=candidates)[0].metric


def _curve(evaluation: Evaluation, look: Look, candidates: str, metric: str) -> str:
    rows = evaluation.select(candidates=candidates, metric=metric)
    shots = [k for k in shots_of(evaluation) if any(row.shots == k for row in rows)]
    places = x_places(shots)
    heavy = other_cases(evaluation, rows, shots)
    series = []
    for aside, method in enumerate(look.ordered()):
        found = {row.shots: row for row in rows if row.method == method}
        points = []
        for k in shots:
            if k in found:
                away = (
                    (aside - len(look.coloured) / 2) * _SPREAD if k in heavy and aside <= COLOURED else 0.0
                )
                points.append(point(found[k], places[k] + away, apart=k in heavy))
        series.append(Series(name=method, slot=look.slots[method], points=tuple(points)))
    axis = AXES.get(evaluation.protocol, "events revealed")
    return both(
        lambda width: line_chart(
            [one for one in series if one.points],
            ticks=[(places[k], "all" if k is None else str(k)) for k in shots],
            axis=axis,
            title=f"{metric} by number of {axis}",
            note="other users",
            width=width,
        )
    )


def x_places(shots: Sequence[int | None]) -> dict[int | None, float]:
    """Where each number of shots stands: log2(1 + k), and "all" a step behind the last."""
    known = [k for k in shots if k is not None]
    places: dict[int | None, float] = {k: math.log2(1 + k) for k in known}
    if None in shots:
        places[None] = max(places.values(), default=0.0) + 1.0
    return places


def other_cases(
    evaluation: Evaluation, rows: Sequence[Row], shots: Sequence[int | None]
) -> list[int | None]:
    """The last number of shots, if it alone was asked of other cases: its point is no part of the curve."""
    cases = {row.shots: row.cases for row in rows}
    before = {cases[k] for k in shots[:-1]}
    if len(before) != 1:
        return []
    heavier = evaluation.protocol not in AXES and shots[-1] == HEAVY_SHOTS
    return [shots[-1]] if heavier or cases[shots[-1]] not in before else []


def point(row: Row, x: float, *, apart: bool = False) -> Point:
    """A row as a point of a chart."""
    return Point(x=x, y=row.value, low=row.low, high=row.high, apart=apart)


def _bars(evaluation: Evaluation, look: Look) -> str:
    metric = evaluation.metrics[0]
    wanted = [m for m in evaluation.metrics if m.startswith(metric.split(" ")[0])]
    return "".join(
        figure(f"{name}{direction(name)}, {titled(evaluation, c)}", _bar(evaluation, look, c, name))
        for c in candidates_of(evaluation)
        for name in wanted
        if evaluation.select(candidates=c, metric=name)
    )


def _bar(evaluation: Evaluation, look: Look, candidates: str, metric: str) -> str:
    rows = best_first(evaluation.select(candidates=candidates, metric=metric))
    bars = [Bar(name=r.method, slot=look.slots[r.method], point=point(r, 0.0)) for r in rows]
    return both(lambda width: bar_chart(bars, title=f"{metric}, {candidates}", width=width))


def main_place(evaluation: Evaluation) -> Place:
    """The place to look at first: the first candidates, and the least evidence that is any."""
    places = places_of(evaluation)
    first = [place for place in places if place[0] == places[0][0]]
    return next((place for place in first if place[1]), first[0])


def cold_share(evaluation: Evaluation, look: Look) -> str:
    """Share of new items in the lists, with a line at their share among the targets."""
    metric = next((m for m in evaluation.metrics if m.startswith("ColdShare")), None)
    if metric is None:
        return ""
    drawn = [
        (place_name(evaluation, place), _cold_bars(evaluation, look, place, metric))
        for place in _with(evaluation, metric)
    ]
    caption = "Share of new items in the lists, the line: their share among the targets; "
    found = [figure(f"{caption}{name}", drawing) for name, drawing in drawn]
    return "".join(found[:1]) + (details("In other places", "".join(found[1:])) if found[1:] else "")


def _with(evaluation: Evaluation, metric: str) -> list[Place]:
    """The places that have a metric, those with the least evidence first, k = 0 last."""
    found = dict.fromkeys((row.candidates, row.shots) for row in evaluation.select(metric=metric))
    due = {
        (row.candidates, row.shots): row.value for row in evaluation.select(metric="TargetColdShare")
    }  # where all targets are new, the share says little
    return sorted(found, key=lambda place: (due.get(place) == 1.0, place[1] == 0))


def _cold_bars(evaluation: Evaluation, look: Look, place: Place, metric: str) -> str:
    candidates, shots = place
    rows = evaluation.select(candidates=candidates, shots=shots, metric=metric)
    bars = [
        Bar(name=r.method, slot=look.slots[r.method], point=point(r, 0.0))
        for r in sorted(rows, key=lambda row: -row.value)
    ]
    due = evaluation.select(candidates=candidates, shots=shots, metric="TargetColdShare")
    reference = (due[0].value, f"targets {due[0].value:.2f}") if due else None
    return both(lambda width: bar_chart(bars, title=metric, reference=reference, width=width))


def cost_figures(evaluation: Evaluation, look: Look) -> str:
    """The main metric at the first place over the time to answer, and over the time to fit."""
    if not evaluation.cost or not evaluation.rows:
        return ""
    place, metric = main_place(evaluation), evaluation.metrics[0]
    rows = {row.method: row for row in main_rows(evaluation, place)}
    costs = [cost for cost in evaluation.cost if cost.method in rows]
    where = f"{metric}{direction(metric)}: {place_name(evaluation, place)}"

    def drawn(name: str, axis: str, floor: float) -> str:
        dots = [
            Dot(name=c.method, slot=look.slots[c.method], point=point(rows[c.method], _value(c, name)))
            for c in costs
        ]
        lower = lower_is_better(metric)
        return both(
            lambda width: scatter(dots, axis=axis, title=axis, floor=floor, lower=lower, width=width)
        )

    note = "Left is cheaper. No other method beats those on the stepped line in both."
    return figure(
        f"Time to answer against {where}",
        drawn("query_ms_p50", "milliseconds for one answer (p50)", 0.01),
        note,
    ) + figure(f"Time to fit against {where}", drawn("fit_s", "seconds to fit", 0.01), note)


def _value(cost: Cost, name: str) -> float:
    return float(getattr(cost, name))
