"""The part of docs/benchmarks.md about what it says that an item was shown and left alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]

CONCLUSION: Final = (
    "What was shown and left alone should stand lower itself, and say nothing of what is like it. Lowering"
    " the item alone makes the fused score 2 to 3 % better from the first item on, certainly so at each k;"
    " of a stranger who has opened nothing it tells nothing. As evidence of what is like the item a weight"
    " against it costs up to nearly a half (of a stranger) and brings a fiftieth at most (from five items"
    " on); a learned weight turns out to be *for* it, since these shops show people what suits them, and is"
    " worse from three items on. Only of a stranger does it say much: which department they came to. That"
    " is not taken into the score, because a list that the engine itself chose would then be evidence for"
    " more of the same. A discount twice as strong was better still; the default stays careful, because"
    " real shops were not measured."
)


def impressions_section(report: Report) -> str:
    """For each scorer and reading nDCG, and its difference from ignoring impressions."""
    shops = ", ".join(
        f"{shop['language']} {shop['seed']} ({shop['weight']:+.2f})" for shop in report["shops"]
    )
    return "\n\n".join(
        [
            "## What was shown and left alone",
            f"`{report['command']}`",
            CONCLUSION,
            "nDCG@20 of what withheld users turn to for the first time after k items, with all that was"
            " shown to them until then known; default settings; simulated shops only, since no shared shop"
            " logs impressions. *Around*: with this weight as evidence of what is like the item, *learned*"
            f" with the weight that the shop itself teaches (by language and seed: {shops}). *Itself*: that"
            " item alone stands lower, by this share of the best possible score, or in standard deviations"
            " of the scores. Small: the difference from ignoring impressions, 95 %, bootstrap over users.",
            *(_table(report, scorer) for scorer in dict.fromkeys(row["scorer"] for row in report["rows"])),
        ]
    )


def _table(report: Report, scorer: str) -> str:
    rows = [row for row in report["rows"] if row["scorer"] == scorer]
    cells = {(row["reading"], row["shots"]): row for row in rows}
    shots = list(dict.fromkeys(row["shots"] for row in rows))
    users = {row["shots"]: row["users"] for row in rows}
    body = [
        [reading, *(_cell(cells[reading, k]) for k in shots)]
        for reading in dict.fromkeys(row["reading"] for row in rows)
    ]
    return table([scorer, *(f"k={k}, {users[k]:,} users" for k in shots)], body)


def _cell(row: Report) -> str:
    if row["low"] == row["high"] == 0.0:
        return f"{row['ndcg']:.4f}"
    return f"{row['ndcg']:.4f} <sub>{row['low']:+.4f} to {row['high']:+.4f}</sub>"
