"""What a network forgets when a shop's labels come in portions; writes results/forgetting.json.

    OMP_NUM_THREADS=1 python benchmarks/forgetting.py [--seeds 0 1] [--workers 1]
    python benchmarks/forgetting.py --choose       strengths compared on other labels, nothing written

24 labels of banking77 (under $WARMSTART_DATA) come in three portions of eight, `EXAMPLES` texts of each
label, and MiniLM is tuned on one portion after the other, with one head for all labels, whose columns for
new labels start as the best linear ones on the new texts. After each portion it is asked `ASKED` test texts
of every label that came so far, and answers with one of those labels. The seed draws the order of the
labels and the examples. Protections are those of `Retention`; what needs old examples gets `KEPT` of all
that went by (`ReplayBuffer`). Beside them the model as it came, with class means, which need no old
examples, and with logistic regression on all that came so far; and the network trained anew on all that
came so far. Strengths were chosen by `--choose`, on 24 other labels and on training texts alone, with seed
9. Training in bfloat16; intervals over texts; CPU seconds of one thread, all portions together; each run in
a process of its own, whose peak memory is told.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from common import DATA, RESULTS, in_processes, packaged_model

from warmstart import read_shop
from warmstart.adapt.continual.buffer import ReplayBuffer
from warmstart.adapt.continual.forgetting import Forgetting
from warmstart.adapt.continual.retention import Retention
from warmstart.adapt.supervised.examples import Examples
from warmstart.adapt.supervised.fine_tuner import RATES
from warmstart.adapt.supervised.labelled import LabelledJob
from warmstart.adapt.supervised.linear_head import by_softmax, fit_linear_head
from warmstart.adapt.supervised.targets import Classes, one_hot
from warmstart.adapt.supervised.tuned import load_base
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, unit_rows
from warmstart.core.memory import peak_rss_mb, reset_peak_rss
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Method, Tuning
from warmstart.evaluate.bootstrap import Pieces, interval, resample
from warmstart.training.trainer import Trainer

RESULT: Final = RESULTS / "forgetting.json"
SHOP: Final = "banking77"
PORTIONS, LABELS = 3, 8
EXAMPLES, ASKED, KEPT = 8, 10, 48
EPOCHS: Final = 4.0
MEANS, FROZEN, ANEW = "frozen, class means", "frozen, all examples", "trained anew, all examples"
ALONE: Final = "in turn"
METHOD: Final[Method] = "full"


def _only(anchor: Any, strength: float) -> Retention:
    return Retention(anchor=anchor, strength=strength, replay=0.0)


PROTECTED: Final[Mapping[str, Retention | None]] = {
    ALONE: None,
    "in turn, L2-SP": _only("l2-sp", 30.0),
    "in turn, EWC": _only("ewc", 30.0),
    "in turn, distillation": _only("distil", 1.0),
    "in turn, replay": Retention(anchor="none", replay=0.5),
}
METHODS: Final = (MEANS, FROZEN, ANEW, *PROTECTED)
GRID: Final[Mapping[str, Retention]] = {
    **{f"l2-sp {s:g}": _only("l2-sp", s) for s in (1.0, 30.0)},
    **{f"ewc {s:g}": _only("ewc", s) for s in (1.0, 30.0)},
    **{f"distil {s:g}": _only("distil", s) for s in (1.0, 5.0)},
}


@dataclass(frozen=True)
class Portion:
    """Labels that come together: examples, and what is asked about them."""

    texts: list[str]
    codes: list[int]
    questions: list[str]
    answers: list[int]


@dataclass(frozen=True)
class Job:
    """One way of learning the portions of one seed."""

    method: str
    seed: int
    inner: bool = False

    def run(self) -> dict[str, Any]:
        """Which questions were answered right after each portion, and what it cost."""
        warnings.simplefilter("ignore")
        portions = stream(self.seed, inner=self.inner)
        reset_peak_rss()
        begun = time.process_time()
        if self.method in (MEANS, FROZEN):
            right, trained = frozen(portions, means=self.method == MEANS), 0
        elif self.method == ANEW:
            right, trained = anew(portions, self.seed)
        else:
            right, trained = in_turn(portions, {**GRID, **PROTECTED}[self.method], self.seed)
        return {
            "method": self.method,
            "seed": self.seed,
            "cpu_s": time.process_time() - begun,
            "peak_mb": peak_rss_mb(),
            "trained_parameters": trained,
            "asked": [text for part in portions for text in part.questions],
            "right": [[part.tolist() for part in parts] for parts in right],
        }


def stream(seed: int, *, inner: bool) -> list[Portion]:
    """The portions; `inner` ones have other labels and ask training texts."""
    labels = read_shop(DATA / SHOP)[0].labels
    names = np.random.default_rng(0).permutation(sorted(set(labels[c.LABEL])))
    size = PORTIONS * LABELS
    chosen = names[size : 2 * size] if inner else names[:size]
    order = np.random.default_rng([seed, 1]).permutation(chosen)
    return [
        portion(
            labels,
            list(enumerate(order))[i * len(order) // PORTIONS : (i + 1) * len(order) // PORTIONS],
            seed,
            inner,
        )
        for i in range(PORTIONS)
    ]


def portion(labels: pl.DataFrame, names: Sequence[tuple[int, str]], seed: int, inner: bool) -> Portion:
    """The examples and questions of some labels; questions are the same for every seed."""
    found = Portion([], [], [], [])
    for code, name in names:
        own = labels.filter(pl.col(c.LABEL) == name).unique(c.TEXT, maintain_order=True)
        train, test = (
            own.filter(pl.col(c.SPLIT) == split)[c.TEXT].to_list() for split in ("train", "test")
        )
        drawn = [train[i] for i in np.random.default_rng([seed, 2]).permutation(len(train))]
        examples = drawn[:EXAMPLES]
        asked = drawn[EXAMPLES : EXAMPLES + ASKED] if inner else test[:ASKED]
        found.texts.extend(examples)
        found.codes.extend([code] * len(examples))
        found.questions.extend(asked)
        found.answers.extend([code] * len(asked))
    return found


def frozen(portions: Sequence[Portion], *, means: bool) -> list[list[Any]]:
    """The model as it came, with the means of classes or with logistic regression on all that came."""
    backbone = load_base(packaged_model(), 64)
    right, known = [], list[Portion]()
    for new in portions:
        known.append(new)
        examples = together(known, width(portions))
        vectors = unit_rows(backbone.encode(examples.texts))
        if means:
            head = unit_rows(examples.wanted.T @ vectors).T, np.zeros(width(portions), dtype=np.float32)
        else:
            head = fit_linear_head(vectors, examples.wanted, examples.weights, by_softmax, 10.0)
        right.append(answered(backbone, head, known))
    return right


def anew(portions: Sequence[Portion], seed: int) -> tuple[list[list[Any]], int]:
    """A new network after each portion, from all that came so far."""
    right, trained = [], 0
    for n in range(1, len(portions) + 1):
        job = job_of(together(portions[:n], width(portions)), seed)
        trained = trainer_of(seed).train(job).trained_parameters
        right.append(answered(job.backbone, job.head(), portions[:n]))
    return right, trained


def in_turn(
    portions: Sequence[Portion], retention: Retention | None, seed: int
) -> tuple[list[list[Any]], int]:
    """One network that learns one portion after the other."""
    job = job_of(together(portions[:1], width(portions)), seed)
    buffer, right, trained = ReplayBuffer(KEPT, seed), [], 0
    for n, new in enumerate(portions):
        job.examples = together([new], width(portions))
        old = None
        if n:
            begin(job, new)
            old = copy.copy(job)  # the same network with other examples
            texts, codes = zip(*buffer.examples, strict=True)
            old.examples = Examples.of(texts, one_hot(np.array(codes), width(portions)))
        protected = job if retention is None or old is None else retention.around(job, old)
        trained = trainer_of(seed).train(protected).trained_parameters
        buffer.add(zip(new.texts, new.codes, strict=True))
        right.append(answered(job.backbone, job.head(), portions[: n + 1]))
    return right, trained


def begin(job: LabelledJob, new: Portion) -> None:
    """Let the head's columns of the new labels start as the best linear ones on the new texts."""
    (weights, biases), (own, free) = job.head(), job.linear_head(job.examples)
    columns = sorted(set(new.codes))
    weights[:, columns], biases[columns] = own[:, columns], free[columns]
    job.set_head(weights, biases)


