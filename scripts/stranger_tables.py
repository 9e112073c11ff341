"""The parts of docs/benchmarks.md about strangers who say something: a sentence, or answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

try:
    from scripts.published_figures import table
except ModuleNotFoundError:  # run as a file
    from published_figures import table  # type: ignore[import-not-found, no-redef]

Report = Mapping[str, Any]

SENTENCE_CONCLUSION: Final = "TODO."
ONBOARDING_CONCLUSION: Final = "TODO."


def sentence_section(report: Report) -> str:
    """Whether limits hold, and what a wish is worth."""
    limits = [row for row in report["rows"] if row["shop"] == "icecat"]
    wishes = [row for row in report["rows"] if row["shop"] == "beauty"]
    parts = ["## A sentence as a profile", f"`{report['command']}`", SENTENCE_CONCLUSION]
    parts += [
        "icecat: judged queries with limits made from facts of their own relevant products, said in a"
        " sentence. A product that breaks a limit has grade 0. *By hand* sets the same limits as filters on"
        " the facts. The engine's defaults, nothing tuned here.",
    ]
    for metric, what in (
        ("broken@10", "Share of the first ten that break a limit"),
        ("nDCG@10 e", "nDCG@10, unjudged products count 0"),
        ("nDCG@10 c", "nDCG@10 among judged products"),
    ):
        rows = [row for row in limits if row["metric"] == metric]
        parts += [f"{what}:", grid(rows, "limit", {row["limit"]: named(row) for row in rows})]
    parts += [
        "beauty: new users at k events, with the category path of the first item of their later history as"
        f" the wish; {report['sample']} users per seed, seeds 0, 1, 2. nDCG@20 in the whole catalogue:",
    ]
    for targets in dict.fromkeys(row["targets"] for row in wishes):
        rows = [row for row in wishes if row["targets"] == targets]
        parts += [f"Targets: {targets}.", grid(rows, "shots", {k: f"k={k}" for k in (0, 1, 5)})]
    return "\n\n".join(parts)


def onboarding_section(report: Report) -> str:
    """Accuracy after n questions."""
    parts = [
        "## What to ask a stranger",
        f"`{report['command']}`",
        ONBOARDING_CONCLUSION,
        "ml100k: withheld users answer about half of their ratings and nothing else; the other half is"
        f" predicted. beauty: simulated answers, {report['sample']} new users per seed; popularity, entropy"
        " and HELF are one there. Seeds 0, 1, 2; n counts questions, answered or not; settings"
        " were chosen on inner cuts.",
    ]
    for shop, metric, what in (
        ("ml100k", "MAE", "MAE on ml100k (less is better)"),
        ("ml100k", "nDCG@10", "nDCG@10 among the user's own test items on ml100k"),
        ("ml100k", "answered", "Questions answered on ml100k"),
        ("beauty", "nDCG@20", "nDCG@20 in the whole catalogue of beauty"),
        ("beauty", "interesting", 'Answers "interesting" on beauty'),
    ):
        rows = [row for row in report["rows"] if row["shop"] == shop and row["metric"] == metric]
        columns = {row["asked"]: f"n={row['asked']}" for row in rows}
        parts += [f"{what}:", grid(rows, "asked", columns, best=min if metric == "MAE" else max)]
        parts += [against(rows)] if metric in ("MAE", "nDCG@20") else []
    return "\n\n".join(parts)


def against(rows: Sequence[Report]) -> str:
    """Paired differences of the belief to popularity."""
    found = [row for row in rows if row["method"] == "variance" and row["asked"]]
    told = "; ".join(
        f"n={row['asked']} {row['against_popularity']:+.4f}"
        f" ({row['against_low']:+.4f} to {row['against_high']:+.4f})"
        for row in found
    )
    return f"*variance* less popularity, paired: {told}."


def named(row: Report) -> str:
    """The head of a column with its number of cases."""
    return f"{row['limit']} ({row['cases']})"


def grid(rows: Sequence[Report], key: str, columns: Mapping[Any, str], best: Any = None) -> str:
    """Methods by columns, each value with its interval; the best of a column is bold."""
    cells = {(row["method"], row[key]): row for row in rows}
    tops = {c: best(row["value"] for row in rows if row[key] == c) for c in columns} if best else {}
    body = [
        [method, *(cell(cells.get((method, column)), tops.get(column)) for column in columns)]
        for method in dict.fromkeys(row["method"] for row in rows)
    ]
    return table(["", *columns.values()], body)


def cell(row: Report | None, best: float | None) -> str:
    """A value with its interval."""
    if row is None:
        return ""
    shown = (
        f"**{row['value']:.4f}**" if row["value"] == best and row.get("asked") else f"{row['value']:.4f}"
    )
    return f"{shown} <sub>{row['low']:.3f} to {row['high']:.3f}</sub>"
