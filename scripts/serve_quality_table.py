"""The part of the service's section about how well service and peers answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]
WHO: Final = {"service": "service", "als": "ALS", "neighbours": "neighbours"}
QUALITY_CONCLUSION: Final = (
    "Behind the same framework both peers answer faster, and certainly worse, on every kind of question. "
    "For regulars the service finds three quarters more (nDCG@10 .065; ALS .037, neighbours .034), for "
    "visitors after one event twice as much (.053 against .027) and after five a half more (.095 against "
    ".064); ALS takes half a millisecond, neighbours a third of one, the service 8 to 15. Before the first "
    "event the peers have nothing to say (the service shows what sells), after one event they still have "
    "nothing for the fifth whose event was with a new item, and new items they never list; the service "
    "does, though it finds few of those that are wanted (recall .02 after five events)."
)


def quality_parts(report: Report) -> list[str]:
    """Commands, conclusion, and one table of all kinds of questions."""
    shop, moment = report["shop"], report["date"][:10]
    load = " / ".join(f"{average:.1f}" for average in report["load"])
    return [
        "### The same questions, answered how well",
        "`python benchmarks/serve.py --quality`",
        QUALITY_CONCLUSION,
        f"{shop}: {report['items']:,} items and real interactions, cut as by the protocols; seed"
        f" {report['seed']}. *Regulars*: the last event of each is asked for (`warm`). *Visitors*: neither"
        " they nor a fifth of the items were there in training (`new-both`, every target); the question"
        f" brings their first events. The engine starts from weights that {shop} taught nothing."
        f" {_peers(report)} Quality is that of the lists of ten as HTTP gave them, with 95 % intervals, by"
        " bootstrap over users and items; the last column is paired. Milliseconds are of one question after"
        f" another, in turn. {moment}, load averages {load}.",
        table(_HEAD, [_row(row) for cut in report["cuts"] for row in cut["rows"]]),
    ]


_HEAD: Final = (
    "asked",
    "",
    "answered",
    "nDCG@10",
    "recall@10",
    "ms, p50",
    "p95",
    "nDCG@10, difference from the service",
)


def _row(row: Report) -> list[str]:
    first, ndcg = row["who"] == "service", row["ndcg"]
    return [
        f"{row['asked']} ({row['cases']:,})" if first else "",
        WHO[row["who"]],
        f"{row['answered']:.0%}",
        *(_within(row[name], "value", "low", "high", ".3f") for name in ("ndcg", "recall")),
        f"{row['p50']:.1f}",
        f"{row['p95']:.1f}",
        "" if first else _within(ndcg, "difference", "difference_low", "difference_high", "+.3f"),
    ]


def _within(found: Mapping[str, float], value: str, low: str, high: str, form: str) -> str:
    return f"{found[value]:{form}} <sub>{found[low]:{form}} to {found[high]:{form}}</sub>"


def _peers(report: Report) -> str:
    """Which settings the inner cuts chose."""
    told = [f"{cut['cut']}: " + " and ".join(map(_chosen, cut["peers"])) for cut in report["cuts"]]
    return (
        "ALS and item neighbours of `implicit`, with settings chosen on an inner cut of the training part ("
        + "; ".join(told)
        + "); a visitor's factors are solved for from what the question brings."
    )


def _chosen(peer: Report) -> str:
    settings = ", ".join(f"{name} {value:g}" for name, value in peer["settings"].items())
    return f"{peer['kind']} with {settings}"
