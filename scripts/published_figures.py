"""The parts of docs/benchmarks.md that set figures of others beside what comes out here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with numbers to the right."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' + '--:|' * (len(head) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def published_section(ranking: Report | None, text: Report | None) -> str:
    """Figures that others published beside ours by their protocol."""
    parts = [
        "## Published figures, and what comes out here",
        "Before trusting numbers of our own: the protocol of the source, our code.",
    ]
    if ranking:
        rows = [
            [
                row["method"],
                row["metric"],
                f"{row['published']:.4f}",
                f"{row['ours']:.4f} <sub>± {row['sd_over_splits']:.4f}</sub>",
                f"{row['relative']:+.1%}",
            ]
            for row in ranking["rows"]
        ]
        parts += [
            "### ItemKNN, EASE and popularity on ML-1M (RecBole)",
            f"`{ranking['command']}`",
            table(["method", "metric", "published", "here", "difference"], rows),
            f"Source: {ranking['source']}. {why(ranking)}",
        ]
    if text:
        published, here = text["published"], text["ours"]["as published (C = 1, 100 iterations)"]
        deviation = "standard deviation over draws"
        rows = [
            [
                metric,
                f"{published[metric]:.4f}",
                f"{here[metric]:.4f}",
                f"{published[deviation]:.4f}",
                f"{here[deviation]:.4f}",
            ]
            for metric in ("accuracy", "macro-F1")
        ]
        parts += [
            "### A frozen encoder on banking77 (MTEB)",
            f"`{text['command']}`",
            table(["metric", "published", "here", "s.d. published", "s.d. here"], rows),
            f"Source: {published['source']}.",
        ]
    return "\n\n".join(parts)


def melu_section(report: Report) -> str:
    """The table of the MeLU paper beside ours."""
    published = {"new users": (0.7854, 0.8803), "new items": (0.9275, None), "both": (0.9235, None)}
    rows = []
    for state, (mae, ndcg) in published.items():
        found = {
            (row["method"], row["metric"]): row["value"]
            for row in report["rows"]
            if row["candidates"] == state and row["shots"] is None
        }
        cells = [
            f"{found.get((name, 'MAE'), float('nan')):.4f}" for name in ("melu", "factor", "factor+median")
        ]
        rows.append(
            [
                state,
                f"{mae:.4f}",
                *cells,
                "" if ndcg is None else f"{ndcg:.4f}",
                f"{found.get(('factor', 'nDCG@1'), float('nan')):.4f}",
            ]
        )
    return "\n\n".join(
        [
            "## The MeLU table",
            "Rating error (MAE) after the whole support, beside MeLU-5 in the paper of Lee et al. (2019). "
            "Ours differs in local steps (one, not five), learning rates, training users and fields; the "
            "factor rater keeps what training saw of old users.",
            table(
                [
                    "state",
                    "MeLU-5, paper",
                    "melu here",
                    "factor",
                    "factor+median",
                    "nDCG@1, paper",
                    "nDCG@1, factor",
                ],
                rows,
            ),
        ]
    )


def why(ranking: Report) -> str:
    """Why figures differ from the published ones, as the result says."""
    told = ranking.get("why_different", "")
    return told if isinstance(told, str) else " ".join(str(part) for part in told)