def job_of(examples: Examples, seed: int) -> LabelledJob:
    """A network with a head for all labels."""
    target, tuning = Classes(width=examples.wanted.shape[1]), Tuning(method=METHOD)
    return LabelledJob(load_base(packaged_model(), 64), tuning, target, examples, seed=seed)


def trainer_of(seed: int) -> Trainer:
    """How every portion is trained."""
    rate = RATES[METHOD]
    return Trainer(epochs=EPOCHS, batch_size=16, learning_rate=rate, precision="bfloat16", seed=seed)


def width(portions: Sequence[Portion]) -> int:
    """How many labels there will be."""
    return 1 + max(code for part in portions for code in part.codes)


def together(portions: Sequence[Portion], labels: int) -> Examples:
    """The examples of some portions."""
    codes = np.array([code for part in portions for code in part.codes])
    return Examples.of([text for part in portions for text in part.texts], one_hot(codes, labels))


def answered(
    backbone: Backbone, head: tuple[FloatArray, FloatArray], known: Sequence[Portion]
) -> list[Any]:
    """For each portion so far which of its questions are answered right, among the labels so far."""
    backbone.model.eval()
    seen = 1 + max(code for part in known for code in part.codes)
    told = [unit_rows(backbone.encode(part.questions)) @ head[0] + head[1] for part in known]
    return [
        (said[:, :seen].argmax(axis=1) == np.array(part.answers)).astype(np.float32)
        for said, part in zip(told, known, strict=True)
    ]


