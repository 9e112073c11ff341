"""What is said of models fitted to a shop is what was measured."""

from __future__ import annotations

import json

import pytest

from scripts.adapt_table import CHINESE, CONCLUSION, FROZEN, NEW_ITEMS, interval, pairs_found
from scripts.make_benchmarks import RESULTS

REPORT = json.loads((RESULTS / "adapt.json").read_text(encoding="utf-8"))
ROWS = REPORT["rows"]
FITTED = {name: row for name, row in ROWS.items() if name != FROZEN and "scratch" not in name}


@pytest.mark.parametrize("name", FITTED)
def test_the_held_out_pairs_are_found_better_and_hybrid_search_hardly_moves(name):
    row, frozen = ROWS[name], ROWS[FROZEN]["per_query"]
    assert pairs_found(row["after"]) >= pairs_found(row["before"])
    for measure in ("hybrid e", "hybrid c"):
        mean, low, high = interval(row["per_query"], frozen, measure)
        assert abs(mean) < 0.01
        assert low < 0.001
        assert high > -0.001


def test_from_scratch_is_below_a_pretrained_model():
    row = ROWS["from scratch, contrastive"]
    assert interval(row["per_query"], ROWS[FROZEN]["per_query"], "hybrid c")[2] < 0


def test_in_chinese_from_scratch_is_level_with_the_closed_form():
    rows = json.loads((RESULTS / "adapt_chinese.json").read_text(encoding="utf-8"))["rows"]
    found = interval(
        rows["from scratch, contrastive"]["per_query"], rows["catalogue encoder"]["per_query"], "hybrid e"
    )
    assert found[1] < 0 < found[0]
    assert CONCLUSION.endswith(".")
    assert CHINESE.endswith(".")


@pytest.mark.parametrize("told", ["", ", and tf-idf"])
def test_a_fitted_model_ranks_new_products_of_beauty_certainly_worse(told):
    report = json.loads((RESULTS / "adapt_new_items.json").read_text(encoding="utf-8"))
    fitted = report["fitted"]
    assert pairs_found(fitted["after"]) > pairs_found(fitted["before"])
    assert report["changes"][f"MiniLM, fitted{told}"]["high"] < 0
    values = {row["method"]: row["value"] for row in report["rows"]}
    assert max(values, key=values.__getitem__) == "MiniLM, frozen, and tf-idf"
    assert NEW_ITEMS.endswith(".")
