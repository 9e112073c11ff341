"""Write docs/benchmarks.md from the files in benchmarks/results."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from warmstart.evaluate.metrics import lower_is_better

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, too

from scripts.adapt_table import adapt_section
from scripts.complement_table import complement_section
from scripts.compress_table import compress_section
from scripts.conclusions import CONCLUSIONS
from scripts.context_figures import context_section
from scripts.dense_weight_table import dense_weight_section
from scripts.deploy_table import deploy_section
from scripts.exposure_table import exposure_section
from scripts.forgetting_table import forgetting_section
from scripts.impressions_table import impressions_section
from scripts.labelling_table import labelling_section
from scripts.million_table import million_section
from scripts.pages_table import pages_section
from scripts.published_figures import melu_section, published_section, table
from scripts.ratings_text_table import ratings_text_section
from scripts.scaling_table import scaling_section
from scripts.serve_table import serve_section
from scripts.soak_table import soak_section
from scripts.stranger_tables import onboarding_section, sentence_section
from scripts.tuning_table import tuning_section
from scripts.unseen_table import unseen_section

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
ADAPTED = ("adapt_chinese", "adapt_new_items", "adapt_whole")
PAGE = ROOT / "docs" / "benchmarks.md"
Report = Mapping[str, Any]

INTRODUCTION = """# Benchmarks

