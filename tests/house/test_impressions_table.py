"""What is said of impressions is what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.impressions_table import CONCLUSION
from scripts.make_benchmarks import RESULTS
from warmstart.recommend.fused.scorer import FusedScorer

REPORT = json.loads((RESULTS / "impressions.json").read_text(encoding="utf-8"))
DEFAULT = f"itself, {FusedScorer().impression_discount:g}"


def fused(reading: str, shots: int) -> dict[str, Any]:
    key = ("fused", reading, shots)
    return next(row for row in REPORT["rows"] if (row["scorer"], row["reading"], row["shots"]) == key)


def relative(reading: str, shots: int) -> float:
    row = fused(reading, shots)
    return row["difference"] / (row["ndcg"] - row["difference"])


def test_the_table_has_its_command_and_a_conclusion():
    assert REPORT["command"] == "python benchmarks/impressions.py"
    assert CONCLUSION.endswith(".")


@pytest.mark.parametrize("shots", [1, 3, 5, 10])
def test_the_default_is_certainly_better_and_stronger_is_better_still(shots):
    assert fused(DEFAULT, shots)["low"] > 0
    assert 0.015 < relative(DEFAULT, shots) < 0.035
    assert fused("itself, 0.6", shots)["ndcg"] > fused(DEFAULT, shots)["ndcg"]


def test_a_stranger_is_told_nothing_by_the_item_but_something_by_its_neighbours():
    assert fused(DEFAULT, 0)["low"] < 0 < fused(DEFAULT, 0)["high"]
    assert relative("around, learned", 0) > 1


def test_what_is_read_around_costs_more_than_it_brings():
    weights = ["around, -0.3", "around, -0.1", "around, -0.03"]
    assert -0.5 < min(relative(reading, 0) for reading in weights) < -0.4
    assert 0.015 < max(relative(reading, shots) for reading in weights for shots in (5, 10)) < 0.025
    assert all(fused("around, learned", shots)["high"] < 0 for shots in (3, 5, 10))
    assert all(shop["weight"] > 0 for shop in REPORT["shops"])
