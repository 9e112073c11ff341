"""A comparison of two runs as text and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from warmstart.core.page.html import cell, details, grid, paragraph, section, whole
from warmstart.core.page.style import STYLE
from warmstart.evaluate.compare import Change, Changes, CostChange
from warmstart.evaluate.report.judgments import p_text
from warmstart.evaluate.report.text import aligned
from warmstart.evaluate.wording import number, shots_name, signed

_HEAD: Final = ("method", "at", "metric", "before", "after", "difference", "95 %", "p (Holm)")
_SHOWN: Final = 12
"""Untested numbers in the terminal; the page has them all."""
_NOTABLE: Final = 1.5
"""Ratios of cost beyond which the terminal tells them: a machine is never equally busy twice."""
_NAMES: Final = {
    "fit_s": "fit s",
    "query_ms_p50": "query ms p50",
    "query_ms_p99": "query ms p99",
    "update_ms_p50": "update ms p50",
    "peak_rss_mb": "peak MB",
}
_PAIRED: Final = "Both runs asked the same cases: differences are paired."
_UNPAIRED: Final = (
    "The runs asked different cases (other seeds, sample, shop or cut): differences are not paired, and "
    "only large ones show."
)


def summary(found: Changes) -> list[str]:
    """What changed, in sentences."""
    worse, better, ties = len(found.of("worse")), len(found.of("better")), len(found.of("tie"))
    tested = worse + better + ties
    if not tested:
        told = "No number has replicates in both files, so nothing can be said about noise."
    elif not worse and not better:
        told = f"Nothing changed by more than noise: {_plural(ties, 'number')} tested, all ties."
    else:
        told = f"{_plural(tested, 'number')} tested: {worse} worse, {better} better, {ties} within noise."
    return [told, _PAIRED if found.paired else _UNPAIRED]


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def render_changes(found: Changes) -> str:
    """A text for the terminal: worse, better, how many ties, what was not tested, costs, settings."""
    blocks = [f"{found.protocol}: {_runs(found)}", "\n".join(summary(found))]
    blocks += [_listed("worse", found.of("worse")), _listed("better", found.of("better"))]
    moved = [change for change in found.of(None) if change.difference]
    if moved:
        more = f" (the {_SHOWN} largest)" if len(moved) > _SHOWN else ""
        head = f"not tested: {len(moved)} of {len(found.of(None))} other numbers differ{more}"
        blocks.append(f"{head}\n{aligned([_HEAD[:6], *(_cells(c)[:6] for c in moved[:_SHOWN])])}")
    costly = [c for c in found.costs if c.ratio and max(c.ratio, 1 / c.ratio) > _NOTABLE]
    if costly:
        rows = [("method", "cost", "before", "after", "ratio"), *map(_cost_cells, costly)]
        blocks.append(
            f"cost, where it is {_NOTABLE} times as much or as little (no verdict)\n{aligned(rows)}"
        )
    if found.settings:
        blocks.append(
            "\n".join(["settings", *(f"  {s.name}: {s.before} -> {s.after}" for s in found.settings)])
        )
    blocks += [f"only {name}: {', '.join(of)}" for name, of in _alone(found) if of]
    return "\n\n".join(block for block in blocks if block)


def _runs(found: Changes) -> str:
    return found.after if found.before == found.after else f"{found.before} -> {found.after}"


def _alone(found: Changes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("before", found.only_before), ("after", found.only_after)


def _listed(word: str, changes: Sequence[Change]) -> str:
    return f"{word}\n{aligned([_HEAD, *map(_cells, changes)])}" if changes else ""


def _cells(change: Change) -> tuple[str, ...]:
    shots = "" if change.shots is None else f", {shots_name(change.shots)}"
    bounds = "-" if change.low is None else f"{signed(change.low)} to {signed(change.high or 0.0)}"
    return (
        change.method,
        change.candidates + shots,
        change.metric,
        number(change.before),
        number(change.after),
        signed(change.difference),
        bounds,
        "-" if change.p_holm is None else p_text(change.p_holm),
    )


def _cost_cells(change: CostChange) -> tuple[str, ...]:
    ratio = "-" if change.ratio is None else f"{change.ratio:.2f}x"
    return (
        change.method,
        _NAMES[change.cost],
        f"{change.before:.3g}",
        f"{change.after:.3g}",
        ratio,
    )


def render_changes_html(found: Changes) -> str:
    """The same as a page like that of `render_html`."""
    title = f"{found.protocol}: what changed"
    told = "".join(paragraph(line) for line in summary(found))
    body = [
        f"<header><p class='kicker'>warmstart evaluation, two runs</p><h1>{escape(title)}</h1>"
        f"<p class='scope'>{escape(_runs(found))}</p></header>",
        f"<section><div class='verdict'>{told}</div></section>",
        section("Worse", _table(found.of("worse"), "worse")),
        section("Better", _table(found.of("better"), "better")),
        _folded(f"Within noise: {len(found.of('tie'))}", found.of("tie")),
        _folded(f"Without replicates, not tested: {len(found.of(None))}", found.of(None)),
        _costs(found),
        _settings(found),
        _alone_section(found),
    ]
    return whole(title, body, STYLE)


def _table(changes: Sequence[Change], word: str = "tie") -> str:
    rows = [
        (c.method, [cell(text, _css(i, word)) for i, text in enumerate(_cells(c)[1:])]) for c in changes
    ]
    return grid("", _HEAD, rows) if rows else ""


def _css(column: int, word: str) -> str:
    return f"verdict-word {word}" if column == 4 and word != "tie" else ""


def _folded(name: str, changes: Sequence[Change]) -> str:
    return details(name, _table(changes)) if changes else ""


def _costs(found: Changes) -> str:
    rows = [(c.method, [cell(text) for text in _cost_cells(c)[1:]]) for c in found.costs]
    about = paragraph("Times depend on what else the machine was doing; they get no verdict.", "about")
    head = ("method", "cost", "before", "after", "ratio")
    return section("Cost", about, grid("", head, rows)) if rows else ""


def _settings(found: Changes) -> str:
    rows = [(s.name, [cell(s.before, "words"), cell(s.after, "words")]) for s in found.settings]
    return (
        section("Settings that differ", grid("", ("setting", "before", "after"), rows, "settings"))
        if rows
        else ""
    )


def _alone_section(found: Changes) -> str:
    told = [paragraph(f"Only {name}: {', '.join(of)}.") for name, of in _alone(found) if of]
    return section("In one run alone", *told)


def write_changes_html(found: Changes, path: str | Path) -> None:
    """Write `render_changes_html` to a file."""
    Path(path).write_text(render_changes_html(found), encoding="utf-8")
