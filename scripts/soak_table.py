"""The section of docs/benchmarks.md about twenty minutes of the service's life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.published_figures import table

SOAK_CONCLUSION: Final = (
    "No error, no acknowledged event lost or kept twice, through a stop, a kill and five new models. "
    "Memory is level between two models; the first one that takes over after a start adds about 30 MB, "
    "the next up to 10. Twenty minutes do not tell whether that ends."
)

Report = Mapping[str, Any]
Sample = Sequence[float]

ENDS: Final = ("told to stop", "killed", "the end")
SETTLED: Final = 60.0
"""Seconds after which a service that was just started has built what first questions ask for."""


def soak_section(report: Report) -> str:
    """What was asked of it, what went wrong, and what it held."""
    calls = ", ".join(f"{count:,} of '{kind}'" for kind, count in sorted(report["calls"].items()))
    promoted = sum(came == "promoted" for came in report["refits"])
    return "\n\n".join(
        [
            "### Twenty minutes of its life",
            f"`{report['command']}`",
            SOAK_CONCLUSION,
            f"A simulated shop of 1,500 products, four clients without a pause for {report['minutes']:.0f} "
            f"minutes ({calls}), stopped once and killed once and started again, {len(report['refits'])} "
            f"refits by force ({promoted} took over; one that runs when the service ends is not made up "
            "for). Errors while it was meant to be there: "
            f"{report['errors']}. Of {report['acknowledged']:,} acknowledged events {report['lost']} were "
            f"lost and {report['twice']} kept twice; {report['called_again']:,} calls were made again "
            "while it was away. Memory of the serving process in MB:",
            table(
                ["until", "after a minute", "at the end", "most"],
                [_run(report["memory"], number, end) for number, end in enumerate(ENDS)],
            ),
        ]
    )


def _run(memory: Sequence[Sample], number: int, end: str) -> list[str]:
    samples = [(at, held) for at, run, held in memory if run == number]
    settled = [held for at, held in samples if at >= samples[0][0] + SETTLED]
    return [end, f"{settled[0]:.0f}", f"{settled[-1]:.0f}", f"{max(held for _, held in samples):.0f}"]
