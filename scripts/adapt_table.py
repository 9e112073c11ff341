"""The part of docs/benchmarks.md about models fitted to a shop's own text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from scripts.published_figures import table

Report = Mapping[str, Any]

MEASURES: Final = ("dense e", "dense c", "hybrid e", "hybrid c", "hybrid judged")
FROZEN: Final = "frozen"

ABOUT: Final = (
    "all-MiniLM-L6-v2, or a network from scratch, fitted to the text of all {learned_from_items:,} "
    "products of icecat without a judgment; then {queries} judged queries are asked of {catalogue:,} "
    "products: all that were judged, the others by chance, so that e is higher than in the whole "
    "catalogue. *Pairs* is the mean reciprocal rank of the right text for held-out pairs, by which "
    "the weights to keep are chosen; *best* is their step. e is nDCG@10 with unjudged = 0, c among "
    "judged products only; hybrid search has its defaults. CPU seconds are of one core, looks at the "
    "held-out pairs included; training in bfloat16, from scratch in float32."
)

CONCLUSION: Final = (
    "Fitting MiniLM to icecat with pairs or with SimCSE finds more of the held-out pairs, and does not "
    "move hybrid search: no change of e or c reaches .01, and next to none can be told from zero. More "
    "judged products come up, and the dense leg alone loses a little in c. TSDAE and masked words find "
    "fewer of the pairs, so there the model stays as it came. With a good English encoder, then, do "
    "nothing: held-out pairs say that a shop's text was learned, not that its shoppers find more. "
    "Training all weights learns more of the pairs than LoRA in the same steps, for a quarter more "
    "time. A network from scratch, from text alone, is well behind."
)
CHINESE: Final = (
    "From scratch, with the searches of the shop's visitors, a network is ahead of the closed-form "
    "catalogue encoder by less than chance, for four minutes of one core; a table distilled from it "
    "keeps about half of that. The English model finds little by meaning."
)


NEW_ITEMS: Final = (
    "On beauty the held-out pairs rose (categories of a title .51 to .67, spans of a title .35 to .33)"
    " and new products are ranked certainly worse: -.026 by meaning alone, -.016 beside tf-idf. MiniLM"
    " as it came, with tf-idf, is best (.111), the closed-form catalogue encoder level with it. Held-out"
    " pairs are no judge of recommendations: measure those before you put a fitted encoder in."
)
ABOUT_NEW_ITEMS: Final = (
    "Protocol `new-items`, `cold`, seed {seed}, {users:,} users; nDCG@20 of the likeness of texts"
    " alone, by the encoder's cosine, and by that and tf-idf in equal shares. MiniLM was fitted to"
    " titles and categories of the whole catalogue without events (contrastive, LoRA, {steps} steps,"
    " best step {best_step}, {cpu_seconds:,.0f} CPU seconds, {peak_mb:,} MB, {trained_parameters:,}"
    " weights; held-out pairs {pairs}). The difference is paired, 95 %, by bootstrap over users and"
    " items."
)


WHOLE_COMMAND: Final = (
    'python benchmarks/adapt.py --catalogue 19406 --runs "frozen;contrastive, lora" '
    "--out benchmarks/results/adapt_whole.json"
)
WHOLE: Final = (
    "Among all products the fitted model is certainly worse in e, and not better in c, while it finds more "
    "of the held-out pairs (.654 to .703): leave a good encoder as it came."
)


def adapt_section(
    report: Report,
    chinese: Report | None = None,
    new_items: Report | None = None,
    whole: Report | None = None,
) -> str:
    """What each objective costs, finds of held-out pairs, and gains at search."""
    head = [
        "## Language models fitted to a shop's text",
        f"`{report['command']}`",
        CONCLUSION,
        ABOUT.format(**report),
        table(
            ["run", "steps", "best", "CPU s", "peak MB", "trained", "pairs", "dense e / c", "hybrid e / c"],
            [_row(name, row) for name, row in report["rows"].items()],
        ),
        "Gains over the frozen model, hybrid search:",
        table(
            ["run", "e", "c", "Judged@10"],
            [_gains(name, row, report) for name, row in report["rows"].items() if name != FROZEN],
        ),
    ]
    more = [
        *(_whole(whole) if whole else []),
        *(_chinese(chinese) if chinese else []),
        *(_new_items(new_items) if new_items else []),
    ]
    return "\n\n".join([*head, *more])


def interval(
    values: Sequence[Sequence[float]], frozen: Sequence[Sequence[float]], measure: str
) -> list[float]:
    """Mean difference over the queries, and its bootstrap interval."""
    column = MEASURES.index(measure)
    differences = np.array(values)[:, column] - np.array(frozen)[:, column]
    drawn = np.random.default_rng(0).integers(0, len(differences), (2000, len(differences)))
    low, high = np.percentile(differences[drawn].mean(axis=1), [2.5, 97.5])
    return [float(differences.mean()), float(low), float(high)]


def pairs_found(measures: Mapping[str, float]) -> float:
    """Mean over the kinds of pairs."""
    return float(np.mean(list(measures.values())))


def _row(name: str, row: Report) -> list[str]:
    scores = _scores(np.array(row["per_query"]))
    if "steps" not in row:
        return [name, *["–"] * 6, *scores]
    found = f"{pairs_found(row['before']):.3f} → {pairs_found(row['after']):.3f}"
    numbers = [f"{row[key]:,.0f}" for key in ("steps", "best_step", "cpu_seconds", "peak_mb")]
    return [name, *numbers, f"{row['trained_parameters'] / 1e6:.2f} M", found, *scores]


def _scores(per_query: Any) -> list[str]:
    means = dict(zip(MEASURES, per_query.mean(axis=0), strict=True))
    return [f"{means[f'{leg} e']:.3f} / {means[f'{leg} c']:.3f}" for leg in ("dense", "hybrid")]


def _gains(name: str, row: Report, report: Report) -> list[str]:
    frozen = report["rows"][FROZEN]["per_query"]
    found = [interval(row["per_query"], frozen, f"hybrid {measure}") for measure in ("e", "c", "judged")]
    return [name, *(f"{mean:+.3f} <sub>{low:+.3f} – {high:+.3f}</sub>" for mean, low, high in found)]


def _whole(report: Report) -> list[str]:
    rows = [
        [
            name,
            *_scores(np.array(row["per_query"])),
            *(_gains(name, row, report)[1:3] if "steps" in row else ["", ""]),
        ]
        for name, row in report["rows"].items()
    ]
    return [
        "### The whole catalogue",
        f"`{WHOLE_COMMAND}`",
        WHOLE,
        f"{report['queries']} judged queries, {report['catalogue']:,} products; gains in hybrid search.",
        table(["run", "dense e / c", "hybrid e / c", "gain in e", "gain in c"], rows),
    ]


def _chinese(report: Report) -> list[str]:
    rows = [
        [
            name,
            f"{row['cpu_seconds']:,.0f}" if "cpu_seconds" in row else "–",
            *_scores(np.array(row["per_query"])),
        ]
        for name, row in report["rows"].items()
    ]
    return [
        "### A Chinese shop without a pretrained model",
        f"`{report['command']}`",
        CHINESE,
        f"A simulated shop of {report['items']:,} products, {report['queries']} judged queries.",
        table(["encoder", "CPU s", "dense e / c", "hybrid e / c"], rows),
    ]


def _new_items(report: Report) -> list[str]:
    fitted = report["fitted"]
    told = dict(fitted) | {
        "seed": ", ".join(map(str, report["seeds"])),
        "users": report["rows"][0]["cases"],
        "pairs": f"{pairs_found(fitted['before']):.3f} → {pairs_found(fitted['after']):.3f}",
    }
    rows = [_ranked(row, report["changes"].get(row["method"])) for row in report["rows"]]
    return [
        "### New products of beauty",
        f"`{report['command']}`",
        NEW_ITEMS,
        ABOUT_NEW_ITEMS.format(**told),
        table(["content by", "nDCG@20", "fitted beside frozen"], rows),
    ]


def _ranked(row: Report, change: Report | None) -> list[str]:
    told = (
        "" if change is None else "{difference:+.4f} <sub>{low:+.4f} to {high:+.4f}</sub>".format(**change)
    )
    return [row["method"], f"{row['value']:.4f} <sub>{row['low']:.3f} to {row['high']:.3f}</sub>", told]
