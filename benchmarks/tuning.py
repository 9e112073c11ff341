"""Ways of tuning a language model on few labels, beside the frozen one; writes results/tuning.json.

    python benchmarks/tuning.py                   banking77, clinc150 and eprstmt_zh under $WARMSTART_DATA;
                                                  what was measured before is kept
    python benchmarks/tuning.py banking77         only this shop
    python benchmarks/tuning.py --only lora,top   only these methods; "lora; mixing" is "lora, mixing"
    python benchmarks/tuning.py --shots 8         only so many examples of each label
    python benchmarks/tuning.py --seeds 0         only these draws of examples
    python benchmarks/tuning.py --quick           one epoch, a sixth of the questions, nothing written

`PLANS` says which methods are measured where. Examples are drawn as the protocol `few-shot-text` draws
them, from `LABELS` labels of the shop at most; a fixed sample of the test texts of these labels is asked,
the same of every method. All methods of a shop get the same epochs and batches; SetFit, which reads each
text twice in an epoch, gets half the epochs. Learning rates were compared on training texts of banking77
alone, examples and questions drawn with another seed. Training is in bfloat16, answers in float32. Out of
scope (clinc150): the AUROC of one minus the probability of the likeliest label.

No Chinese model can be had here, so for eprstmt_zh a network is made: tokenizer and weights from scratch,
masked words of the unlabelled reviews alone. It is kept in benchmarks/parts, and what it
cost in the results. Times are CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, Final, get_args

import numpy as np
import polars as pl
from common import DATA, HERE, RESULTS, in_processes, packaged_model

from warmstart import read_shop
from warmstart.adapt.objectives.masked import MaskedJob
from warmstart.adapt.supervised.fine_tuner import RATES
from warmstart.core import columns as c
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.transformer import TransformerEncoder
from warmstart.encoders.tuning import Method, Tuning
from warmstart.evaluate.bootstrap import Pieces, interval, resample
from warmstart.evaluate.labelling import accuracy_parts, auroc, macro_f1_parts
from warmstart.evaluate.protocols.text_exam import TextExam, make_exam
from warmstart.roles.classifier import Classifier
from warmstart.roles.encoder import Encoder
from warmstart.tasks.classify.encoder_logistic import EncoderLogisticClassifier
from warmstart.tasks.classify.fine_tuned import FineTunedClassifier
from warmstart.tasks.classify.latent import LatentLogisticClassifier
from warmstart.tasks.classify.setfit import SetFitClassifier
from warmstart.training.trainer import Trainer

RESULT = RESULTS / "tuning.json"
NETWORK: Final = HERE / "parts" / "tuning-zh"
CHINESE: Final = "eprstmt_zh"
LABELS: Final = 25
ASKED: Final = 300
EPOCHS, LONGER = 4.0, 12.0
"""The longer one where there are only two labels, and so few texts."""
SEEDS: Final = (0, 1, 2)
FROZEN, NAMED = "frozen", "frozen, label names"
CATALOGUE, LATENT, OWN = "frozen catalogue encoder", "unlabelled SVD", "own network"
SHARED: Final[dict[str, Any]] = {"batch_size": 16, "trainer": {"precision": "bfloat16"}}
REGULARISED: Final = "lora"
"""The method on which every regulariser is tried."""


def tuned(
    method: Method, trainer: Mapping[str, Any] | None = None, **more: Any
) -> Callable[..., Classifier]:
    """A fine-tuned classifier with the settings that all share."""
    own = SHARED | {"epochs": EPOCHS, "trainer": SHARED["trainer"] | dict(trainer or {})} | more
    return partial(FineTunedClassifier, method=method, **own)


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
    CATALOGUE: EncoderLogisticClassifier,
    LATENT: LatentLogisticClassifier,
    f"{OWN}, frozen": EncoderLogisticClassifier,
    f"{OWN}, full": tuned("full", epochs=LONGER),
    f"{OWN}, setfit": partial(
        SetFitClassifier, method="full", learning_rate=1.5e-4, epochs=LONGER / 2, **SHARED
    ),
}
MAIN: Final = (FROZEN, NAMED, "full", "top", "lora", "adalora", "bottleneck", "setfit")
FEW: Final = (FROZEN, NAMED, "full", "lora", "setfit")
NAMES: Final = ("lora, label names", "setfit, label names")
OTHERS: Final = ("dora", "ia3", "prefix", "prompt", "p-tuning", *NAMES)
AGAINST_LEARNING_BY_HEART: Final = ("lora, mixing", "lora, EMA", "lora, FGM", "lora, R-Drop", "lora, PGD")
IN_CHINESE: Final = (CATALOGUE, LATENT, *(name for name in METHODS if name.startswith(OWN)))


@dataclass(frozen=True)
class Plan:
    """What is measured on a shop: every method after so many examples, with every seed."""

    shop: str
    methods: tuple[str, ...]
    shots: tuple[int, ...]
    seeds: tuple[int, ...] = SEEDS


PLANS: Final = (
    Plan("banking77", MAIN, (1, 8)),
    Plan("banking77", OTHERS, (1, 8), (0,)),
    Plan("banking77", AGAINST_LEARNING_BY_HEART, (8,), (0,)),
    Plan("banking77", (FROZEN, "full", "lora", "setfit"), (16,), (0,)),
    Plan("clinc150", FEW, (1, 4)),
    Plan(CHINESE, IN_CHINESE, (8, 64)),
)
SHOPS: Final = tuple(dict.fromkeys(plan.shop for plan in PLANS))
BASES: Final = {CHINESE: CATALOGUE}
"""What the others are compared with, where it is not `FROZEN`."""


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
        unlabelled = reviews() if self.method in (CATALOGUE, LATENT) else []
        classifier, begun = self.classifier(), time.process_time()
        encoder = self.encoder([*texts, *unlabelled])
        classifier.fit(texts, labels, unlabelled=unlabelled, encoder=encoder)
        cost = time.process_time() - begun
        sure = classifier.predict_proba(exam.questions)
        names = [exam.classes.index(label) for label in classifier.classes_]
        return {
            "shop": self.shop,
            "method": self.method,
            "shots": self.shots,
            "seed": self.seed,
            "cpu_s": round(cost, 1),
            "told": [names[place] for place in sure.argmax(axis=1)],
            "wanted": exam.answers.tolist(),
            **run_of(classifier),
            **out_of_scope(classifier, sure, exam),
        }

    def classifier(self) -> Classifier:
        """The method with its model."""
        made = METHODS[self.method]
        if self.method in (FROZEN, NAMED, CATALOGUE, LATENT, f"{OWN}, frozen"):
            return made()
        model = str(NETWORK) if self.method.startswith(OWN) else packaged_model()
        return made(model=model, seed=self.seed, **({"epochs": 1.0} if self.quick else {}))

    def encoder(self, texts: Sequence[str]) -> Encoder | None:
        """What reads texts where the method does not bring it: the model as it came."""
        if self.method == CATALOGUE:
            return CatalogueEncoder().fit(texts)
        if self.method in (FROZEN, NAMED, f"{OWN}, frozen"):
            model = str(NETWORK) if self.method.startswith(OWN) else packaged_model()
            return TransformerEncoder(model=model, max_length=64)
        return None


def out_of_scope(classifier: Classifier, sure: Any, exam: TextExam) -> dict[str, float]:
    """How well the probability of the likeliest label tells questions that belong to none."""
    if not exam.outside:
        return {}
    outside = classifier.predict_proba(exam.outside)
    return {"auroc": round(auroc(1 - sure.max(axis=1), 1 - outside.max(axis=1)), 4)}


def run_of(classifier: Classifier) -> dict[str, Any]:
    """What the training said of itself."""
    if isinstance(classifier, FineTunedClassifier):
        found = classifier.tuned[0].run
    elif isinstance(classifier, SetFitClassifier):
        found = classifier.tuned.run
    else:
        return {"trained_parameters": 0, "peak_rss_mb": None, "best_step": None, "steps": 0}
    return {name: found[name] for name in ("trained_parameters", "peak_rss_mb", "best_step", "steps")}


def reviews() -> list[str]:
    """The unlabelled texts of the Chinese shop."""
    return read_shop(DATA / CHINESE)[0].unlabelled[c.TEXT].to_list()


def exam_of(shop: str, seed: int, asked: int) -> TextExam:
    """The examples of a seed and the questions of all, about `LABELS` labels drawn once, and about none."""
    dataset = read_shop(DATA / shop)[0]
    names = sorted(set(dataset.labels[c.LABEL]) - {"oos"})
    chosen = np.random.default_rng(0).permutation(names)[:LABELS].tolist()
    labels = dataset.labels.filter(pl.col(c.LABEL).is_in([*chosen, "oos"]))
    return make_exam(labels, [], seed, asked)


def make_network(steps: int = 1200) -> None:
    """A network for the Chinese shop from its unlabelled texts alone, where there is none yet.

    `adapt_encoder` would refuse it: masked words alone find fewer of the held-out halves of texts.
    """
    if NETWORK.exists():
        return
    texts, begun = reviews(), time.process_time()
    trainer = Trainer(max_steps=steps, epochs=10.0, learning_rate=1e-3, threads=1)
    backbone = ScratchNetwork(layers=2).build(texts, "masked")
    backbone.max_length = 64
    job = MaskedJob(backbone, Tuning(method="full"), texts, total_steps=steps)
    made = trainer.train(job)
    job.finish().save(NETWORK)
    found = {
        "texts": len(texts),
        "steps": made.steps,
        "cpu_s": round(time.process_time() - begun),
        "peak_mb": round(made.peak_rss_mb or 0),
        "parameters": made.trained_parameters,
    }
    (NETWORK / "made.json").write_text(json.dumps(found), encoding="utf-8")


def rows_of(runs: Sequence[Mapping[str, Any]], shop: str, shots: int) -> list[dict[str, Any]]:
    """Every method against the frozen model, on the seeds that both have; intervals over texts."""
    chosen = [r for r in runs if (r["shop"], r["shots"]) == (shop, shots)]
    by_method: dict[str, dict[int, Mapping[str, Any]]] = {}
    for found in chosen:
        by_method.setdefault(found["method"], {})[found["seed"]] = found
    against = BASES.get(shop, FROZEN)
    base = by_method.get(against, {})
    answers = np.array(chosen[0]["wanted"])
    rows = []
    for method in (name for name in METHODS if name in by_method):
        seeds = sorted(set(by_method[method]) & set(base))
        if seeds:
            rows.append(
                _row(method, [by_method[method][s] for s in seeds], [base[s] for s in seeds], answers)
            )
    head = {"shop": shop, "shots": shots, "labels": len(set(answers.tolist())), "cases": len(answers)}
    return [head | row | {"against": against} for row in rows]


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
        "auroc": round(float(np.mean([r["auroc"] for r in own])), 4) if "auroc" in own[0] else None,
        "kept_frozen": sum(r["best_step"] == 0 for r in own),
    }


def write(runs: Sequence[Mapping[str, Any]]) -> None:
    """All rows anew from all runs, old and new."""
    places = dict.fromkeys((r["shop"], r["shots"]) for r in runs)
    rows = [
        row
        for place in sorted(places, key=lambda p: (SHOPS.index(p[0]), p[1]))
        for row in rows_of(runs, *place)
    ]
    report = {
        "command": "python benchmarks/tuning.py",
        "epochs": EPOCHS,
        "longer": LONGER,
        "rates": dict(RATES),
        "network": network_made(),
        "rows": rows,
        "runs": runs,
    }
    RESULT.write_text(json.dumps(report) + "\n", encoding="utf-8")


def network_made() -> Any:
    """What the network for the Chinese shop cost: the one that is here, else that of earlier calls."""
    made = NETWORK / "made.json"
    if made.exists():
        return json.loads(made.read_text(encoding="utf-8"))
    return json.loads(RESULT.read_text(encoding="utf-8")).get("network") if RESULT.exists() else None


def before() -> list[dict[str, Any]]:
    """The runs of earlier calls."""
    if not RESULT.exists():
        return []
    found: list[dict[str, Any]] = json.loads(RESULT.read_text(encoding="utf-8"))["runs"]
    return found


def planned(options: argparse.Namespace) -> list[Job]:
    """The jobs of all plans that were asked for."""
    only = [name.replace("; ", ", ") for name in options.only.split(",") if name]
    found = [
        Job(plan.shop, method, shots, seed, options.quick)
        for plan in PLANS
        for seed, method, shots in product(plan.seeds, plan.methods, plan.shots)
        if plan.shop in options.shops
        and (not only or method in only)
        and (not options.shots or shots in options.shots)
        and (not options.seeds or seed in options.seeds)
    ]
    return list(dict.fromkeys(found))


def main() -> None:
    """Measure what was asked for and was not measured yet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("shops", nargs="*", default=SHOPS)
    parser.add_argument("--only", default="")
    parser.add_argument("--shots", type=int, nargs="*")
    parser.add_argument("--seeds", type=int, nargs="*")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    runs = [] if options.quick else before()
    done = {(r["shop"], r["method"], r["shots"], r["seed"]) for r in runs}
    jobs = [job for job in planned(options) if (job.shop, job.method, job.shots, job.seed) not in done]
    if any(job.method.startswith(OWN) for job in jobs):
        make_network()
    for found in in_processes(Job.run, jobs, options.workers):
        shown = {name: value for name, value in found.items() if name not in ("told", "wanted")}
        print(json.dumps(shown), flush=True)
        runs.append(found)
        if not options.quick:
            write(runs)


if __name__ == "__main__":
    main()
