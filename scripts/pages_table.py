"""The section of docs/benchmarks.md about the pages in a browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]
PAGES_CONCLUSION: Final = (
    "The first page of the demo is complete in .35 s, and in .38 s where it is the very first that the"
    " service gives (asked: under a second). Among 100,000 products the pages of the shop take .3 to .5 s,"
    " the views of the console too: what is shown does not grow with the shop. No median is above .7 s, no"
    " load took a second. A browser keeps the files: 24 requests become 3, the page and its answers. By a"
    " slow network the first visit is complete in 3.2 s, the next in 1.2 s. The first search of a large"
    " shop waits .3 s at most for its spelling to be learned."
)
_FIRST: Final = ("", "paint", "complete", "slowest", "kB", "requests")
_COLUMNS: Final = (*_FIRST, "again: paint", "complete", "kB", "requests")


def pages_section(report: Report) -> str:
    """What a visitor waits for, the first time and again."""
    load = ", ".join(f"{average:.1f}" for average in report["load"])
    parts = [
        "## The pages in a browser",
        f"`{report['command']}`",
        PAGES_CONCLUSION,
        f"{report['browser']} on the machine of the service ({report['cpu_count']} cores, shared; load"
        f" averages {load}). Medians of {report['rounds']} loads in ms since the navigation began:"
        " *paint* is the first contentful paint, *complete* when all that the page asked for is shown."
        " Each load is by a browser that has nothing, then *again* by the same one. kB are those sent,"
        " packed where they are.",
    ]
    for shop in report["shops"]:
        parts += [_head(shop), table(_COLUMNS, [_row(page) for page in shop["pages"]])]
        if shop["slow"]:
            cold, warm = shop["slow"]["cold"], shop["slow"]["warm"]
            parts.append(
                "Home by a slow network (400 ms, 400 kbit/s; 3 loads): painted after"
                f" {_seconds(cold['paint'])}, complete after {_seconds(cold['complete'])}; again after"
                f" {_seconds(warm['paint'])} and {_seconds(warm['complete'])}."
            )
    return "\n\n".join(parts)


def _head(shop: Report) -> str:
    return (
        f"{shop['shop']}, {shop['items']:,} products; the very first page of the service"
        f" {shop['first']['complete']:.0f} ms, the first search, which learns the spelling,"
        f" {shop['first_search']:.0f} ms:"
    )


def _row(page: Report) -> list[str]:
    cold, warm = page["cold"], page["warm"]
    return [
        page["page"],
        *(f"{cold[name]:.0f}" for name in ("paint", "complete", "slowest")),
        f"{cold['bytes'] / 1e3:.0f}",
        f"{cold['requests']:.0f}",
        *(f"{warm[name]:.0f}" for name in ("paint", "complete")),
        f"{warm['bytes'] / 1e3:.0f}",
        f"{warm['requests']:.0f}",
    ]


def _seconds(ms: float) -> str:
    return f"{ms / 1e3:.1f} s"
