"""What is said of the weight of meaning is what was measured."""

import json

import numpy as np
import pytest

from scripts.dense_weight_table import CONCLUSION, dense_weight_section
from scripts.make_benchmarks import RESULTS
from warmstart.search.weights import WeightTable

REPORT = json.loads((RESULTS / "dense_weight.json").read_text(encoding="utf-8"))


def measured() -> WeightTable:
    e, c = (np.array(REPORT["per_query"][name]) for name in ("e", "c"))
    weights = tuple(REPORT["weights"])
    return WeightTable(weights=weights, default=weights.index(REPORT["default"]), e=e, c=c)


def test_the_rule_refused_what_it_learned():
    assert CONCLUSION.startswith("Do nothing")
    assert REPORT["weight"] == REPORT["default"]
    assert REPORT["reason"]


def test_the_kept_numbers_of_every_query_give_the_same_result_again():
    table = measured()
    assert sorted(set(REPORT["chosen_by_fold"])) == [0.45, 0.55]
    changes = table.changes(table.cross_validated())
    for name, told in REPORT["changes"].items():
        assert changes[name].after == pytest.approx(told["after"], abs=2e-4)
        assert changes[name].low == pytest.approx(told["low"], abs=5e-4)


def test_the_gain_of_one_is_the_loss_of_the_other():
    e, c = REPORT["changes"]["e"], REPORT["changes"]["c"]
    assert (round(c["after"] - c["before"], 3), round(e["after"] - e["before"], 3)) == (0.003, -0.004)
    assert c["low"] > 0
    assert e["high"] < 0
    assert (round(c["after"], 3), round(e["after"], 3)) == (0.878, 0.787)


def test_fixed_weights_that_meet_the_floor_are_named():
    means = zip(REPORT["weights"], REPORT["means"]["e"], REPORT["means"]["c"], strict=True)
    assert [weight for weight, e, c in means if e >= 0.765 and c >= 0.880] == [0.6, 0.65, 0.7]
    assert "learned" in dense_weight_section(REPORT)
