"""What is said of ratings told from text is what was measured."""

from __future__ import annotations

import json

import pytest

from scripts.make_benchmarks import RESULTS
from scripts.ratings_text_table import CONCLUSION

REPORT = json.loads((RESULTS / "ratings_text.json").read_text(encoding="utf-8"))
ROWS = {row["method"]: row for row in REPORT["rows"]}


def test_the_table_has_its_command_and_a_conclusion():
    assert REPORT["command"] == "python benchmarks/ratings_text.py"
    assert CONCLUSION.endswith(".")


@pytest.mark.parametrize("method", ["text, lora", "text, full"])
def test_tuning_is_within_chance_of_the_frozen_model(method):
    assert ROWS[method]["change_low"] < 0 < ROWS[method]["change_high"]
    assert ROWS[method]["kept_frozen"] == 0


def test_no_text_rater_is_clearly_better_than_the_bias_of_a_user():
    bias = ROWS["user-bias"]["mae"]
    assert all(row["mae"] > bias - 0.005 for name, row in ROWS.items() if name.startswith("text"))


@pytest.mark.parametrize("method", ["factor", "factor, MiniLM"])
def test_taste_carried_over_by_text_is_best(method):
    assert ROWS[method]["change_high"] < 0
    assert all(ROWS[method]["mae"] < row["mae"] for name, row in ROWS.items() if not name.startswith("fac"))
