"""What is said of cost is what was measured."""

from __future__ import annotations

import json

from scripts.make_benchmarks import RESULTS
from scripts.scaling_table import SCALING_CONCLUSION, scaling_section

REPORT = json.loads((RESULTS / "scaling.json").read_text(encoding="utf-8"))


def test_the_table_has_its_command_and_a_conclusion():
    assert REPORT["command"] == "python benchmarks/scaling.py"
    assert SCALING_CONCLUSION.endswith(".")
    assert SCALING_CONCLUSION in scaling_section(REPORT)


def test_ratios_are_those_of_the_times():
    assert len(REPORT["rows"]) >= 3
    for row in REPORT["rows"]:
        for events, taken in row["question_ms"].items():
            assert abs(taken / row["product_ms"] - row["ratio"][events]) < 0.1
        assert row["tables_mb"] < row["memory_mb"]
