"""Who gets shown, and whether a method means what it says."""

from __future__ import annotations

from html import escape

from warmstart.core.page.html import cell, details, figure, grid, paragraph, section
from warmstart.core.page.svg import Point, Series, both
from warmstart.evaluate.evaluation import Evaluation, Exposure, Reliability
from warmstart.evaluate.protocols.telling import OTHERS
from warmstart.evaluate.report.bars import Share, share_chart
from warmstart.evaluate.report.look import Look, legend
from warmstart.evaluate.report.scatter import reliability_chart
from warmstart.evaluate.wording import Place, number, place_name, shots_name


def exposures(evaluation: Evaluation, look: Look) -> str:
    """Share of all places against share of all targets, by brand and category."""
    groups: dict[tuple[str, Place], list[Exposure]] = {}
    for one in evaluation.exposures:
        groups.setdefault((one.facet, (one.candidates, one.shots)), []).append(one)
    facets = dict.fromkeys(facet for facet, _ in groups)
    parts = []
    for facet in facets:
        places = [place for of, place in groups if of == facet]
        main = _main(places)
        others = "".join(
            _table(evaluation, look, place, groups[facet, place])
            for place in places
            if place[1] != 0 or len(places) == 1
        )
        drawn = _chart(evaluation, look, (facet, main), groups[facet, main])
        parts.append(drawn + details(f"By {facet}: every number", others))
    about = (
        "How often each brand and category is shown, beside how often it was wanted (the mark). A bar far "
        "past its mark crowds out others; one far short of it hides what people went on to choose."
    )
    return section("Who gets shown", paragraph(about, "about"), *parts) if parts else ""


def _main(places: list[Place]) -> Place:
    """The place drawn first: among everything, with the least evidence that is any."""
    whole = [place for place in places if place[0] == "all"] or places
    return next((place for place in whole if place[1]), whole[0])


def _chart(evaluation: Evaluation, look: Look, key: tuple[str, Place], found: list[Exposure]) -> str:
    facet, place = key
    methods = [m for m in (look.focus, look.rival) if m is not None and any(e.method == m for e in found)]
    shown = {(e.method, e.value): e.shown for e in found}
    wanted = {e.value: e.wanted for e in found}
    shares = [
        Share(
            name=value,
            wanted=due,
            shown=tuple((m, look.slots[m], shown.get((m, value), 0.0)) for m in methods),
        )
        for value, due in wanted.items()
        if not (value == OTHERS and len(wanted) > 1)  # it would set the scale; it stands in the table
    ]
    mark = "<span><i class='mark'></i>share of the targets</span>"
    drawing = both(lambda width: share_chart(shares, title=f"exposure by {facet}", width=width))
    return figure(
        f"Share of the places by {facet}, {place_name(evaluation, place)}",
        legend(look, methods, mark) + drawing,
    )


def _table(evaluation: Evaluation, look: Look, place: Place, found: list[Exposure]) -> str:
    shown = {(e.method, e.value): e.shown for e in found}
    wanted = {e.value: e.wanted for e in found}
    methods = [m for m in look.ordered() if any(e.method == m for e in found)]
    rows = [
        (value, [cell(f"{due:.1%}"), *(cell(f"{shown.get((m, value), 0.0):.1%}") for m in methods)])
        for value, due in wanted.items()
    ]
    return grid(place_name(evaluation, place), ("", "wanted", *methods), rows)


def reliability(evaluation: Evaluation, look: Look) -> str:
    """Reliability curves, those of a middling number of shots open, and calibration errors everywhere."""
    bins = evaluation.reliability
    if not bins:
        return ""
    shots = list(dict.fromkeys(one.shots for one in bins))
    middle = shots[len(shots) // 2]
    others = "".join(_curves(evaluation, look, k, shots) for k in shots if k != middle)
    methods = [m for m in look.ordered() if any(one.method == m for one in bins)]
    rows = [(m, [cell(number(_ece(evaluation, m, k))) for k in shots]) for m in methods]
    head = ("method", *(shots_name(k) if shots != [None] else "ECE" for k in shots))
    caption = "Expected calibration error (less is better): mean distance from the line, weighted by cases"
    return section(
        "Does it mean what it says?",
        _curves(evaluation, look, middle, shots),
        details("Other numbers of shots", others) if others else "",
        grid(caption, head, rows),
    )


def _curves(evaluation: Evaluation, look: Look, shots: int | None, known: list[int | None]) -> str:
    bins = [one for one in evaluation.reliability if one.shots == shots]
    methods = [m for m in look.ordered() if any(one.method == m for one in bins)]
    drawn = [m for m in methods if m in look.coloured] or methods
    series = [
        Series(name=m, slot=look.slots[m], points=points)
        for m in drawn
        if (points := _points([one for one in bins if one.method == m]))
    ]
    where = "" if known == [None] else f", {shots_name(shots)}"
    return figure(
        f"Reliability{where}",
        legend(look, [one.name for one in series]) + reliability_chart(series, title="Reliability"),
        "On the dotted line a method is right as often as it says. Below it, it is too sure of itself.",
    )


def _points(bins: list[Reliability]) -> tuple[Point, ...]:
    return tuple(
        Point(x=one.confidence, y=one.accuracy, low=None, high=None)
        for one in sorted(bins, key=lambda one: one.confidence)
        if one.cases
    )


def _ece(evaluation: Evaluation, method: str, shots: int | None) -> float | None:
    """The measured value where there is one, else that of the bins."""
    rows = evaluation.select(method=method, shots=shots, metric="ECE")
    if rows:
        return rows[0].value
    bins = [one for one in evaluation.reliability if (one.method, one.shots) == (method, shots)]
    total = sum(one.cases for one in bins)
    gaps = sum(one.cases * abs(one.confidence - one.accuracy) for one in bins)
    return gaps / total if total else None


def warnings(evaluation: Evaluation) -> str:
    """What makes the numbers doubtful, before anything else."""
    listed = "".join(f"<li>{escape(text)}</li>" for text in evaluation.warnings)
    return (
        f"<section class='warnings'><h2>Read this first</h2><ul>{listed}</ul></section>" if listed else ""
    )
