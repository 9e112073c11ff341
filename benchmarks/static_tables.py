"""Does each step of making a static table help? Dense retrieval alone, on the judged queries of icecat.

    OMP_NUM_THREADS=1 python benchmarks/static_tables.py --teacher onnx:FOLDER [--json]

Prints nDCG@10 with unjudged = 0 (e), among judged products only (c) and the share of judged products
among the first ten, for the teacher and for tables made with more and more of the steps of
`warmstart.encoders.distil`. The last two columns say what the default gains over the row, with a 95 %
bootstrap interval over queries. FOLDER is one that `export_onnx` wrote. The teacher reads the whole
catalogue once; its vectors are cached. `--json` also writes benchmarks/results/static_tables.json.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, unit_rows
from warmstart.data.dataset import Dataset
from warmstart.data.reader import read_shop
from warmstart.data.text import item_texts
from warmstart.encoders.auto import choose_encoder
from warmstart.encoders.distil import fit_table, inverse_frequency_weights, principal_axes
from warmstart.encoders.segmenters import WordSegmenter
from warmstart.encoders.static import StaticEncoder, distil
from warmstart.evaluate.metrics import condensed, judged_share, ndcg
from warmstart.roles.encoder import Encoder

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results" / "static_tables.json"
DEFAULT = "headings and texts onto the teacher's texts (default)"
N = 10

Variant = tuple[str, Encoder]


def variants(teacher: Encoder, texts: list[str]) -> Iterator[Variant]:
    """The teacher, and tables made with more and more of the steps; the default comes last."""
    yield "the teacher itself", teacher
    default = distil(teacher, texts)
    segmenter = WordSegmenter(default.get_state()["segmenter"]["words"])
    whole = segmenter.count_known(texts)
    headings = segmenter.count_known([text.partition("\n")[0] for text in texts])
    words, read = teacher.encode(segmenter.units()), teacher.encode(texts)
    said = teacher.encode([text.partition("\n")[0] for text in texts])

    def table(vectors: FloatArray, weights: FloatArray) -> Encoder:
        made = StaticEncoder()
        made.set_state({"table_": vectors, "weights_": weights, "segmenter": segmenter.state()})
        return made

    ones = np.ones(len(words), dtype=np.float32)
    weights = inverse_frequency_weights(whole, default.smoothing)
    prior = words - words.mean(axis=0)
    yield "words read alone", table(words, ones)
    yield "+ centred", table(prior, ones)
    yield "+ smooth inverse frequency", table(prior, weights)
    common = principal_axes(unit_rows(whole @ (prior * weights[:, None])), 1)
    yield "+ first common component removed", table(prior - (prior @ common) @ common.T, weights)
    both = sparse.csr_matrix(sparse.vstack([headings, whole]))
    alone = np.tile(unit_rows(whole @ (prior * weights[:, None])), (2, 1))
    yield (
        "headings and texts onto the table's own texts",
        table(fit_table(both, alone, prior, weights, default.ridge), weights),
    )
    centre = read.mean(axis=0)
    own = np.vstack([unit_rows(said - centre), unit_rows(read - centre)])
    yield (
        "headings onto the teacher's headings, texts onto its texts",
        table(fit_table(both, own, prior, weights, default.ridge), weights),
    )
    yield DEFAULT, default


def judgments(shop: Dataset) -> dict[str, dict[int, float]]:
    """Grades by query and catalogue position, for queries with something to find."""
    place = {item_id: i for i, item_id in enumerate(shop.item_ids)}
    grades: dict[str, dict[int, float]] = {}
    for query, item_id, grade in shop.judgments.select(c.QUERY, c.ITEM_ID, c.GRADE).iter_rows():
        if item_id in place:
            grades.setdefault(query, {})[place[item_id]] = grade
    return {query: found for query, found in grades.items() if max(found.values()) > 0}


def quality(encoder: Encoder, texts: list[str], judged: dict[str, dict[int, float]]) -> FloatArray:
    """e, c and judged share of each query, shape (queries, 3)."""
    scores = encoder.encode(list(judged), "query") @ encoder.encode_items(texts).T
    rows = []
    for row, grades in zip(scores, judged.values(), strict=True):
        order = np.argsort(-row, kind="stable")
        ranked = np.array([grades.get(int(i), np.nan) for i in order])
        known = list(grades.values())
        rows.append(
            [
                ndcg(ranked, known, N, "exponential"),
                ndcg(condensed(ranked), known, N, "exponential"),
                judged_share(ranked, N),
            ]
        )
    return np.array(rows, dtype=np.float32)


def gain(best: FloatArray, other: FloatArray, column: int) -> str:
    """Mean difference and its bootstrap interval."""
    differences = best[:, column] - other[:, column]
    rng = np.random.default_rng(0)
    drawn = differences[rng.integers(0, len(differences), (2000, len(differences)))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{differences.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    shop, _ = read_shop(DATA / "icecat")
    texts, judged = item_texts(shop.items), judgments(shop)
    teacher, _ = choose_encoder(asked.teacher)
    found = {name: quality(encoder, texts, judged) for name, encoder in variants(teacher, texts)}
    table = pl.DataFrame(
        [
            {
                "table": name,
                **dict(
                    zip(
                        ("e", "c", "judged"),
                        [round(float(mean), 3) for mean in values.mean(axis=0)],
                        strict=True,
                    )
                ),
                "default, e": gain(found[DEFAULT], values, 0),
                "default, c": gain(found[DEFAULT], values, 1),
            }
            for name, values in found.items()
        ]
    )
    print(f"{len(judged)} queries\n| {' | '.join(table.columns)} |\n|{'---|' * table.width}")
    for row in table.iter_rows():
        print("| " + " | ".join(str(value) for value in row) + " |")
    if asked.json:
        RESULTS.write_text(json.dumps(table.to_dicts(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
