"""The part of docs/benchmarks.md about what is forgotten when labels come in portions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]

CONCLUSION: Final = (
    "Tuned on one portion after the other without protection, a network loses a third of what it knew"
    " (.63 on the old, .96 on the new). Replaying two examples of each old label keeps nearly all of it"
    " (.86) at no cost to the new; L2-SP and EWC, which keep no example while they learn, forget as"
    " little but learn the new worse and end certainly behind, and distillation of the answers alone is"
    " not enough. None of them beats the frozen model with logistic regression on all examples (.908),"
    " which is fitted anew in seconds (what it loses it loses to the growing number of labels); class"
    " means, which need no old example, lose three points to it. Where all examples are still there,"
    " training anew on them, with nothing held back, is the one way that certainly gained (+.023, .005"
    " to .044), for five times the seconds. So keep the examples, and refit."
)
ABOUT: Final = (
    "{labels} labels of banking77 come in three portions of eight with {examples} examples of each"
    " label; MiniLM learns one portion after the other (all its weights, {epochs:g} epochs each) with"
    " one head for all labels, and is then asked {asked} test texts (those of the labels that came so"
    " far, answered among these). *Old* is the accuracy on earlier portions after the second and the"
    " last one, *new* that on a portion just after it was learned, *backward* what later portions did to"
    " earlier ones (Lopez-Paz and Ranzato 2017). *Gain*: the average at the end beside *frozen, all"
    " examples*, the model as it came with logistic regression on all that came; 95 %, paired, by"
    " bootstrap over texts; bold where it is certain. Means of {seeds} seeds, which draw the order of"
    " the labels and the examples. Replay keeps {kept} old examples, and half of every batch is of them;"
    " EWC sees the same ones once; L2-SP and distillation see none. Strengths were chosen on 24 other"
    " labels of the shop and training texts alone. CPU seconds of one thread for all portions, bfloat16."
)


def forgetting_section(report: Report) -> str:
    """Every protection beside none, and beside a model that is not trained at all."""
    heads = [
        "",
        "old after 2",
        "after 3",
        "after 4",
        "new",
        "average",
        "backward",
        "gain",
        "CPU s",
        "peak MB",
    ]
    rows = [_cells(row) for row in report["rows"]]
    return "\n\n".join(
        [
            "## What is forgotten when labels come in portions",
            f"`{report['command']}`",
            CONCLUSION,
            ABOUT.format(seeds=report["rows"][0]["seeds"], **report),
            table([*heads, "CPU s", "peak MB", "trained"], rows),
        ]
    )


def _cells(row: Report) -> list[str]:
    trained = row["trained_parameters"]
    return [
        row["method"],
        *(f"{row[key]:.3f}" for key in ("old_2", "old_3", "new", "average")),
        f"{row['backward']:+.3f}",
        _gain(row),
        f"{row['cpu_s']:.0f}",
        f"{row['peak_mb']:,}",
        f"{trained:,}" if trained else "",
    ]


def _gain(row: Report) -> str:
    if row["low"] == row["high"]:
        return ""
    value = f"{row['gain']:+.3f}"
    certain = row["low"] > 0 or row["high"] < 0
    return f"{f'**{value}**' if certain else value} <sub>{row['low']:+.3f} to {row['high']:+.3f}</sub>"
