"""The section of docs/benchmarks.md about how large a machine is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.published_figures import table
from scripts.serve_table import busy

Report = Mapping[str, Any]
STARTS: Final = {
    "first": "the first, which learns the shop",
    "again": "again",
    "two workers": "two workers",
}


def deploy_section(report: Report) -> str:
    """Starts, memory and disk on icecat; the console's doors on beauty."""
    small, large = report["icecat"], report["beauty"]
    return "\n\n".join(
        [
            "### How large a machine",
            busy(report),
            f"`warmstart serve` on icecat ({small['items']:,} products without events, encoder"
            " `catalogue`), read after it answered thirty searches and thirty recommendations for each"
            " worker. *Resident* counts what processes share for each of them, *proportional* (PSS) once."
            f" Service and learner together held at most {small['learning_mb']:.0f} MB (PSS) while the shop"
            " was learned anew. The home folder, with both models, takes"
            f" {small['disk_mb']:.0f} MB.{_environment(report)}",
            table(_STARTS, [_start(row) for row in small["rows"]]),
            f"The doors behind the console's views, on beauty ({large['items']:,} items,"
            f" {large['events']:,} events; first start {large['first_start_seconds']:.0f} s). A replay"
            " shows the last 30 events of one of the busiest users; *For whom* asked"
            f" {large['for_whom_questions']} questions.",
            table(_DOORS, [_door(row) for row in large["rows"]]),
        ]
    )


def _environment(report: Report) -> str:
    if "environment_mb" not in report:
        return ""
    return f" An environment with the extra `serve` takes {report['environment_mb']:.0f} MB."


_STARTS: Final = ("start", "ready after, s", "resident, MB", "proportional, MB")
_DOORS: Final = ("view", "calls", "ms, median", "longest")


def _start(row: Report) -> list[str]:
    return [
        STARTS[row["start"]],
        f"{row['seconds']:.1f}",
        f"{row['rss_mb']:.0f}",
        f"{row['pss_mb']:.0f}",
    ]


def _door(row: Report) -> list[str]:
    return [row["door"], str(row["calls"]), f"{row['p50']:.0f}", f"{row['most']:.0f}"]
