"""The parts of docs/benchmarks.md about strangers who say something: a sentence, or answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]

SENTENCE_CONCLUSION: Final = (
    "A limit that a sentence sets is kept: of the first ten products none breaks it, in English or "
    "Chinese, where the same words typed as a plain query bring up what they refuse (85 % of the ten "
    "are of the brand that was refused). A price or a brand costs no relevance beyond what the limit "
    "takes away; with a colour, or all three at once, a few hundredths of nDCG go because a product "
    "whose text only mentions the refused thing is left out too, and the push away from what is like "
    "it costs the profile up to two hundredths more, which it does not bring back. Who says what kind "
    "of thing they are after finds it twenty times as well as by popularity, and more than three "
    "times as well after five events; words alone, which do not know what sells, reach less than half "
    "of that. What else they will want is then served worse: a wish is for now."
)
ONBOARDING_CONCLUSION: Final = (
    "Asking what narrows the belief most (variance) is never certainly worse than popularity or HELF "
    "here, and each of those two is somewhere certainly worse than it: popularity on ml100k up to the "
    "fifth question (.821 stars off against .814, where no question leaves .828), HELF on ml1m_melu "
    "after ten. Entropy0 comes out level with it, and HELF is ahead by a hair on ml100k from the "
    "fourth question on, within the interval. Differences are small because only every fourth or "
    "fifth question finds somebody who has seen the film; chance and entropy alone ask about what "
    "nobody knows and bring nothing. Counting who knows what (neighbours) helps from the fifth "
    "question on in the larger shop. Where nobody rates, ten simulated answers lift the first list by "
    "28 %, popularity's questions by 14 %; a sentence lifts it far more."
)


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
        parts += [f"Targets: {targets}.", grid(rows, "shots", {k: f"k={k}" for k in (0, 1, 5)}, best=max)]
    return "\n\n".join(parts)


def onboarding_section(report: Report) -> str:
    """Accuracy after n questions."""
    parts = [
        "## What to ask a stranger",
        f"`{report['command']}`",
        ONBOARDING_CONCLUSION,
        "ml100k and ml1m_melu: withheld users answer about half of their ratings and nothing else; the"
        " other half is predicted. beauty: simulated answers; popularity, entropy and HELF are one there. n"
        " counts questions, answered or not. Settings were chosen on inner cuts.",
    ]
    for shop, metric, what in MEASURED:
        rows = [row for row in report["rows"] if row["shop"] == shop and row["metric"] == metric]
        columns = {row["asked"]: f"n={row['asked']}" for row in rows}
        parts += [f"{what}, {rows[0]['cases']:,} users:"]
        parts += [grid(rows, "asked", columns, best=min if metric == "MAE" else max)]
        parts += [against(rows)] if metric in ("MAE", "nDCG@20") else []
    return "\n\n".join(parts)


MEASURED: Final = (
    ("ml100k", "MAE", "MAE on ml100k (less is better)"),
    ("ml1m_melu", "MAE", "MAE on ml1m_melu (less is better)"),
    ("ml100k", "nDCG@10", "nDCG@10 among the user's own test items on ml100k"),
    ("ml1m_melu", "nDCG@10", "nDCG@10 among the user's own test items on ml1m_melu"),
    ("ml100k", "answered", "Questions answered on ml100k"),
    ("beauty", "nDCG@20", "nDCG@20 in the whole catalogue of beauty"),
    ("beauty", "interesting", 'Answers "interesting" on beauty'),
)


def against(rows: Sequence[Report]) -> str:
    """Paired differences of the belief to rules of thumb."""
    found = [row for row in rows if row["method"] == "variance" and row["asked"]]
    return "\n".join(
        f"- *variance* less {other}, paired: {differences(found, other)}." for other in found[0]["against"]
    )


def differences(rows: Sequence[Report], other: str) -> str:
    """By number of questions."""
    told = ((row["asked"], row["against"][other]) for row in rows)
    return "; ".join(f"n={n} {d['value']:+.4f} ({d['low']:+.4f} to {d['high']:+.4f})" for n, d in told)


def named(row: Report) -> str:
    """The head of a column with its number of cases."""
    return f"{row['limit']} ({row['cases']})"


def grid(rows: Sequence[Report], key: str, columns: Mapping[Any, str], best: Any = None) -> str:
    """Methods by columns, each value with its interval; the `best` of a column, if asked for, is bold."""
    cells = {(row["method"], row[key]): row for row in rows}
    tops = {c: alone(best, [row["value"] for row in rows if row[key] == c]) for c in columns if best}
    body = [
        [method, *(cell(cells.get((method, column)), tops.get(column)) for column in columns)]
        for method in dict.fromkeys(row["method"] for row in rows)
    ]
    return table(["", *columns.values()], body)


def alone(best: Any, values: Sequence[float]) -> float | None:
    """The best of some values, None where several share it."""
    return best(values) if values.count(best(values)) == 1 else None


def cell(row: Report | None, best: float | None) -> str:
    """A value with its interval."""
    if row is None:
        return ""
    shown = f"**{row['value']:.4f}**" if row["value"] == best else f"{row['value']:.4f}"
    return f"{shown} <sub>{row['low']:.3f} to {row['high']:.3f}</sub>"
