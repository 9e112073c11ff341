"""The part of docs/benchmarks.md about cost as catalogues grow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]

SCALING_CONCLUSION: Final = (
    "Of the floors that were set two hold: to `observe` costs a thousandth of a `recommend` (asked: a "
    "tenth), and a new item is live and was found, compared and asked about after 14 ms (asked: 50). "
    "A question after one event takes 1.9 products with the content vectors at a million items, 2.0 at "
    "100,000, 3.1 at 20,000; after ten 2.0, 2.5 and 5.1; after a hundred 3.0, 5.4 and 9.4 (asked: 3): "
    "what a long history has touched is read once more for the regression on content, and in a small "
    "catalogue, where a product is less than a millisecond, preparation counts. Memory is 4.3 to 4.6 "
    "times vectors and ids (asked: 2): content, one row an item for all that is low-rank, and the pairs "
    "of what goes with what. The fit takes 17 times ALS (asked: 10), half of it to learn the weights "
    "from 400 questions of each kind."
)


def scaling_section(report: Report) -> str:
    """Time and memory by size of catalogue, and the costs of one shop beside their floors."""
    load = ", ".join(f"{average:.1f}" for average in report["load"])
    parts = [
        "## What a question costs as the catalogue grows",
        f"`{report['command']}`",
        SCALING_CONCLUSION,
        "Simulated catalogues with the rows, vectors and words of `beauty` and a long tail (a tenth of the"
        " items new, a fifth with 1 to 4 events). *Product* is one numpy matrix-vector product over the"
        " content vectors; a question is a score of every item and its best 20; × is the ratio of the"
        " medians of calls that took turns. *Memory* is that of all arrays, × over content vectors and"
        f" ids. {report['cpu_count']} shared cores, one thread (load averages {load}).",
        table(_HEAD, [_row(row) for row in report["rows"]]),
    ]
    return "\n\n".join([*parts, *([_beauty(report["beauty"])] if "beauty" in report else [])])


_HEAD: Final = (
    "items",
    "product, ms",
    "1 event, ms",
    "×",
    "10 events, ms",
    "×",
    "100 events, ms",
    "×",
    "memory, MB",
    "×",
    "of it tables, MB",
)


def _row(row: Report) -> list[str]:
    asked = [
        shown
        for events in ("1", "10", "100")
        for shown in (f"{row['question_ms'][events]:.1f}", f"{row['ratio'][events]:.1f}")
    ]
    held = [f"{row['memory_mb']:,.0f}", f"{row['memory_ratio']:.1f}", f"{row['tables_mb']:,.0f}"]
    return [f"{row['items']:,}", f"{row['product_ms']:.2f}", *asked, *held]


def _beauty(row: Report) -> str:
    body = [
        [
            "fit of the engine beside ALS, 64 factors, 15 iterations",
            f"{row['fit_s']} s / {row['als_s']} s",
            f"{row['fit_ratio']:.1f}",
            "10",
        ],
        [
            "`observe` beside `recommend`, a user with 100 events",
            f"{row['observe_ms']:.3f} ms / {row['recommend_ms']} ms",
            f"{row['observe_ratio']:.4f}",
            "0.1",
        ],
        ["`add` of one item", f"{row['add_ms']} ms", "", ""],
        [
            "the same, and a search, `similar` and `recommend` after it",
            f"{row['add_and_ask_ms']} ms",
            "",
            "50 ms",
        ],
    ]
    return "On `beauty`, each beside its floor in the same run:\n\n" + table(
        ["", "measured", "ratio", "at most"], body
    )
