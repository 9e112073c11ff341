"""The part of docs/benchmarks.md about tuning a language model on few labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

try:
    from scripts.published_figures import table
except ModuleNotFoundError:  # run as a file
    from published_figures import table  # type: ignore[import-not-found, no-redef]

Report = Mapping[str, Any]

CONCLUSION: Final = (
    "After one example of each label no way of tuning certainly beat the frozen model, and most lost to it,"
    " SetFit the most; the name of the label as one more example gained 13 points without any. After eight"
    " none was certainly better either: what was held back kept full fine-tuning, the top layers and SetFit"
    " as they came, the small adapters moved by less than chance, and a learned prompt lost;"
    " after sixteen LoRA, SetFit and full fine-tuning were level with it, for ten times its seconds."
)

EXPLAINED: Final = (
    "MiniLM; accuracy and macro-F1 on a fixed sample of test texts of as many labels as the table says,"
    " drawn once from those of the shop. *Gain*: accuracy beside *frozen*, the same model as it came"
    " with logistic regression; 95 %, paired, by bootstrap over texts; bold where it is certain. All"
    " methods read each text {epochs:g} times (SetFit: each text with a partner in {half:g} epochs) in"
    " batches of 16, from a head that starts as the frozen model's. From five examples of each label on"
    " one in five is held back and the best step kept, step 0 included; *kept frozen* counts the seeds"
    " in which that was the best. Then the head is fitted on all. One or two learning rates of each"
    " method were tried on training texts of banking77 alone (30 labels, four examples of each, another"
    " seed). Regularisers stand on LoRA. CPU seconds of one thread, bfloat16; peak MB of the process."
)


def tuning_section(report: Report) -> str:
    """Every way of tuning beside the frozen model, by shop and number of examples."""
    places = dict.fromkeys((row["shop"], row["shots"]) for row in report["rows"])
    return "\n\n".join(
        [
            "## Tuning a language model on few labels",
            f"`{report['command']}`",
            CONCLUSION,
            EXPLAINED.format(epochs=report["epochs"], half=report["epochs"] / 2),
            *(_table(report["rows"], *place) for place in places),
        ]
    )


def _table(rows: Sequence[Report], shop: str, shots: int) -> str:
    chosen = [row for row in rows if (row["shop"], row["shots"]) == (shop, shots)]
    first = chosen[0]
    seeds = max(row["seeds"] for row in chosen)
    head = f"{shop}, n={shots} ({first['labels']} labels, {first['cases']} texts, {seeds} seed"
    columns = ["accuracy", "macro-F1", "gain", "CPU s", "peak MB", "trained", "kept frozen"]
    body = [
        [
            row["method"],
            f"{row['accuracy']:.3f}",
            f"{row['macro_f1']:.3f}",
            _gain(row),
            f"{row['cpu_s']:.0f}",
            "" if row["peak_mb"] is None else f"{row['peak_mb']:,.0f}",
            f"{row['trained_parameters']:,}" if row["trained_parameters"] else "",
            f"{row['kept_frozen']} of {row['seeds']}" if row["trained_parameters"] else "",
        ]
        for row in chosen
    ]
    return table([head + ("s)" if seeds > 1 else ")"), *columns], body)


def _gain(row: Report) -> str:
    if row["method"] == "frozen":
        return ""
    certain = row["low"] > 0 or row["high"] < 0
    value = f"{row['gain']:+.3f}"
    return f"{f'**{value}**' if certain else value} <sub>{row['low']:+.3f} to {row['high']:+.3f}</sub>"