Every table is written by `python scripts/make_benchmarks.py` from the files in `benchmarks/results`,
which the command above each table wrote; `make bench` runs them all. [How we
measure](reference/evaluation.md) defines protocols and metrics. Intervals are 95 %, by bootstrap over
users and items (queries in search, texts in few-shot text); *better*, *tie* and *worse* are paired
comparisons of the method in focus with the best other method on the same cases, with Holm's
correction. Where a table says *tuned*, every method that has settings worth trying got that many trials
on an inner split of the training data (slow ones fewer), its defaults first; the engine always runs with
its defaults. Those hold weights that were learned on `beauty` and `ml100k`, among others, from users that
`new-users` and `new-both` do not ask (random cuts, seeds 0 to 2). `new-items`, `warm` and the temporal cuts
ask users that they were learned from, so there the engine's row is too good: [a shop nobody has
seen](#a-shop-nobody-has-seen) measures the same without the shop's own teacher. The best of each column is
bold. The shops are public data, for research only; put them into a folder and name it in `WARMSTART_DATA`.
"""
BEYOND = ("Coverage@20", "Gini@20", "Novelty@20", "ColdShare@20", "TargetColdShare")
MAIN: Mapping[str, tuple[str, ...]] = {
    "search": ("nDCG@10 e", "nDCG@10 c", "Judged@10", "Recall@100", "MRR"),
    "ratings": ("MAE", "nDCG@1", "nDCG@3"),
    "few-shot-text": ("accuracy", "macro-F1", "ECE", "AUROC"),
}
NO_BEST = ("Judged@10",)


def cell(row: Report | None, best: float | None) -> str:
    """A number with its interval, bold when it is the best of its column."""
    if row is None:
        return ""
    shown = f"**{row['value']:.4f}**" if row["value"] == best else f"{row['value']:.4f}"
    return shown if row["low"] is None else f"{shown} <sub>{row['low']:.3f} to {row['high']:.3f}</sub>"


def best_of(rows: Sequence[Report], metric: str) -> float | None:
    """The best value of a column, None where nothing is best or several are."""
    values = [row["value"] for row in rows]
    if metric in NO_BEST or metric.startswith(BEYOND) or not values:
        return None
    best = min(values) if lower_is_better(metric) else max(values)
    return best if values.count(best) == 1 else None


def shots_name(shots: int | None, protocol: str) -> str:
    """The head of a column."""
    if shots is None:
        return "all" if protocol == "ratings" else "nDCG@20"
    return f"n={shots}" if protocol == "few-shot-text" else f"k={shots}"


def grid(rows: Sequence[Report], columns: Mapping[Any, str], key: str, methods: Sequence[str]) -> str:
    """Methods by columns; `key` is the field that tells columns apart."""
    cells = {(row["method"], row[key]): row for row in rows}
    best = {
        column: best_of(
            [row for row in rows if row[key] == column], rows[0]["metric"] if key == "shots" else column
        )
        for column in columns
    }
    body = [
        [method, *(cell(cells.get((method, column)), best[column]) for column in columns)]
        for method in methods
        if any((method, column) in cells for column in columns)
    ]
    return table(["method", *columns.values()], body)


def protocol_section(name: str, report: Report) -> str:
    """One protocol on one shop: command, conclusion, tables, verdicts, costs and settings."""
    environment = report["environment"]
    title = f"## {report['protocol']} on {report['dataset']}" + (
        "" if report["cut"] == "random" else f", {report['cut']} cut"
    )
    tuned = f"tuned by {environment['trials']} trials" if environment.get("trials") else "not tuned"
    encoder = environment["encoder"].split("(")[0].split(":")[0]
    machine = f", {environment['machine']}" if environment.get("machine") else ""
    parts = [
        title,
        f"`{report['command']}`",
        CONCLUSIONS[name],
        f"{tuned[0].upper()}{tuned[1:]}{sampled(environment)}; encoder {encoder}"
        f"; {environment['workers']} processes of one thread{machine}.",
        *main_tables(report),
        *folded(report),
    ]
    return "\n\n".join(part for part in parts if part)


def sampled(environment: Report) -> str:
    """How many users of each seed were asked, where it was not all."""
    sample = environment.get("sample")
    return f"; a sample of {sample:,} users per seed, the same for every method" if sample else ""


def main_tables(report: Report) -> list[str]:
    """The main metrics of each set of candidates."""
    protocol = report["protocol"]
    metrics = MAIN.get(protocol, ("nDCG@20",))
    methods = list(dict.fromkeys(row["method"] for row in report["rows"]))
    found = []
    for candidates in dict.fromkeys(row["candidates"] for row in report["rows"]):
        rows = [
            row for row in report["rows"] if row["candidates"] == candidates and row["metric"] in metrics
        ]
        if not rows:
            continue
        cases = max(row["cases"] for row in rows)
        if protocol == "search":
            columns = {metric: metric for metric in metrics}
            found += [f"{cases:,} queries.", grid(rows, columns, "metric", methods)]
            continue
        for metric in [m for m in metrics if any(row["metric"] == m for row in rows)]:
            chosen = [row for row in rows if row["metric"] == metric]
            columns_by_shots = {row["shots"]: shots_name(row["shots"], protocol) for row in chosen}
            found += [
                f"{metric}, `{candidates}`, {cases:,} cases or fewer:",
                grid(chosen, columns_by_shots, "shots", methods),
            ]
    return found


def folded(report: Report) -> list[str]:
    """What only some want to see."""
    verdicts = [c for c in report["comparisons"] if c["strongest"]]
    return [
        "\n".join(f"- {verdict(comparison)}" for comparison in verdicts),
        details("Against every other method: wins, ties and losses", pairs(report)),
        details("Beyond accuracy", beyond(report)),
        details("Cost", costs(report)),
        details("Settings chosen", settings(report)),
    ]


def details(summary: str, content: str) -> str:
    """Something to unfold."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>" if content else ""


def verdict(comparison: Report) -> str:
    """One paired comparison in words."""
    relative = "" if comparison["relative"] is None else f"{comparison['relative']:+.1%}; "
    effect = "" if comparison["effect"] is None else f", effect {comparison['effect']:+.2f}"
    return (
        f"{comparison['method']}, {place(comparison)}: **{comparison['verdict']}** than"
        f" {comparison['against']} by {comparison['difference']:+.4f} ({relative}"
        f"{comparison['low']:+.4f} to {comparison['high']:+.4f};"
        f" p {comparison['p_holm']:.3f}{effect}; {comparison['wins']:,} cases won,"
        f" {comparison['ties']:,} tied, {comparison['losses']:,} lost)"
    ).replace("**tie** than", "**tie** with")


def place(comparison: Report) -> str:
    """Metric, candidates and shots."""
    shots = "" if comparison["shots"] is None else f", k={comparison['shots']}"
    return f"{comparison['metric']}, {comparison['candidates']}{shots}"


def pairs(report: Report) -> str:
    """How often the focus is better, tied and worse than each other method."""
    counts: dict[str, dict[str, int]] = {}
    for comparison in report["comparisons"]:
        found = counts.setdefault(comparison["against"], {"better": 0, "tie": 0, "worse": 0})
        found[comparison["verdict"]] += 1
    if len(counts) < 2:
        return ""
    rows = [[name, *(str(number) for number in found.values())] for name, found in counts.items()]
    focus = report["comparisons"][0]["method"]
    return table([f"{focus} against", "better", "tie", "worse"], rows)


def beyond(report: Report) -> str:
    """What the lists are like: one table per set of candidates, at the middle number of shots."""
    found = []
    for candidates in dict.fromkeys(row["candidates"] for row in report["rows"]):
        rows = [
            row for row in report["rows"] if row["candidates"] == candidates and row["metric"] in BEYOND
        ]
        shots = sorted({row["shots"] for row in rows if row["shots"] is not None})
        asked = 3 if 3 in shots else (shots[0] if shots else None)
        rows = [row for row in rows if row["shots"] == asked]
        if rows:
            columns = {m: m for m in BEYOND if any(row["metric"] == m for row in rows)}
            methods = list(dict.fromkeys(row["method"] for row in rows))
            at = "" if asked is None else f", k={asked}"
            found += [f"`{candidates}`{at}:", grid(rows, columns, "metric", methods)]
    return "\n\n".join(found)


def costs(report: Report) -> str:
    """Wall-clock time and memory."""
    rows = [
        [
            cost["method"],
            f"{cost['fit_s']:.1f}",
            f"{cost['query_ms_p50']:.2f}",
            f"{cost['query_ms_p99']:.2f}",
            "" if cost["peak_rss_mb"] is None else f"{cost['peak_rss_mb']:.0f}",
        ]
        for cost in report["cost"]
    ]
    return table(["method", "fit s", "query ms p50", "p99", "peak MB"], rows)


def settings(report: Report) -> str:
    """What tuning chose, per seed."""
    rows = [
        [
            tuning["method"],
            str(tuning["seed"]),
            str(tuning["trials"]),
            f"{tuning['default_score']:.4f}",
            f"{tuning['score']:.4f}",
            ", ".join(f"{name} {value}" for name, value in tuning["settings"].items()),
        ]
        for tuning in report["tunings"]
    ]
    head = ["method", "seed", "trials", "inner, defaults", "inner, chosen", "chosen"]
    return table(head, rows) if rows else ""


def engine_section(report: Report) -> str:
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


def summary_section(reports: Mapping[str, Report]) -> str:
    """What a shop should conclude, one line per table."""
    lines = [
        f"- **{report['protocol']} on {report['dataset']}**"
        + ("" if report["cut"] == "random" else f" ({report['cut']} cut)")
        + f": {CONCLUSIONS[name]}"
        for name, report in reports.items()
    ]
    return "\n\n".join(["## What a shop should conclude", "\n".join(lines)])


def read(name: str) -> Report | None:
    """A result, None where it was not measured."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def written(section: Callable[..., str], name: str, *more: str) -> list[str]:
    """A section from the result of its name and from others; none where it was not measured."""
    report = read(name)
    return [] if report is None else [section(report, *map(read, more))]


def render() -> str:
    """The whole page."""
    reports = {name: report for name in CONCLUSIONS if (report := read(name)) is not None}
    parts = [INTRODUCTION.strip(), summary_section(reports)]
    parts += [protocol_section(name, report) for name, report in reports.items()]
    parts += written(partial(unseen_section, tables=reports), "unseen_shop")
    parts += written(melu_section, "ml1m_melu-ratings")
    parts += written(context_section, "context")
    parts += written(complement_section, "complement")
    parts += [published_section(read("published_ranking"), read("published_text"))]
    parts += written(sentence_section, "sentence")
    parts += written(onboarding_section, "onboarding")
    parts += written(exposure_section, "exposure")
    parts += written(impressions_section, "impressions")
    parts += written(adapt_section, "adapt", *ADAPTED)
    parts += written(dense_weight_section, "dense_weight")
    parts += written(tuning_section, "tuning")
    parts += written(forgetting_section, "forgetting")
    parts += written(ratings_text_section, "ratings_text")
    parts += written(labelling_section, "labelling")
    parts += written(engine_section, "engine")
    parts += written(scaling_section, "scaling")
    parts += written(compress_section, "compress")
    parts += written(serve_section, "serve")
    parts += written(million_section, "million")
    parts += written(soak_section, "soak")
    parts += written(pages_section, "pages")
    parts += written(deploy_section, "deploy")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"written: {PAGE.relative_to(ROOT)}\n")
