"""The report as one self-contained page: no scripts, no requests, light and dark, screen and phone."""

from __future__ import annotations

from html import escape
from pathlib import Path

from warmstart.core.page.html import details, whole
from warmstart.core.page.style import STYLE
from warmstart.evaluate.evaluation import Evaluation
from warmstart.evaluate.report import facts, fairness
from warmstart.evaluate.report.conclusion import conclusion
from warmstart.evaluate.report.figures import cold_share, cost_figures, figures
from warmstart.evaluate.report.judgments import judgments
from warmstart.evaluate.report.look import Look, look_of
from warmstart.evaluate.report.reading import stories
from warmstart.evaluate.wording import scope, sentence, shots_of


def write_html(evaluation: Evaluation, path: str | Path) -> None:
    """Write `render_html` to a file."""
    Path(path).write_text(render_html(evaluation), encoding="utf-8")


def render_html(evaluation: Evaluation) -> str:
    """The whole page: what to conclude, charts, comparisons, cases to read, tables, how it ran."""
    title = f"{evaluation.protocol} on {evaluation.dataset}"
    look = look_of(evaluation)
    body = [
        f"<header><p class='kicker'>warmstart evaluation</p><h1>{escape(title)}</h1>"
        f"<p class='scope'>{escape(scope(evaluation))}</p></header>",
        _conclusion(evaluation, look),
        fairness.warnings(evaluation),
        figures(evaluation, look),
        cold_share(evaluation, look),
        facts.costs(evaluation, cost_figures(evaluation, look)),
        judgments(evaluation, look),
        stories(evaluation, look),
        fairness.exposures(evaluation, look),
        fairness.reliability(evaluation, look),
        facts.all_tables(evaluation),
        facts.tunings(evaluation),
        facts.seeds(evaluation),
        facts.environment(evaluation),
    ]
    return whole(title, body, STYLE)


def _conclusion(evaluation: Evaluation, look: Look) -> str:
    """What a shop should conclude, with each verdict folded below."""
    told = "".join(f"<p>{escape(line)}</p>" for line in conclusion(evaluation, look))
    has_shots = bool(shots_of(evaluation))
    sentences = [(c.verdict, sentence(c, has_shots=has_shots)) for c in evaluation.verdicts]
    items = "".join(
        f"<li class='{word}'><b>{word}</b> {escape(line.rpartition(':')[0])}</li>"
        for word, line in sentences
    )
    listed = f"<ul class='comparisons'>{items}</ul>"
    each = details("Each comparison with the strongest other method", listed) if items else ""
    return f"<section><div class='verdict'>{told}</div>{each}</section>" if told else ""
