"""The part of docs/benchmarks.md about what goes with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from scripts.published_figures import table

COMPLEMENT_CONCLUSION: Final = (
    "What goes with a thing is not what is like it: directed relations find what a shopper of cosmetics "
    "takes next 15 % better than neighbours by co-purchase and by three fifths better than likeness. In a "
    "grocer's sampled receipts (most lines are missing) they find the rest of a basket as well as "
    "popularity does and no better, while item-kNN and the random walk lose a third of that, because pairs "
    "that were met once or twice fool them. Among new products all methods that read events and text are "
    "level: the mixture that carts had before is ahead on cosmetics, the relations on groceries, neither "
    "certainly."
)


def complement_section(report: Mapping[str, Any]) -> str:
    """One table per shop, and the verdicts of the relations against every other method."""
    parts = [
        "## What goes with what",
        f"`{report['command']}`",
        COMPLEMENT_CONCLUSION,
        f"Up to {report['sample']:,} questions per shop and seed (seeds"
        f" {', '.join(map(str, report['seeds']))}) from withheld users, a fifth of the items new; default"
        " settings, catalogue encoder. *completejourney*: some lines of a basket are known, the rest is to"
        " be found, among all products that were sold. *beauty*: one item is known, the next is to be"
        " found. *mixture* is the fused scorer with weights set by hand for carts, *complement* what"
        " `Engine.cart` uses now.",
    ]
    for shop in dict.fromkeys(row["shop"] for row in report["rows"]):
        rows = [row for row in report["rows"] if row["shop"] == shop]
        parts += [f"`{shop}`:", _grid(rows), "\n".join(_verdicts(report, shop))]
    return "\n\n".join(parts)


def _grid(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys((row["candidates"], row["metric"], row["cases"]) for row in rows))
    cells = {(row["method"], row["candidates"], row["metric"]): row for row in rows}
    body = [
        [method, *(_cell(cells[method, candidates, metric]) for candidates, metric, _ in columns)]
        for method in dict.fromkeys(row["method"] for row in rows)
    ]
    heads = [f"{metric}, {candidates} ({cases:,} cases)" for candidates, metric, cases in columns]
    return table(["method", *heads], body)


def _cell(row: Mapping[str, Any]) -> str:
    return f"{row['value']:.4f} <sub>{row['low']:.3f} to {row['high']:.3f}</sub>"


def _verdicts(report: Mapping[str, Any], shop: str) -> Iterator[str]:
    for row in report["comparisons"]:
        if row["shop"] == shop and row["metric"] == "Recall@20":
            certain = row["p_holm"] < 0.05
            verdict = ("better than" if row["difference"] > 0 else "worse than") if certain else "tie with"
            yield (
                f"- complement, {row['metric']}, {row['candidates']}: **{verdict}** {row['against']} by"
                f" {row['difference']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f};"
                f" p {row['p_holm']:.3f})"
            )
