"""What is said of small encoders is what was measured."""

from __future__ import annotations

import json

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


def test_hybrid_search_with_int8_is_a_tie():
    (row,) = [row for row in REPORT["search"] if (row["form"], row["search"]) == ("int8", "hybrid")]
    assert all(
        row[f"{metric}_change"][1] < 0 < row[f"{metric}_change"][2] for metric in ("e", "c", "judged")
    )
