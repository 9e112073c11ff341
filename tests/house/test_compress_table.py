"""What is said of small encoders is what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.compress_table import CONCLUSION, change
from scripts.make_benchmarks import RESULTS

REPORT = json.loads((RESULTS / "compress.json").read_text(encoding="utf-8"))


def test_the_table_has_its_command_and_a_conclusion():
    assert REPORT["command"] == "python benchmarks/compress.py"
    assert CONCLUSION.endswith(".")
    assert change([-0.001, -0.004, 0.002]) == "-0.0010 <sub>-0.004 to +0.002</sub>"


def test_fewer_bits_cost_nothing_that_can_be_told_on_banking77():
    rows = {row["form"]: row for row in REPORT["text"]}
    for form in ("int8", "int4"):
        _, low, high = rows[form]["accuracy_change"]
        assert low < 0 < high
        assert low > -0.01
        assert (
            rows[form]["compression"]["megabytes"]
            < 0.3 * rows["whole, float32"]["compression"]["megabytes"]
        )


def test_the_losses_that_are_told_are_certain():
    rows = {row["form"]: row for row in REPORT["text"]}
    assert rows["3 of 6 layers, taught, vocabulary, int8"]["accuracy_change"][2] < -0.02
    assert rows["static table"]["accuracy_change"][2] < -0.2


def hybrid(form: str) -> dict[str, Any]:
    return next(row for row in REPORT["search"] if (row["form"], row["search"]) == (form, "hybrid"))


def test_hybrid_search_with_int8_is_a_tie():
    row = hybrid("int8")
    for metric in ("e", "c", "judged"):
        assert row[f"{metric}_change"][1] <= 0 < row[f"{metric}_change"][2]


@pytest.mark.parametrize("form", ["int4", "3 of 6 layers, taught, vocabulary, int8"])
def test_hybrid_search_certainly_loses_with_less(form):
    assert hybrid(form)["e_change"][2] < 0
    assert hybrid(form)["c_change"][2] < 0


def test_the_static_table_loses_in_c_alone():
    row = hybrid("static table")
    assert row["e_change"][1] < 0 < row["e_change"][2]
    assert row["c_change"][2] < 0


def test_eight_bits_find_what_is_near_and_short_vectors_do_not():
    recall = {row["form"]: row["recall"] for row in REPORT["vectors"]}
    assert recall["int8"] > 0.99
    assert 0.98 < recall["binary, 400 scored again"] < recall["binary, 1000 scored again"] < recall["int8"]
    assert recall["float32, first 128"] < 0.8