def described(found: Mapping[str, Any]) -> dict[str, float]:
    """One run in numbers; portions that have not come yet count as not known."""
    table = np.zeros((PORTIONS, PORTIONS))
    for after, parts in enumerate(found["right"]):
        table[after, : len(parts)] = [np.mean(part) for part in parts]
    told = Forgetting(qualities=table, before=np.zeros(PORTIONS))
    old = {f"old_{n + 1}": float(table[n, :n].mean()) for n in range(1, PORTIONS)}
    return {
        **old,
        "new": float(np.diag(table)[1:].mean()),
        "average": told.average,
        "forgotten": told.forgotten,
        "backward": told.backward,
    }


def rows_of(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every way beside the model as it came with logistic regression on all examples."""
    by_method: dict[str, list[Mapping[str, Any]]] = {}
    for found in runs:
        by_method.setdefault(found["method"], []).append(found)
    return [_row(name, own, by_method.get(FROZEN, own)) for name, own in by_method.items()]


def _row(name: str, own: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ends = [np.concatenate([part for r in runs for part in r["right"][-1]]) for runs in (own, base)]
    change, size = ends[0] - ends[1], len(ends[0])
    text = np.unique([text for r in own for text in r["asked"]], return_inverse=True)[1]
    pieces = Pieces(user=text, item=np.full(size, -1), share=np.ones(size))
    low, high = interval(resample(pieces, change[:, None]))
    told = [described(found) for found in own]
    return {
        "method": name,
        "seeds": len(own),
        **{key: round(float(np.mean([t[key] for t in told])), 4) for key in told[0]},
        "gain": round(float(change.mean()), 4),
        "low": round(float(low[0]), 4),
        "high": round(float(high[0]), 4),
        "cpu_s": round(float(np.mean([r["cpu_s"] for r in own])), 1),
        "peak_mb": round(max(r["peak_mb"] or 0.0 for r in own)),
        "trained_parameters": own[0]["trained_parameters"],
    }


def main() -> None:
    """Learn the portions in every way, and write; or compare strengths."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=(0, 1))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--choose", action="store_true")
    asked = parser.parse_args()
    methods = (ALONE, *GRID) if asked.choose else METHODS
    jobs = [Job(method, seed, asked.choose) for seed in asked.seeds for method in methods]
    runs = []
    for found in in_processes(Job.run, jobs, asked.workers):
        runs.append(found)
        told = {key: round(value, 3) for key, value in described(found).items()}
        print(found["method"], found["seed"], round(found["cpu_s"], 1), told, flush=True)
    if not asked.choose:
        report = {
            "command": "python benchmarks/forgetting.py",
            "labels": PORTIONS * LABELS,
            "examples": EXAMPLES,
            "asked": len(runs[0]["asked"]),
            "kept": KEPT,
            "epochs": EPOCHS,
            "settings": {name: r.settings() if r else {} for name, r in PROTECTED.items()},
            "rows": rows_of(runs),
        }
        RESULT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
