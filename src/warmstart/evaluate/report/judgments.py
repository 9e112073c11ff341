"""The method in focus against each other method: a matrix to look at, a table to check."""

from __future__ import annotations

from html import escape

from warmstart.core.page.html import cell, details, grid, paragraph, section
from warmstart.evaluate.evaluation import Comparison, Evaluation
from warmstart.evaluate.report.look import Look
from warmstart.evaluate.wording import candidates_of, number, shots_name, signed, titled

_HEAD = (
    "against",
    "at",
    "difference",
    "95 %",
    "relative",
    "effect",
    "wins / ties / losses",
    "p (Holm)",
    "verdict",
)


def judgments(evaluation: Evaluation, look: Look) -> str:
    """Both, for each metric and set of candidates that were compared."""
    metrics = dict.fromkeys(c.metric for c in evaluation.comparisons)
    parts = [
        _group(look, f"{metric}, {titled(evaluation, candidates)}", found)
        for metric in metrics
        for candidates in candidates_of(evaluation)
        if (
            found := [c for c in evaluation.comparisons if (c.metric, c.candidates) == (metric, candidates)]
        )
    ]
    if not parts:
        return ""
    about = (
        f"Difference of {look.focus} to each other method on the same cases. Coloured where it is more "
        "than chance (Holm-adjusted p below .05): the comparisons with the strongest other method of each "
        "column (bold) are adjusted as one family, all comparisons as another."
    )
    return section(f"{look.focus} against each other method", paragraph(about, "about"), *parts)


def _group(look: Look, title: str, comparisons: list[Comparison]) -> str:
    found = {(c.against, c.shots): c for c in comparisons}
    shots = list(dict.fromkeys(c.shots for c in comparisons))
    rivals = [m for m in look.ordered() if any(m == against for against, _ in found)]
    rows = [(m, [_short(found.get((m, k))) for k in shots]) for m in rivals]
    head = ("against", *(shots_name(k) if shots != [None] else "difference" for k in shots))
    full = [(c.against, _cells(c)) for m in rivals for k in shots if (c := found.get((m, k))) is not None]
    return grid(title, head, rows, "matrix") + details("Every number", grid("", _HEAD, full))


def _short(comparison: Comparison | None) -> str:
    if comparison is None:
        return cell("-")
    css = comparison.verdict + (" strongest" if comparison.strongest else "")
    sign = {"better": "▲", "worse": "▼", "tie": ""}[comparison.verdict]
    word = f"<small>{escape(f'{sign} {comparison.verdict}'.strip())}</small>"
    return f"<td class='{css}'>{signed(comparison.difference)}{word}</td>"


def _cells(c: Comparison) -> list[str]:
    return [
        cell("all" if c.shots is None else shots_name(c.shots)),
        cell(signed(c.difference)),
        cell(f"{signed(c.low)} to {signed(c.high)}"),
        cell("-" if c.relative is None else f"{c.relative:+.1%}"),
        cell(number(c.effect, 2)),
        cell(f"{c.wins:,} / {c.ties:,} / {c.losses:,}"),
        cell(p_text(c.p_holm)),
        f"<td class='verdict-word {c.verdict}'>{c.verdict}{' (strongest)' if c.strongest else ''}</td>",
    ]


def p_text(p: float) -> str:
    """A p-value for reading.

    >>> p_text(0.0314), p_text(1e-9)
    ('0.031', '<0.001')
    """
    return "<0.001" if p < 0.001 else f"{p:.3f}"
