"""Write docs/benchmarks.md from the files in benchmarks/results."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"

INTRODUCTION = """# Benchmarks

Every table is written by `python scripts/make_benchmarks.py` from the files in
`benchmarks/results`, which the command above each table wrote. [How we
measure](reference/evaluation.md) defines protocols and metrics. Intervals are 95 %, by bootstrap
over users and items (queries in search); *better*, *tie* and *worse* are paired comparisons of the
engine with the best other method on the same cases, with Holm's correction. The shops are public
data, for research only; put them into a folder and name it in `WARMSTART_DATA`.
"""

CONCLUSIONS = {
    "icecat-search": (
        "On a catalogue that nobody has clicked in yet, words alone already rank well; meaning "
        "learned from the catalogue adds results that no judge had seen (c rises, within the "
        "interval) and costs what unjudged results cost (Judged@10 falls)."
        " Three defaults (the coverage discount, the share of the dense leg and the shrinkage of the"
        " encoder) were chosen with these 57 queries in sight, from a handful of round values each;"
        " other judged queries will tell how much of that carries over."
    ),
    "beauty-new-users": (
        "From the first event on, the fused score beats every one of its parts; before it, "
        "popularity is what there is."
    ),
    "beauty-new-items": (
        "Among new products the engine ranks better than its best part. In the whole catalogue "
        "plain content shows more new products than the engine does: showing them is a matter of "
        "exposure, which a policy has to grant and no score does by itself."
    ),
    "ml100k-new-users": (
        "In a small shop where everybody rates the same famous films first, popularity is as good "
        "as anything up to three events; the learned weights know it and stay with it."
    ),
    "ml100k-new-items": (
        "Among new films the engine leads, within the interval. In the whole catalogue it never "
        "shows a new one: its learned weights follow popularity. A shop that wants new items seen "
        "needs an exposure policy."
    ),
}
METRICS = {
    "search": ["nDCG@10 e", "nDCG@10 c", "Judged@10", "Recall@100", "MRR"],
    "new-users": ["nDCG@20"],
    "new-items": ["nDCG@20"],
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with numbers to the right."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' + '--:|' * (len(head) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def value(row: dict[str, Any]) -> str:
    """A number with its interval."""
    if row["low"] is None:
        return f"{row['value']:.4f}"
    return f"{row['value']:.4f} <sub>{row['low']:.3f} to {row['high']:.3f}</sub>"


def protocol_section(name: str, report: dict[str, Any]) -> str:
    """One protocol on one shop: tables, verdicts and the command."""
    protocol = report["protocol"]
    rows = [row for row in report["rows"] if row["metric"] in METRICS[protocol]]
    methods = list(dict.fromkeys(row["method"] for row in rows))
    parts = [f"## {protocol} on {report['dataset']}", f"`{report['command']}`", CONCLUSIONS[name]]
    for candidates in dict.fromkeys(row["candidates"] for row in rows):
        chosen = [row for row in rows if row["candidates"] == candidates]
        if protocol == "search":
            keys = [(metric, None) for metric in METRICS[protocol]]
            head = ["method", *METRICS[protocol]]
        else:
            shots = list(dict.fromkeys(row["shots"] for row in chosen))
            keys = [(METRICS[protocol][0], shot) for shot in shots]
            head = ["method", *(f"k={shot}" if shot is not None else "nDCG@20" for shot in shots)]
        cells = {(row["method"], row["metric"], row["shots"]): value(row) for row in chosen}
        body = [[method, *(cells.get((method, *key), "") for key in keys)] for method in methods]
        if candidates != "all" or protocol != "search":
            parts.append(f"Candidates: `{candidates}`, {chosen[0]['cases']:,} cases or fewer.")
        parts.append(table(head, body))
    parts.append("\n".join(f"- {verdict(comparison)}" for comparison in report["comparisons"]))
    return "\n\n".join(parts)


def verdict(comparison: dict[str, Any]) -> str:
    """One paired comparison in words."""
    shots = "" if comparison["shots"] is None else f", k={comparison['shots']}"
    return (
        f"{comparison['metric']}, {comparison['candidates']}{shots}: **{comparison['verdict']}** than"
        f" {comparison['against']} by {comparison['difference']:+.4f}"
        f" ({comparison['relative']:+.1%}; {comparison['low']:+.4f} to {comparison['high']:+.4f})"
    ).replace("**tie** than", "**tie** with")


def percentiles(measured: dict[str, float]) -> str:
    """Median and 99th percentile."""
    return f"{measured['p50_ms']} / {measured['p99_ms']}"


def engine_section(report: dict[str, Any]) -> str:
    """What the engine costs."""
    timed = (
        "search",
        "search_personal",
        "recommend_stranger",
        "recommend_5_events",
        "similar",
        "observe",
        "add",
    )
    plain = ("items", "events", "read_s", "fit_s", "save_s", "load_s", "artifact_mb", "peak_rss_mb")
    rows = [[name, *(f"{row[name]:,}" for row in report["rows"])] for name in plain]
    rows += [
        [
            f"{name}, ms p50 / p99",
            *(f"{row[name]['p50_ms']} / {row[name]['p99_ms']}" for row in report["rows"]),
        ]
        for name in timed
    ]
    load = ", ".join(f"{average:.1f}" for average in report["load"])
    return "\n\n".join(
        [
            "## What the engine costs",
            f"`{report['command']}`",
            "Default settings, one process. Times are of one run on"
            f" {report['cpu_count']} shared cores (load averages {load}); compare them with each other.",
            table(["", *(row["shop"] for row in report["rows"])], rows),
        ]
    )


def render() -> str:
    """The whole page."""
    parts = [INTRODUCTION.strip()]
    for name in CONCLUSIONS:
        path = RESULTS / f"{name}.json"
        if path.exists():
            parts.append(protocol_section(name, json.loads(path.read_text(encoding="utf-8"))))
    engine = RESULTS / "engine.json"
    if engine.exists():
        parts.append(engine_section(json.loads(engine.read_text(encoding="utf-8"))))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"written: {PAGE.relative_to(ROOT)}\n")
