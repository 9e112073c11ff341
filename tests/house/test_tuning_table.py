"""What is said of tuning on few labels is what was measured."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from scripts.make_benchmarks import RESULTS
from scripts.tuning_table import CONCLUSION
from warmstart.encoders.tuning import Method

REPORT = json.loads((RESULTS / "tuning.json").read_text(encoding="utf-8"))


def row(method: str, shots: int) -> dict[str, Any]:
    key = ("banking77", shots, method)
    return next(r for r in REPORT["rows"] if (r["shop"], r["shots"], r["method"]) == key)


def test_the_table_has_its_command_and_a_conclusion():
    assert REPORT["command"] == "python benchmarks/tuning.py"
    assert CONCLUSION.endswith(".")


def test_the_name_of_a_label_is_worth_more_than_any_tuning_after_one_example():
    named = row("frozen, label names", 1)
    assert named["low"] > 0
    assert all(row(method, 1)["gain"] < 0.01 < named["gain"] for method in get_args(Method))


@pytest.mark.parametrize("method", get_args(Method))
def test_no_way_of_tuning_is_certainly_better_than_the_frozen_model_up_to_eight_examples(method):
    for shots in (1, 8):
        assert row(method, shots)["low"] <= 0


@pytest.mark.parametrize("method", ["lora", "setfit", "full"])
def test_after_sixteen_examples_tuning_is_level_and_dear(method):
    found = row(method, 16)
    assert found["low"] <= 0 <= found["high"]
    assert 5 * row("frozen", 16)["cpu_s"] < found["cpu_s"]
