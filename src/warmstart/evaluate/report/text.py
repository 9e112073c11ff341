"""The report as text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from warmstart.evaluate.evaluation import Cost, Evaluation
from warmstart.evaluate.wording import Table, amount, number, scope, sentence, shots_of, tables, verdict

COST_HEAD = ("method", "fit s", "query ms p50", "p99", "update ms p50", "p99", "peak MB")


def render_text(evaluation: Evaluation) -> str:
    """A compact table for the terminal: main metric by shots (or all metrics), verdicts, costs."""
    metrics = evaluation.metrics[:1] if shots_of(evaluation) else evaluation.metrics
    blocks = [f"{evaluation.protocol} on {evaluation.dataset} ({scope(evaluation)})"]
    blocks += [_text_table(table) for table in tables(evaluation, metrics)]
    if evaluation.comparisons:
        has_shots = bool(shots_of(evaluation))
        told = [sentence(comparison, has_shots=has_shots) for comparison in evaluation.verdicts]
        blocks.append("\n".join([verdict(evaluation), *told]))
    if evaluation.cost:
        blocks.append(aligned([COST_HEAD, *(cost_cells(cost) for cost in evaluation.cost)]))
    blocks += [f"Note: {warning}" for warning in evaluation.warnings]
    return "\n\n".join(blocks)


def _text_table(table: Table) -> str:
    rows = [("method", *table.columns)]
    for method, cells in table.rows:
        marked = [
            number(cell.value if cell else None) + ("*" if table.is_best(i, cell) else " ")
            for i, cell in enumerate(cells)
        ]
        rows.append((method, *marked))
    return f"{table.title}\n{aligned(rows)}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as lines: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    )


def cost_cells(cost: Cost) -> tuple[str, ...]:
    """The name of a method and its costs, under `COST_HEAD`."""
    return (
        cost.method,
        amount(cost.fit_s),
        amount(cost.query_ms_p50),
        amount(cost.query_ms_p99),
        amount(cost.update_ms_p50),
        amount(cost.update_ms_p99),
        number(cost.peak_rss_mb, 0),
    )
