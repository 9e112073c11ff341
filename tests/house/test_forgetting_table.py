"""What is said of forgetting is what was measured."""

from __future__ import annotations

import json

import pytest

from scripts.forgetting_table import CONCLUSION
from scripts.make_benchmarks import RESULTS

REPORT = json.loads((RESULTS / "forgetting.json").read_text(encoding="utf-8"))
ROWS = {row["method"]: row for row in REPORT["rows"]}
ALONE, FROZEN, ANEW = "in turn", "frozen, all examples", "trained anew, all examples"


def test_the_table_has_its_command_and_a_conclusion():
    assert REPORT["command"] == "python benchmarks/forgetting.py"
    assert CONCLUSION.endswith(".")


def test_a_network_tuned_in_turn_forgets_a_third():
    assert ROWS[ALONE]["backward"] < -0.3
    assert ROWS[ALONE]["new"] > 0.95 > 0.65 > ROWS[ALONE]["old_3"]


@pytest.mark.parametrize("method", [name for name in ROWS if name.startswith("in turn,")])
def test_every_protection_forgets_less_and_none_beats_the_frozen_model(method):
    assert ROWS[method]["backward"] > ROWS[ALONE]["backward"]
    assert ROWS[method]["average"] > ROWS[ALONE]["average"]
    assert ROWS[method]["low"] < 0


def test_replay_keeps_the_old_at_no_cost_to_the_new_and_anchors_pay():
    replay = ROWS["in turn, replay"]
    assert replay["low"] < 0 < replay["high"]
    assert replay["new"] > ROWS[ALONE]["new"] - 0.02
    for method in ("in turn, L2-SP", "in turn, EWC"):
        assert ROWS[method]["new"] < ROWS[ALONE]["new"] - 0.1
        assert ROWS[method]["high"] < 0


def test_training_anew_on_everything_is_the_one_certain_gain():
    assert ROWS[ANEW]["low"] > 0
    assert 5 * ROWS[FROZEN]["cpu_s"] < ROWS[ANEW]["cpu_s"] + 1
    assert all(row["low"] <= 0 for name, row in ROWS.items() if name != ANEW)
