"""What is said of tuning on few labels is what was measured."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from scripts.make_benchmarks import RESULTS
from scripts.tuning_table import CONCLUSION
from warmstart.encoders.tuning import Method

REPORT = json.loads((RESULTS / "tuning.json").read_text(encoding="utf-8"))


def row(method: str, shots: int, shop: str = "banking77") -> dict[str, Any]:
    key = (shop, shots, method)
    return next(r for r in REPORT["rows"] if (r["shop"], r["shots"], r["method"]) == key)


def test_the_table_has_its_command_and_a_conclusion():
    assert REPORT["command"] == "python benchmarks/tuning.py"
    assert CONCLUSION.endswith(".")


def test_the_name_of_a_label_is_worth_more_than_any_tuning_after_one_example():
    named = row("frozen, label names", 1)
    assert named["low"] > 0
    assert all(row(method, 1)["gain"] < 0.01 < named["gain"] for method in get_args(Method))
    named = row("frozen, label names", 1, "clinc150")
    assert named["low"] > 0
    assert named["auroc"] > row("frozen", 1, "clinc150")["auroc"] + 0.03


@pytest.mark.parametrize("method", get_args(Method))
def test_no_way_of_tuning_is_certainly_better_than_the_frozen_model_up_to_eight_examples(method):
    for shots in (1, 8):
        assert row(method, shots)["low"] <= 0


@pytest.mark.parametrize("method", ["top", "lora", "bottleneck"])
def test_after_eight_examples_some_ways_certainly_lose(method):
    assert row(method, 8)["high"] < 0


def test_setfit_loses_after_one_example_and_is_kept_frozen_after_eight():
    assert row("setfit", 1)["high"] < 0
    assert row("setfit", 1, "clinc150")["high"] < 0
    assert row("setfit", 8)["kept_frozen"] == row("setfit", 8)["seeds"] == 3


@pytest.mark.parametrize("method", ["lora", "setfit", "full"])
def test_after_sixteen_examples_tuning_is_level_and_dear(method):
    found = row(method, 16)
    assert found["low"] <= 0 <= found["high"]
    assert 5 * row("frozen", 16)["cpu_s"] < found["cpu_s"]


@pytest.mark.parametrize("method", ["full", "lora", "setfit"])
def test_on_clinc150_tuning_is_level_after_four_examples(method):
    found = row(method, 4, "clinc150")
    assert found["low"] <= 0 <= found["high"]


@pytest.mark.parametrize("method", ["frozen", "full", "setfit"])
def test_a_chinese_network_from_scratch_is_far_behind_the_closed_form(method):
    for shots in (8, 64):
        assert row(f"own network, {method}", shots, "eprstmt_zh")["high"] < -0.05
