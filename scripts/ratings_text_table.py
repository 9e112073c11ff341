"""The part of docs/benchmarks.md about ratings of new items, told from their text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]

CONCLUSION: Final = (
    "Reading the text by a tuned model is not how to rate new films. All weights tuned bring MAE from"
    " .889 to .878 and LoRA nothing, both within chance of the frozen model, and no text rater is better"
    " than a user's bias alone (.880), which reads no text and costs nothing. What helps is the taste:"
    " `rater.factor` carries what each user likes over to new films by their text (.851 with the"
    " catalogue encoder, .834 with MiniLM's vectors as they came), certainly better than the frozen text"
    " rater, and ahead of the tuned ones for twelve CPU seconds against fifty."
)
ABOUT: Final = (
    "ml100k; a fifth of the films loses all ratings in training and keeps title, genres and year. All"
    " ratings that {users} users of each seed gave such films are asked for ({ratings:,} in all, {seeds}"
    " seeds); what they gave other films is the evidence of every rater. *text, frozen* is MiniLM as it"
    " came with a ridge from its vectors to the films' means; the tuned ones (`rater.fine-tuned`) start"
    " from it, read each film {epochs:g} times, hold back a fifth of them and keep the best step, step 0"
    " included; *kept frozen* counts the seeds in which that was the best. *Change*: MAE beside *text,"
    " frozen*; 95 %, by bootstrap over users and films; bold where it is certain; below zero is better."
    " CPU seconds of one thread to fit, bfloat16; peak MB of the process."
)


def ratings_text_section(report: Report) -> str:
    """Every rater on films that nobody rated."""
    first = report["rows"][0]
    heads = ["", "MAE", "change", "CPU s", "peak MB", "trained", "kept frozen"]
    return "\n\n".join(
        [
            "## Ratings of new films, told from their text",
            f"`{report['command']}`",
            CONCLUSION,
            ABOUT.format(**report, ratings=first["ratings"], seeds=first["seeds"]),
            table(heads, [_cells(row) for row in report["rows"]]),
        ]
    )


def _cells(row: Report) -> list[str]:
    trained = row["trained_parameters"]
    return [
        row["method"],
        f"{row['mae']:.4f} <sub>{row['low']:.3f} to {row['high']:.3f}</sub>",
        _change(row),
        f"{row['cpu_s']:.0f}",
        f"{row['peak_mb']:,}",
        f"{trained:,}" if trained else "",
        f"{row['kept_frozen']} of {row['seeds']}" if trained else "",
    ]


def _change(row: Report) -> str:
    low, high = row["change_low"], row["change_high"]
    if low == high:
        return ""
    value = f"{row['change']:+.4f}"
    return f"{f'**{value}**' if low > 0 or high < 0 else value} <sub>{low:+.3f} to {high:+.3f}</sub>"
