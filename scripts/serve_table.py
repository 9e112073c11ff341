"""The section of docs/benchmarks.md about the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.published_figures import table
from scripts.serve_quality_table import quality_parts

Report = Mapping[str, Any]
KINDS: Final = ("search", "recommend", "similar", "events")
PEERS: Final = ("fts5", "tantivy", "als")
NAMES: Final = {"engine": "engine", "fts5": "FTS5", "tantivy": "Tantivy", "als": "ALS"}

SERVE_CONCLUSION: Final = (
    "The service adds about a millisecond to a question: on icecat a search takes 1.4 times what it takes "
    "in process, recommend and similar 1.2 (asked: at most 2), among 100,000 products 1.2, 1.1 and 1.0. "
    "Behind the same framework the peers are faster, and find worse: FTS5 gives a search in a third to a "
    "quarter of the time (nDCG@10 .708 against .783), Tantivy in a tenth to a twenty-sixth (.716), ALS a "
    "recommendation in a sixteenth to a twenty-sixth (below). In lists 14,000 to 19,000 events a second "
    "reach the disk (asked: 3,000). At 50 questions a second of all kinds, one of them a new product, the "
    "p99 of a recommendation is 45 ms on icecat and of a search 31; among 100,000 products 189 and 175 "
    "with one worker and 93 and 62 with two, where 30 and 50 were asked: there a recommendation takes "
    "20 ms of a core, and whoever comes next waits. One worker holds 460 and 934 MB."
)


def serve_section(report: Report) -> str:
    """What HTTP, keys, counters and the disk add to the engine, how much is answered, and how well."""
    parts = [
        "## What the service adds",
        "`python benchmarks/serve.py`",
        SERVE_CONCLUSION,
        "Clicks are simulated (popularity and users after Zipf, a tenth of the users unknown): they cost"
        " what clicks cost. *Bare framework*: FastAPI reads a JSON body and gives the same bytes. *Peers*,"
        " behind the same framework: SQLite FTS5 and Tantivy (stems) over title, brand and description, and"
        " ALS of `implicit` with 64 factors. All of them take turns, one question after another; × is the"
        " ratio of the medians of service and engine. Two shared cores, the client on them, too: compare"
        " the ratios.",
    ]
    for shop in report["shops"]:
        parts += [
            f"{shop['items']:,} products{_found(shop['ndcg'])}. {busy(shop)}",
            table(_ALONE, [_alone(shop, kind) for kind in KINDS]),
            "Many at once: answers a second with eight connections, and at 50 questions a second of all"
            " kinds (search and recommend 40 % each, events 18 %, new items 2 %), p50 / p95 / p99 in ms:",
            table(_TOGETHER, [row for kind in (*KINDS, "items") for row in [_together(shop, kind)]]),
            _rest(shop),
        ]
    return "\n\n".join(parts + quality_parts(report["quality"]) if "quality" in report else parts)


def busy(part: Report) -> str:
    """When a part was measured, and how busy the machine was."""
    before, after = (_load(part[name]) for name in ("load", "load_after"))
    return f"`{part['command']}`, {part['date'][:10]}; load averages {before} before, {after} after."


def _load(averages: Sequence[float] | None) -> str:
    return "not recorded" if averages is None else " / ".join(f"{average:.1f}" for average in averages)


def _found(ndcg: Mapping[str, float]) -> str:
    told = ", ".join(f"{NAMES[who]} {value:.3f}" for who, value in ndcg.items())
    return f"; nDCG@10 of the judged queries: {told}" if told else ", simulated"


_ALONE: Final = (
    "one after another, ms",
    "service p50",
    "p95",
    "p99",
    "engine p50",
    "×",
    "bare framework p50",
    "peers p50",
)
_TOGETHER: Final = ("", "a second, 1 worker", "2 workers", "mixed, 1 worker", "2 workers")


def _alone(shop: Report, kind: str) -> list[str]:
    found = {row["who"]: row for row in shop["alone"] if row["kind"] == kind}
    own, engine = found["service"], found["engine"]
    peers = [f"{NAMES[who]} {found[who]['p50']:.2f}" for who in PEERS if who in found]
    ratio = "–" if kind == "events" else f"{own['p50'] / engine['p50']:.2f}"
    return [
        kind,
        *(f"{own[name]:.1f}" for name in ("p50", "p95", "p99")),
        f"{engine['p50']:.2f}",
        ratio,
        f"{found['bare']['p50']:.2f}",
        ", ".join(peers) or "–",
    ]


def _together(shop: Report, kind: str) -> list[str]:
    loads = shop["together"]
    rates = [f"{load['a_second'][kind]:,.0f}" if kind in load["a_second"] else "–" for load in loads]
    mixed = [
        " / ".join(f"{load['mixed'][kind][name]:.0f}" for name in ("p50", "p95", "p99"))
        if kind in load["mixed"]
        else "–"
        for load in loads
    ]
    return [kind, *rates, *mixed]


def _rest(shop: Report) -> str:
    lists = " and ".join(f"{load['a_second']['events in lists']:,.0f}" for load in shop["together"])
    memory = " and ".join(f"{load['memory_mb']:,.0f}" for load in shop["together"])
    return (
        f"Events in lists of 500, on the disk before they are acknowledged: {lists} a second with one and"
        f" two workers. Memory of all processes: {memory} MB."
    )
