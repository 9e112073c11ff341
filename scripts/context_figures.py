"""The part of docs/benchmarks.md about what a scene is worth before the first event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.published_figures import table

CONTEXT_CONCLUSION: Final = (
    "Of a stranger who says age, gender and occupation the first five films are foretold an eighth better "
    "than by popularity; what they turn to later, once the famous films are done, is a tie. In a grocery "
    "the store a household shops in is worth a sixteenth, its demographics and the hour next to "
    "nothing. In the simulated year, where campaigns, declared interests, ages and seasons were planted, "
    "all that is known of a visit more than doubles popularity; what was planted as noise (device, "
    "channel, city) is not believed. The clock alone is never certainly better here, nor worse. Ask people "
    "what they are into before you look at the clock."
)


def context_section(report: Mapping[str, Any]) -> str:
    """Popularity beside popularity in its context, for strangers."""
    rows = [
        [
            row["shop"],
            row["question"],
            row["told"],
            f"{row['users']:,}",
            f"{row['popularity']:.4f}",
            f"{row['context']:.4f}",
            f"{row['difference']:+.4f} <sub>{row['low']:+.4f} to {row['high']:+.4f}</sub>",
        ]
        for row in report["rows"]
    ]
    head = ["shop", "question", "told", "users", "popularity", "in context", "difference"]
    return "\n\n".join(
        [
            "## What a scene is worth to a stranger",
            f"`{report['command']}`",
            CONTEXT_CONCLUSION,
            "nDCG@20 of withheld users of whom no event is known (k = 0; seeds 0, 1, 2; not tuned), mean"
            " over users. *First five* are the first items that they turn to, *after five* the targets of"
            " the protocol, *visits* what they turn to within one hour. *Profile* is their row of the users"
            " table, *moment* the time, *logged* what the shop notes of a visit, *all* the three together.",
            table(head, rows),
            "Features that the scorer believed, with their weights: " + believed(report) + ".",
        ]
    )


def believed(report: Mapping[str, Any]) -> str:
    """By shop: each feature with its weight per seed, a dash where it was dropped."""
    shops = dict.fromkeys(row["shop"] for row in report["believed"])
    return "; ".join(f"{shop}: {_features(report, shop)}" for shop in shops)


def _features(report: Mapping[str, Any], shop: str) -> str:
    fits = [row["weights"] for row in report["believed"] if row["shop"] == shop]
    names = sorted({name for weights in fits for name in weights})
    return ", ".join(
        f"{name} {'/'.join(f'{weights[name]:.2f}' if name in weights else '–' for weights in fits)}"
        for name in names
    )
