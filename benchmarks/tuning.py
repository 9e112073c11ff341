"""Ways of tuning a language model on few labels, beside the frozen one; writes results/tuning.json.

    python benchmarks/tuning.py                   banking77, clinc150 and eprstmt_zh under $WARMSTART_DATA;
                                                  what was measured before is kept
    python benchmarks/tuning.py banking77         only this shop
    python benchmarks/tuning.py --only lora,top   only these methods
    python benchmarks/tuning.py --shots 8         only so many examples of each label
    python benchmarks/tuning.py --quick           one epoch, 50 questions, nothing written: does it run?

Examples are drawn as the protocol `few-shot-text` draws them, from `LABELS` labels of the shop; a fixed
sample of the test texts of these labels is asked, the same of every method. All methods get the same epochs
and batches; SetFit, which reads each text twice in an epoch, gets half the epochs. Learning rates were
compared on training texts of banking77 alone, examples and questions drawn with another seed. Training is
in bfloat16, answers in float32. Times are CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
import polars as pl
from common import packaged_model

from warmstart import read_shop
from warmstart.core import columns as c
from warmstart.encoders.tuning import Method
from warmstart.evaluate.bootstrap import Pieces, interval, resample
from warmstart.evaluate.labelling import accuracy_parts, macro_f1_parts
from warmstart.evaluate.protocols.text_exam import TextExam, make_exam
from warmstart.roles.classifier import Classifier
from warmstart.tasks.classify.encoder_logistic import EncoderLogisticClassifier
from warmstart.tasks.classify.fine_tuned import FineTunedClassifier
from warmstart.tasks.classify.setfit import SetFitClassifier

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULT = HERE / "results" / "tuning.json"
ENGLISH: Final = ("banking77", "clinc150")
CHINESE: Final = "eprstmt_zh"
LABELS: Final = 25
ASKED: Final = 300
EPOCHS: Final = 4.0
SHOTS: Final = (1, 8)
SEEDS: Final = (0, 1)
FROZEN, NAMED = "frozen", "frozen, label names"
SHARED: Final[dict[str, Any]] = {"batch_size": 16, "trainer": {"precision": "bfloat16"}}
REGULARISED: Final = "lora"
"""The method on which every regulariser is tried."""


def tuned(
    method: Method, trainer: Mapping[str, Any] | None = None, **more: Any
) -> Callable[..., Classifier]:
    """A fine-tuned classifier with the settings that all share."""
    own = SHARED | {"trainer": SHARED["trainer"] | dict(trainer or {})} | more
    return partial(FineTunedClassifier, method=method, epochs=EPOCHS, **own)


METHODS: Final[Mapping[str, Callable[..., Classifier]]] = {
    FROZEN: EncoderLogisticClassifier,
    NAMED: partial(EncoderLogisticClassifier, label_names=True),
    **{method: tuned(method) for method in get_args(Method)},
    "setfit": partial(SetFitClassifier, method="full", learning_rate=1.5e-4, epochs=EPOCHS / 2, **SHARED),
    "lora, label names": tuned(REGULARISED, label_names=True),
    "lora, mixing": tuned(REGULARISED, mixing=0.4),
    "lora, EMA": tuned(REGULARISED, {"average": "ema", "average_decay": 0.9}),
    "lora, FGM": tuned(REGULARISED, {"adversary": "fgm"}),
    "lora, R-Drop": tuned(REGULARISED, {"consistency": 1.0}),
    "lora, PGD": tuned(REGULARISED, {"adversary": "pgd"}),
    "setfit, label names": partial(
        SetFitClassifier, method="full", learning_rate=1.5e-4, epochs=EPOCHS / 2, label_names=True, **SHARED
    ),
}


@dataclass(frozen=True)
class Job:
    """One method, fitted on the examples of one seed."""

    shop: str
    method: str
    shots: int
    seed: int
    quick: bool = False

    def run(self) -> dict[str, Any]:
        """What it answers, and what it cost."""
        warnings.simplefilter("ignore")
        exam = exam_of(self.shop, self.seed, ASKED // 6 if self.quick else ASKED)
        chosen = exam.examples[self.shots]
        texts = [exam.texts[i] for i in chosen]
        labels = [exam.classes[i] for i in exam.labels[chosen]]
        classifier = self.classifier(exam)
        begun = time.process_time()
        if isinstance(classifier, EncoderLogisticClassifier):
            classifier.fit(texts, labels, encoder=frozen_encoder())
        else:
            classifier.fit(texts, labels)
        cost = time.process_time() - begun
        told = [exam.classes.index(label) for label in classifier.predict(exam.questions)]
        return {
            "shop": self.shop,
            "method": self.method,
            "shots": self.shots,
            "seed": self.seed,
            "cpu_s": round(cost, 1),
            "told": told,
            "wanted": exam.answers.tolist(),
            **run_of(classifier),
        }

    def classifier(self, exam: TextExam) -> Classifier:
        """The method with its model."""
        made = METHODS[self.method]
        if self.method in (FROZEN, NAMED):
            return made()
        more = {"epochs": 1.0} if self.quick else {}
        return made(model=packaged_model(), seed=self.seed, **more)


def run_of(classifier: Classifier) -> dict[str, Any]:
    """What the training said of itself."""
    if isinstance(classifier, FineTunedClassifier):
        found = classifier.tuned[0].run
    elif isinstance(classifier, SetFitClassifier):
        found = classifier.tuned.run
    else:
        return {"trained_parameters": 0, "peak_rss_mb": None, "best_step": None, "steps": 0}
    return {name: found[name] for name in ("trained_parameters", "peak_rss_mb", "best_step", "steps")}


def frozen_encoder() -> Any:
    """The same model, as it came."""
    from warmstart.encoders.transformer import TransformerEncoder

    return TransformerEncoder(model=packaged_model(), max_length=64)


def exam_of(shop: str, seed: int, asked: int) -> TextExam:
    """The examples of a seed and the questions of all, about `LABELS` labels drawn once."""
    dataset = read_shop(DATA / shop)[0]
    names = sorted(set(dataset.labels[c.LABEL]) - {"oos"})
    chosen = np.random.default_rng(0).permutation(names)[:LABELS].tolist()
    labels = dataset.labels.filter(pl.col(c.LABEL).is_in(chosen))
    return make_exam(labels, [], seed, asked)


def run(job: Job) -> dict[str, Any]:
    """`Job.run` for another process; this one reads no shop, whose threads no child would have."""
    return job.run()


def rows_of(runs: Sequence[Mapping[str, Any]], shop: str, shots: int) -> list[dict[str, Any]]:
    """Every method against the frozen model, on the seeds that both have; intervals over texts."""
    chosen = [r for r in runs if (r["shop"], r["shots"]) == (shop, shots)]
    by_method: dict[str, dict[int, Mapping[str, Any]]] = {}
    for found in chosen:
        by_method.setdefault(found["method"], {})[found["seed"]] = found
    base = by_method.get(FROZEN, {})
    answers = np.array(chosen[0]["wanted"])
    rows = []
    for method in (name for name in METHODS if name in by_method):
        seeds = sorted(set(by_method[method]) & set(base))
        if seeds:
            rows.append(
                _row(method, [by_method[method][s] for s in seeds], [base[s] for s in seeds], answers)
            )
    head = {"shop": shop, "shots": shots, "labels": LABELS, "cases": len(answers)}
    return [head | row for row in rows]


def _row(
    method: str, own: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]], answers: Any
) -> dict[str, Any]:
    parts = {
        name: [np.mean([of(answers, np.array(r["told"])) for r in runs], axis=0) for runs in (own, base)]
        for name, of in (("accuracy", accuracy_parts), ("macro-F1", macro_f1_parts))
    }
    size = len(answers)
    pieces = Pieces(user=np.arange(size), item=np.full(size, -1), share=np.ones(size))
    mine, theirs = parts["accuracy"]
    low, high = interval(resample(pieces, (mine - theirs)[:, None]))
    peaks = [r["peak_rss_mb"] for r in own if r["peak_rss_mb"]]
    return {
        "method": method,
        "seeds": len(own),
        "accuracy": round(float(mine.mean()), 4),
        "macro_f1": round(float(parts["macro-F1"][0].mean()), 4),
        "gain": round(float((mine - theirs).mean()), 4),
        "low": round(float(low[0]), 4),
        "high": round(float(high[0]), 4),
        "cpu_s": round(float(np.mean([r["cpu_s"] for r in own])), 1),
        "peak_mb": round(float(np.max(peaks))) if peaks else None,
        "trained_parameters": own[0]["trained_parameters"],
        "kept_frozen": sum(r["best_step"] == 0 for r in own),
    }


def write(runs: Sequence[Mapping[str, Any]]) -> None:
    """All rows anew from all runs, old and new."""
    from warmstart.adapt.supervised.fine_tuner import RATES

    places = dict.fromkeys((r["shop"], r["shots"]) for r in runs)
    order = [*ENGLISH, CHINESE]
    rows = [
        row
        for place in sorted(places, key=lambda p: (order.index(p[0]), p[1]))
        for row in rows_of(runs, *place)
    ]
    report = {
        "command": "python benchmarks/tuning.py",
        "epochs": EPOCHS,
        "rates": dict(RATES),
        "rows": rows,
        "runs": runs,
    }
    RESULT.write_text(json.dumps(report) + "\n", encoding="utf-8")


def before() -> list[dict[str, Any]]:
    """The runs of earlier calls."""
    if not RESULT.exists():
        return []
    found: list[dict[str, Any]] = json.loads(RESULT.read_text(encoding="utf-8"))["runs"]
    return found


def main() -> None:
    """Measure what was asked for and was not measured yet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("shops", nargs="*", default=ENGLISH)
    parser.add_argument("--only", default=",".join(METHODS).replace(", ", "; "))
    parser.add_argument("--shots", type=int, nargs="*", default=SHOTS)
    parser.add_argument("--seeds", type=int, nargs="*", default=SEEDS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    only = [name.replace("; ", ", ") for name in options.only.split(",")]
    runs = [] if options.quick else before()
    done = {(r["shop"], r["method"], r["shots"], r["seed"]) for r in runs}
    jobs = [
        Job(shop, method, shots, seed, options.quick)
        for seed in options.seeds
        for shop in options.shops
        for method in only
        for shots in options.shots
        if (shop, method, shots, seed) not in done
    ]
    import peft  # noqa: F401  # read once, before the processes part
    import torch

    torch.set_num_threads(1)
    with multiprocessing.get_context("fork").Pool(options.workers, maxtasksperchild=1) as pool:
        for found in pool.imap(run, jobs, chunksize=1):
            shown = {name: value for name, value in found.items() if name not in ("told", "wanted")}
            print(json.dumps(shown), flush=True)
            runs.append(found)
            if not options.quick:
                write(runs)


if __name__ == "__main__":
    main()
