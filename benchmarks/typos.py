"""What one typing error per query costs search: icecat's judged queries, each with a random slip.

    python benchmarks/typos.py

A slip swaps, drops, adds or replaces one letter inside one word of at least four letters; queries without
such a word stay as they are. Four seeds; prints nDCG@10 e for words alone and for the hybrid.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

import numpy as np

from warmstart import Dataset, Query, read_shop
from warmstart.core import columns as c
from warmstart.core.linear import top_positions
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.roles.scorer import Retriever
from warmstart.search.bm25 import Bm25Retriever
from warmstart.search.hybrid import HybridRetriever

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULT = HERE / "results" / "typos.json"
LETTERS, DEPTH, SEEDS = "abcdefghijklmnopqrstuvwxyz", 10, (0, 1, 2, 3)


def slip(query: str, rng: random.Random) -> str:
    """The query with one typing error."""
    words = query.split()
    long = [i for i, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    if not long:
        return query
    i = rng.choice(long)
    word, letter = words[i], rng.choice(LETTERS)
    at = rng.randrange(1, len(word) - 1)
    words[i] = rng.choice(
        [
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
        ]
    )
    return " ".join(words)


def ndcg(retriever: Retriever, dataset: Dataset, typed: dict[str, str]) -> float:
    """Mean nDCG@10 (gain 2^g - 1, unjudged 0) over queries with a relevant product."""
    discounts = 1 / np.log2(np.arange(2, DEPTH + 2))
    values = []
    for (query,), judged in dataset.judgments.group_by(c.QUERY, maintain_order=True):
        gains = {i: 2**grade - 1 for i, grade in judged.select(c.ITEM_ID, c.GRADE).iter_rows()}
        ideal = (np.sort(list(gains.values()))[::-1][:DEPTH] * discounts[: len(gains)]).sum()
        if ideal > 0:
            best = top_positions(retriever.score(Query(text=typed[str(query)])), DEPTH)
            found = [gains.get(retriever.item_ids_[position], 0.0) for position in best]
            values.append((np.array(found) * discounts[: len(found)]).sum() / ideal)
    return float(np.mean(values))


def main() -> None:
    """Measure, print and write."""
    if not (DATA / "icecat").exists():
        sys.exit(f"expected the shared shop icecat under {DATA}; found none. Set WARMSTART_DATA.")
    dataset, _ = read_shop(DATA / "icecat")
    encoder = CatalogueEncoder().fit(dataset.item_texts)
    methods: dict[str, Retriever] = {
        "bm25": Bm25Retriever().fit(dataset),
        "bm25 without speller": Bm25Retriever(spelling_weight=0.0).fit(dataset),
        "hybrid": HybridRetriever().fit(dataset, encoder),
    }
    queries = dataset.judgments[c.QUERY].unique(maintain_order=True).to_list()
    rows = []
    for name, retriever in methods.items():
        right = ndcg(retriever, dataset, {query: query for query in queries})
        rngs = [random.Random(seed) for seed in SEEDS]
        wrong = [ndcg(retriever, dataset, {query: slip(query, rng) for query in queries}) for rng in rngs]
        rows.append(
            {"method": name, "as_judged": round(right, 4), "one_typo": [round(v, 4) for v in wrong]}
        )
        print(rows[-1], flush=True)
    report = {"command": "python benchmarks/typos.py", "metric": "nDCG@10 e", "seeds": SEEDS, "rows": rows}
    RESULT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
