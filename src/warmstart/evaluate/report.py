"""The report of an evaluation: a text table for the terminal, a page that needs no server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from warmstart.data.splits import HEAVY_SHOTS
from warmstart.evaluate.charts import Point, Series, bar_chart, line_chart
from warmstart.evaluate.evaluation import ALL_SEEDS, Cost, Evaluation, Row
from warmstart.evaluate.methods import ENGINE, RANDOM
from warmstart.evaluate.style import STYLE
from warmstart.evaluate.wording import (
    CANDIDATES,
    Table,
    candidates_of,
    number,
    scope,
    sentence,
    shots_of,
    tables,
    verdict,
)

_COST_HEAD = ("method", "fit s", "query ms p50", "p99", "update ms p50", "p99", "peak MB")
_FEW = 8
_ABOUT_INTERVALS = (
    "Intervals are 95 %, by bootstrap over users and over items at once (over queries in search). Methods "
    "whose intervals overlap may still differ for certain: comparisons are paired, p-values are Holm's."
)


def render_text(evaluation: Evaluation) -> str:
    """A compact table for the terminal: main metric by shots (or all metrics), verdicts, costs."""
    metrics = evaluation.metrics[:1] if shots_of(evaluation) else evaluation.metrics
    blocks = [f"{evaluation.protocol} on {evaluation.dataset} ({scope(evaluation)})"]
    blocks += [_text_table(table) for table in tables(evaluation, metrics)]
    if evaluation.comparisons:
        blocks.append("\n".join([verdict(evaluation), *map(sentence, evaluation.verdicts)]))
    if evaluation.cost:
        blocks.append(_aligned([_COST_HEAD, *(_cost_cells(cost) for cost in evaluation.cost)]))
    return "\n\n".join(blocks)


def _text_table(table: Table) -> str:
    rows = [("method", *table.columns)]
    for method, cells in table.rows:
        marked = [
            number(cell.value if cell else None) + ("*" if table.is_best(i, cell) else " ")
            for i, cell in enumerate(cells)
        ]
        rows.append((method, *marked))
    return f"{table.title}\n{_aligned(rows)}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    )


def _cost_cells(cost: Cost) -> tuple[str, ...]:
    return (
        cost.method,
        number(cost.fit_s, 2),
        number(cost.query_ms_p50, 2),
        number(cost.query_ms_p99, 2),
        number(cost.update_ms_p50, 3),
        number(cost.update_ms_p99, 3),
        number(cost.peak_rss_mb, 0),
    )


def write_html(evaluation: Evaluation, path: str | Path) -> None:
    """Write `render_html` to a file."""
    Path(path).write_text(render_html(evaluation), encoding="utf-8")


def render_html(evaluation: Evaluation) -> str:
    """One self-contained page: charts, verdicts, tables and costs; follows light and dark mode."""
    title = f"{evaluation.protocol} on {evaluation.dataset}"
    body = [
        f"<header><p class='kicker'>warmstart evaluation</p><h1>{escape(title)}</h1>"
        f"<p class='scope'>{escape(scope(evaluation))}</p></header>",
        _verdict_section(evaluation),
        *_figures(evaluation),
        f"<p class='note'>{_ABOUT_INTERVALS}</p>",
        _table_sections(evaluation),
        _cost_section(evaluation),
        _seed_section(evaluation),
        _environment_section(evaluation),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{''.join(body)}</main></body></html>\n"
    )


def _slots(evaluation: Evaluation) -> dict[str, int]:
    """Colour slots: 0 for the engine, -1 for chance, the others in order."""
    others = [method for method in evaluation.methods if method not in {ENGINE, RANDOM}]
    return {ENGINE: 0, RANDOM: -1} | {method: i + 1 for i, method in enumerate(others)}


def _figures(evaluation: Evaluation) -> list[str]:
    """Curves over the shots for each candidate set, or bars for each main metric."""
    metric = evaluation.metrics[0]
    if shots_of(evaluation):
        return [
            _figure(f"{metric}, {CANDIDATES.get(c, c)}", _curve(evaluation, c, metric))
            for c in candidates_of(evaluation)
        ]
    wanted = [m for m in evaluation.metrics if m.startswith(metric.split(" ")[0])]
    return [
        _figure(f"{name}, {CANDIDATES.get(c, c)}", _bars(evaluation, c, name))
        for c in candidates_of(evaluation)
        for name in wanted
    ]


def _figure(caption: str, drawing: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{drawing}</figure>"


def _curve(evaluation: Evaluation, candidates: str, metric: str) -> str:
    shots = shots_of(evaluation)
    places = {k: float(k) for k in shots}
    heavy = HEAVY_SHOTS in shots and len(shots) > 1
    if heavy:  # other users: close by, but apart
        places[HEAVY_SHOTS] = shots[-2] + 1.5
    slots = _slots(evaluation)
    series = [
        Series(
            name=method,
            slot=slots[method],
            points=tuple(
                _point(row, places[row.shots] + aside * 0.08, apart=True)
                if heavy and row.shots == HEAVY_SHOTS
                else _point(row, places[row.shots])
                for row in evaluation.select(candidates=candidates, metric=metric, method=method)
                if row.shots is not None
            ),
        )
        for aside, method in enumerate(evaluation.methods, start=-(len(evaluation.methods) // 2))
    ]
    return line_chart(
        [one for one in series if one.points],
        ticks=[(places[k], str(k)) for k in shots],
        title=f"{metric} by number of revealed events",
        note="heavier users",
    )


def _bars(evaluation: Evaluation, candidates: str, metric: str) -> str:
    rows = evaluation.select(candidates=candidates, metric=metric)
    slots = _slots(evaluation)
    ordered = sorted(rows, key=lambda row: -row.value)
    return bar_chart([(r.method, slots[r.method], _point(r, 0.0)) for r in ordered], title=metric)


def _point(row: Row, x: float, *, apart: bool = False) -> Point:
    return Point(x=x, y=row.value, low=row.low, high=row.high, apart=apart)


def _verdict_section(evaluation: Evaluation) -> str:
    if not evaluation.comparisons:
        return ""
    items = "".join(
        f"<li class='{c.verdict}'><b>{c.verdict}</b> {escape(sentence(c).rsplit(':', 1)[0])}</li>"
        for c in evaluation.verdicts
    )
    listed = f"<ul class='comparisons'>{items}</ul>"
    details = listed if len(evaluation.verdicts) <= _FEW else _details("Each comparison", listed)
    return f"<section><p class='verdict'>{escape(verdict(evaluation))}</p>{details}</section>"


def _table_sections(evaluation: Evaluation) -> str:
    if not shots_of(evaluation):
        return "".join(map(_html_table, tables(evaluation, evaluation.metrics)))
    first, *others = evaluation.metrics
    shown = "".join(map(_html_table, tables(evaluation, [first])))
    hidden = "".join(
        _details(metric, "".join(map(_html_table, tables(evaluation, [metric])))) for metric in others
    )
    return f"<section><h2>Tables</h2>{shown}{hidden}</section>"


def _details(summary: str, content: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def _html_table(table: Table) -> str:
    body = (
        (method, [_cell(cell, best=table.is_best(i, cell)) for i, cell in enumerate(cells)])
        for method, cells in table.rows
    )
    return _grid(table.title, ("method", *table.columns), body)


def _cell(row: Row | None, *, best: bool) -> str:
    if row is None:
        return "<td>-</td>"
    bounds = "" if row.low is None else f"<small>{number(row.low)} to {number(row.high)}</small>"
    return f"<td{' class=best' if best else ''}>{number(row.value)}{bounds}</td>"


def _grid(caption: str, head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    titles = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr><th scope='row'>{escape(name)}</th>{''.join(cells)}</tr>" for name, cells in rows)
    return (
        f"<div class='scroll'><table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cost_section(evaluation: Evaluation) -> str:
    if not evaluation.cost:
        return ""
    rows = [(c.method, [f"<td>{cell}</td>" for cell in _cost_cells(c)[1:]]) for c in evaluation.cost]
    caption = (
        "wall-clock time and peak memory; fitting counts from text to the first answer, encoder included"
    )
    return f"<section><h2>Cost</h2>{_grid(caption, _COST_HEAD, rows)}</section>"


def _seed_section(evaluation: Evaluation) -> str:
    """How far apart the seeds are on the main metric: which items were withheld shows here."""
    seeds, metric = evaluation.seeds, evaluation.metrics[0]
    if len(seeds) < 2:
        return ""
    found: dict[tuple[str, int | None, str, int | str], float] = {
        (r.candidates, r.shots, r.method, r.seed): r.value for r in evaluation.rows if r.metric == metric
    }
    columns: tuple[int | str, ...] = (*seeds, ALL_SEEDS)
    places = dict.fromkeys((candidates, shots, method) for candidates, shots, method, _ in found)
    rows = [
        (
            f"{method}, {candidates}" + ("" if shots is None else f", k={shots}"),
            [f"<td>{number(found[candidates, shots, method, seed])}</td>" for seed in columns],
        )
        for candidates, shots, method in places
    ]
    head = ("method, candidates", *(f"seed {seed}" for seed in seeds), "all")
    return f"<section>{_details(f'{metric} by seed', _grid(metric, head, rows))}</section>"


def _environment_section(evaluation: Evaluation) -> str:
    facts = "".join(
        f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>"
        for name, value in evaluation.environment.items()
        if value is not None
    )
    command = f"<pre>{escape(evaluation.command)}</pre>" if evaluation.command else ""
    return f"<footer><h2>How it ran</h2>{command}<dl>{facts}</dl></footer>"
