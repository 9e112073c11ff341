"""The section of docs/benchmarks.md about a million users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]

CONCLUSION: Final = (
    "One process holds 100,000 products and a million users with three million clicks in .69 GB after its "
    "start and in .84 GB after 900 calls (asked: less than 1). What was clicked takes a tenth of a table's "
    "room: it is packed. The larger part is what each product says: its content, its vectors, and the row "
    "that answers for it."
)


def million_section(report: Report) -> str:
    """What it holds, and how long it takes when one asks at a time."""
    held = report["memory_mb"]
    return "\n\n".join(
        [
            "### A million users",
            f"`{report['command']}`",
            CONCLUSION,
            f"{report['items']:,} products, {report['users']:,} users, {report['events']:,} clicks, "
            "simulated. Memory of the serving process after its start "
            f"{held['started']:.0f} MB, after 600 questions {held['asked']:.0f}, after 300 new products "
            f"{held['new products']:.0f} (ready {report['start_seconds']:.0f} seconds after its start). "
            "Ten questions a second at random, then the new products one after another, in ms:",
            table(
                ["", "p50", "p95", "p99"],
                [
                    [kind, *(f"{figures[name]:.1f}" for name in ("p50", "p95", "p99"))]
                    for kind, figures in report["answers"].items()
                ],
            ),
        ]
    )
