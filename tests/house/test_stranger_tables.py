"""What is said of sentences and of questions is what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.make_benchmarks import RESULTS
from scripts.stranger_tables import SENTENCE_CONCLUSION


@pytest.fixture(scope="module")
def sentence() -> dict[tuple[Any, ...], dict[str, Any]]:
    report = json.loads((RESULTS / "sentence.json").read_text(encoding="utf-8"))
    assert report["command"] == "python benchmarks/sentence.py"
    return {
        (row.get("limit", row.get("targets")), row.get("shots"), row["method"], row["metric"]): row
        for row in report["rows"]
    }


def test_no_limit_was_broken(sentence):
    for limit in ("brand", "colour", "price", "all", "all, Chinese"):
        for method in ("search, sentence", "recommend, text"):
            assert sentence[limit, None, method, "broken@10"]["high"] == 0
    assert sentence["brand", None, "the sentence as a query", "broken@10"]["value"] == pytest.approx(
        0.85, abs=0.005
    )


def test_what_limits_cost_is_said(sentence):
    def lost(limit: str, method: str) -> float:
        values = [sentence[limit, None, name, "nDCG@10 e"]["value"] for name in ("filters by hand", method)]
        return values[0] - values[1]

    assert lost("price", "recommend, text") == 0
    assert lost("brand", "search, sentence") < 0.001
    assert 0.01 < lost("colour", "search, sentence") < lost("all", "search, sentence") < 0.1
    assert 0 < lost("brand", "recommend, text") - lost("brand", "search, sentence") < 0.015


def test_what_a_wish_is_worth_is_said(sentence):
    def value(targets: str, shots: int, method: str) -> float:
        return float(sentence[targets, shots, method, "nDCG@20"]["value"])

    wished, plain, words = "what was wished for", "history or popularity alone", "the words alone"
    assert value(wished, 0, "recommend, text") > 20 * value(wished, 0, plain)
    assert value(wished, 5, "recommend, text") > 3 * value(wished, 5, plain)
    assert all(value(wished, k, "recommend, text") > 2 * value(wished, k, words) for k in (0, 1, 5))
    assert all(value("the rest", k, "recommend, text") < value("the rest", k, plain) for k in (0, 1, 5))
    assert SENTENCE_CONCLUSION.endswith(".")
