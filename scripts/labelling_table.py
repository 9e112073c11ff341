"""The part of docs/benchmarks.md about which texts to label next, and made-up examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]

CONCLUSION: Final = (
    "Let the groups among the texts choose what to label: with as many labels as there are intents, "
    "`typical` answers .526 of banking77 and .652 of clinc150, a random draw .352 and .410, and it stays "
    "ahead until eight a label (.836 and .774 on banking77). One example of every intent, drawn by "
    "somebody who knew them all, is worth no more (.521 and .669). Doubt (`margin`) is the next best, and "
    "entropy, the far edge (`coreset`) and, with many labels, `badge` are no better than chance or worse. "
    "With two labels in Chinese reviews `typical` helps at the first four texts and harms at the next "
    "twelve, where groups are about goods rather than opinions. Made-up texts harm a head over frozen "
    "vectors: a changed word moves the vector more than it teaches."
)


def labelling_section(report: Report) -> str:
    """Accuracy after each budget by strategy, and with made-up examples beside drawn ones."""
    parts = [
        "## Which texts to label next, and made-up ones",
        f"`{report['command']}`",
        CONCLUSION,
        f"A pool of {report['pool']:,} training texts without labels; a logistic head over frozen vectors"
        " (MiniLM; for the Chinese reviews the catalogue encoder fitted on the unlabelled ones) learns from"
        f" those that were bought and answers {report['asked']:,} test texts; means of seeds"
        f" {', '.join(str(seed) for seed in report['seeds'])}. Columns are labels bought for each class on"
        " average. Small: the change from *random* (from *none*), 95 %, paired over test texts; bold where"
        " it is certain.",
    ]
    rows = report["rows"]
    for shop in dict.fromkeys(row["shop"] for row in rows):
        for part in ("strategies", "augmentation"):
            own = [row for row in rows if (row["shop"], row["part"]) == (shop, part)]
            parts += [f"**{shop}**, {part}:", _table(own)]
    return "\n\n".join(parts)


def _table(rows: Sequence[Report]) -> str:
    budgets = list(dict.fromkeys(row["labels"] for row in rows))
    cell = {(row["method"], row["labels"]): row for row in rows}
    methods = list(dict.fromkeys(row["method"] for row in rows))
    body = [
        [method, *(_cell(cell[method, budget], methods[0]) for budget in budgets)] for method in methods
    ]
    return table(["", *(str(budget) for budget in budgets)], body)


def _cell(row: Report, base: str) -> str:
    value = f"{row['accuracy']:.3f}"
    if row["method"] == base:
        return value
    certain = row["low"] > 0 or row["high"] < 0
    change = f"<sub>{row['change']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})</sub>"
    return f"**{value}** {change}" if certain else f"{value} {change}"
