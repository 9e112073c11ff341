"""Whether a language model that is shown examples beats the cheap classifier: the gate's verdicts.

    OMP_NUM_THREADS=1 python benchmarks/prompts.py [--language-model nearest] [--seeds 0,1,2]

For banking77, clinc150 (with all-MiniLM-L6-v2) and eprstmt_zh (with the catalogue encoder) under
$WARMSTART_DATA: draws examples of each label from the training texts, lets the gate compare by
cross-validation, and asks further training texts how often the right label is among those that a prompt
offers. No test text is touched. `--language-model` is "nearest" (the control that repeats the nearest
example, by default), "local:FOLDER" or "endpoint"; the first is written to benchmarks/results/prompts.json.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from common import packaged_model

from warmstart import read_shop
from warmstart.adapt.prompting.examples import nearest_labels
from warmstart.adapt.prompting.gated import GatedClassifier
from warmstart.core import columns as c
from warmstart.data.dataset import Dataset
from warmstart.encoders.auto import choose_encoder
from warmstart.evaluate.protocols.text_exam import StruckWarning, TextExam, draw, make_exam
from warmstart.roles.encoder import Encoder

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results" / "prompts.json"
SHOPS = ("banking77", "clinc150", "eprstmt_zh")
SHOTS = (2, 4, 8)
OFFERED = (5, 10, 20)
ASKED = 500
UNLABELLED = 2000


def encoder_for(shop: str) -> Encoder:
    """The packaged English model; for Chinese the encoder that needs none."""
    return choose_encoder("catalogue" if shop.endswith("_zh") else f"transformer:{packaged_model()}")[0]


def offered(exam: TextExam, chosen: np.ndarray[Any, Any], encoder: Encoder, seed: int) -> dict[str, float]:
    """How often the right label is among the so many nearest."""
    rest = np.setdiff1d(np.arange(len(exam.texts)), chosen)
    rest = np.random.default_rng(seed).permutation(rest)[:ASKED]
    likeness = encoder.encode([exam.texts[i] for i in rest]) @ encoder.encode(_at(exam, chosen)).T
    codes, truth = exam.labels[chosen], exam.labels[rest]
    return {
        f"offered {n}": float(
            np.mean([t in nearest_labels(row, codes, n) for row, t in zip(likeness, truth, strict=True)])
        )
        for n in OFFERED
    }


def row(shop: str, dataset: Dataset, shots: int, seed: int, model: str) -> dict[str, Any]:
    """One verdict."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StruckWarning)
        exam = make_exam(dataset.labels, [], seed, None)
    chosen = draw(exam.labels, seed, [shots])[shots]
    texts, labels = _at(exam, chosen), [exam.classes[i] for i in exam.labels[chosen]]
    encoder = encoder_for(shop)
    encoder.fit([*texts, *dataset.unlabelled[c.TEXT].to_list()[:UNLABELLED]])
    gate = GatedClassifier(language_model=model, mode="complete" if model == "nearest" else "auto")
    level = gate.fit(texts, labels, encoder=encoder).verdict.levels[-1]
    told = {"shop": shop, "shots": shots, "seed": seed, **vars(level), "learned": level.shots}
    return told | {"shots": shots} | offered(exam, chosen, encoder, seed)


def _at(exam: TextExam, chosen: np.ndarray[Any, Any]) -> list[str]:
    return [exam.texts[i] for i in chosen.tolist()]


def main() -> None:
    """Measure, print, and keep what the control says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--language-model", default="nearest")
    parser.add_argument("--seeds", default="0,1,2")
    options = parser.parse_args()
    rows = []
    for shop in SHOPS:
        dataset = read_shop(DATA / shop)[0]
        for shots in SHOTS:
            for seed in map(int, options.seeds.split(",")):
                rows.append(row(shop, dataset, shots, seed, options.language_model))
                print(json.dumps(rows[-1]), flush=True)
    if options.language_model == "nearest":
        report = {"command": "OMP_NUM_THREADS=1 python benchmarks/prompts.py", "rows": rows}
        RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
