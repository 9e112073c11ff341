"""The part of docs/benchmarks.md about tuning a language model on few labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]

CHINESE: Final = "eprstmt_zh"
CONCLUSION: Final = (
    "After one example of each label no way of tuning beat the frozen model certainly, on banking77 or"
    " clinc150, and SetFit certainly lost to it on both; the name of the label as one more example"
    " gained 14 and 6 points without any, and lifts the AUROC of questions out of scope from .923 to"
    " .961. After eight examples on banking77 the top layers, LoRA and bottleneck adapters certainly"
    " lost one to two points, full fine-tuning and AdaLoRA less than chance, a learned prompt four"
    " points, and SetFit was kept as it came by what was held back; after four on clinc150 all were"
    " level. After sixteen LoRA, SetFit and full fine-tuning were level with the frozen model, for ten"
    " times its seconds. In Chinese a network from scratch is no substitute for a pretrained one: seven"
    " minutes of masked words leave it near chance with eight examples a side, and tuning does not mend"
    " that; the closed-form encoder reads the same reviews in four seconds and is 17 to 20 points ahead."
)

EXPLAINED: Final = (
    "MiniLM; accuracy and macro-F1 on a fixed sample of test texts of as many labels as the table says,"
    " drawn once from those of the shop. *Gain*: accuracy beside *frozen*, the same model as it came"
    " with logistic regression, on the same seeds (draws of examples); 95 %, paired, by bootstrap over"
    " texts; bold where it is certain. Methods with one seed are compared with *frozen* of that seed:"
    " read their gain, not their accuracy. All methods read each text {epochs:g} times (SetFit: each"
    " text with a partner in {half:g} epochs) in batches of 16, from a head that starts as the frozen"
    " model's. From five examples of each label on one in five is held back and the best step kept, step"
    " 0 included; *kept frozen* counts the seeds in which that was the best. Then the head is fitted on"
    " all. One or two learning rates of each method were tried on training texts of banking77 alone (30"
    " labels, four examples of each, another seed). Regularisers stand on LoRA. *Out of scope*: AUROC of"
    " one minus the probability of the likeliest label, 300 questions of no label against those of the"
    " table. CPU seconds of one thread, bfloat16; peak MB of the process."
)
NETWORK: Final = (
    "*Own network*, for the Chinese reviews: {millions:.1f} M weights and their tokenizer from"
    " scratch, {steps:,} steps of masked words on {texts:,} unlabelled reviews, {cpu_s:,} CPU seconds"
    " and {peak_mb:,} MB once, not counted in the rows; then tuned on the labels, each text read"
    " {longer:g} times. Gains are over the closed-form catalogue encoder, frozen, with logistic"
    " regression; its seconds include reading the reviews."
)


def tuning_section(report: Report) -> str:
    """Every way of tuning beside the frozen model, by shop and number of examples."""
    places = dict.fromkeys((row["shop"], row["shots"]) for row in report["rows"])
    parts = [
        "## Tuning a language model on few labels",
        f"`{report['command']}`",
        CONCLUSION,
        EXPLAINED.format(epochs=report["epochs"], half=report["epochs"] / 2),
    ]
    parts += [_table(report["rows"], *place) for place in places if place[0] != CHINESE]
    chinese = [_table(report["rows"], *place) for place in places if place[0] == CHINESE]
    return "\n\n".join([*parts, *([_network(report), *chinese] if chinese else [])])


def _network(report: Report) -> str:
    made = report["network"]
    return NETWORK.format(longer=report["longer"], millions=made["parameters"] / 1e6, **made)


def _table(rows: Sequence[Report], shop: str, shots: int) -> str:
    chosen = [row for row in rows if (row["shop"], row["shots"]) == (shop, shots)]
    first = chosen[0]
    head = f"{shop}, n={shots} ({first['labels']} labels, {first['cases']} texts)"
    columns = ["seeds", "accuracy", "macro-F1", "gain", "CPU s", "peak MB", "trained", "kept frozen"]
    outside = any(row["auroc"] is not None for row in chosen)
    body = [_cells(row) + ([_auroc(row)] if outside else []) for row in chosen]
    return table([head, *columns, *(["out of scope"] if outside else [])], body)


def _cells(row: Report) -> list[str]:
    trained = row["trained_parameters"]
    return [
        row["method"],
        str(row["seeds"]),
        f"{row['accuracy']:.3f}",
        f"{row['macro_f1']:.3f}",
        _gain(row),
        f"{row['cpu_s']:.0f}",
        "" if row["peak_mb"] is None else f"{row['peak_mb']:,.0f}",
        f"{trained:,}" if trained else "",
        f"{row['kept_frozen']} of {row['seeds']}" if trained else "",
    ]


def _auroc(row: Report) -> str:
    return "" if row["auroc"] is None else f"{row['auroc']:.3f}"


def _gain(row: Report) -> str:
    if row["method"] == row["against"]:
        return ""
    certain = row["low"] > 0 or row["high"] < 0
    value = f"{row['gain']:+.3f}"
    return f"{f'**{value}**' if certain else value} <sub>{row['low']:+.3f} to {row['high']:+.3f}</sub>"
