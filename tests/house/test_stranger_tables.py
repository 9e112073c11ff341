"""What is said of sentences and of questions is what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.make_benchmarks import RESULTS
from scripts.stranger_tables import ONBOARDING_CONCLUSION, SENTENCE_CONCLUSION


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
    for limit in ("brand", "all"):
        assert 0 < lost(limit, "recommend, text") - lost(limit, "search, sentence") < 0.02


def test_what_a_wish_is_worth_is_said(sentence):
    def value(targets: str, shots: int, method: str) -> float:
        return float(sentence[targets, shots, method, "nDCG@20"]["value"])

    wished, plain, words = "what was wished for", "history or popularity alone", "the words alone"
    assert value(wished, 0, "recommend, text") > 20 * value(wished, 0, plain)
    assert value(wished, 5, "recommend, text") > 3 * value(wished, 5, plain)
    assert all(value(wished, k, "recommend, text") > 2 * value(wished, k, words) for k in (0, 1, 5))
    assert all(value("the rest", k, "recommend, text") < value("the rest", k, plain) for k in (0, 1, 5))
    assert SENTENCE_CONCLUSION.endswith(".")


@pytest.fixture(scope="module")
def onboarding() -> list[dict[str, Any]]:
    report = json.loads((RESULTS / "onboarding.json").read_text(encoding="utf-8"))
    assert report["command"] == "python benchmarks/onboarding.py"
    return list(report["rows"])


def picked(rows: list[dict[str, Any]], shop: str, metric: str, method: str, asked: int) -> dict[str, Any]:
    found = [
        row
        for row in rows
        if (row["shop"], row["metric"], row["method"], row["asked"]) == (shop, metric, method, asked)
    ]
    return found[0]


def test_neither_popularity_nor_helf_is_certainly_better_than_the_belief(onboarding):
    for row in onboarding:
        if row["method"] == "variance" and row["metric"] in ("MAE", "nDCG@10", "nDCG@20") and row["asked"]:
            sign = -1 if row["metric"] == "MAE" else 1
            for difference in row["against"].values():
                assert max(sign * difference["low"], sign * difference["high"]) >= 0


def test_where_rules_of_thumb_fail_is_said(onboarding):
    ours = picked(onboarding, "ml100k", "MAE", "variance", 5)
    assert ours["against"]["popularity"]["high"] < 0
    assert picked(onboarding, "ml1m_melu", "MAE", "variance", 10)["against"]["HELF"]["high"] < 0
    theirs, before = (picked(onboarding, "ml100k", "MAE", "popularity", n) for n in (5, 0))
    assert [round(row["value"], 3) for row in (theirs, ours, before)] == [0.821, 0.814, 0.828]


def test_most_questions_are_lost(onboarding):
    for shop in ("ml100k", "ml1m_melu"):
        assert 0.2 < picked(onboarding, shop, "answered", "variance", 10)["value"] / 10 < 0.26
        for method in ("random", "entropy"):
            gained = [picked(onboarding, shop, "MAE", method, n)["value"] for n in (0, 5)]
            assert gained[0] - gained[1] < 0.0035
    with_, without = (
        picked(onboarding, "ml1m_melu", "MAE", name, 5)["value"]
        for name in ("variance", "variance, no neighbours")
    )
    assert with_ < without


def test_what_answers_bring_where_nobody_rates_is_said(onboarding):
    before, ours, theirs = (
        picked(onboarding, "beauty", "nDCG@20", method, n)["value"]
        for method, n in (("popularity", 0), ("variance", 10), ("popularity", 10))
    )
    gains = [f"{found / before - 1:.0%}".replace("%", " %") for found in (ours, theirs)]
    said = "lift the first list by {}, popularity's questions by {};".format(*gains)
    assert said in ONBOARDING_CONCLUSION
