"""What is said of trials in docs/concepts/engine.md is what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.make_benchmarks import RESULTS, ROOT

REPORT = json.loads((RESULTS / "trials.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "concepts" / "engine.md").read_text(encoding="utf-8")
QUARTER = "taught by purchases, 25%"


def rows(trial: str, **wanted: Any) -> list[dict[str, Any]]:
    chosen = {"trial": trial, **wanted}
    return [row for row in REPORT["rows"] if all(row[key] == value for key, value in chosen.items())]


def gain(row: dict[str, Any]) -> float:
    return float(row["difference"] / (row["value"] - row["difference"]))


def test_the_page_names_the_command():
    assert REPORT["command"] in PAGE
    assert {row["trial"] for row in REPORT["rows"]} == {"attention", "kinds"}


@pytest.mark.parametrize(("shop", "lost"), [("ml100k", 0.03), ("simulated-en", 0.03), ("beauty", 0.02)])
def test_sharp_attention_is_certainly_worse(shop: str, lost: float):
    (row,) = rows("attention", shop=shop, shots=10, candidates="shop", scored="softmax 1, all parts")
    assert row["high"] < 0
    assert row["difference"] == pytest.approx(-lost, abs=0.005)


def test_what_rewards_agreement_gains_certainly_in_one_column():
    names = {f"power {power}, {where}" for power in (0.5, 0.7) for where in ("tables", "all parts")}
    found = [row for row in rows("attention") if row["scored"] in names]
    certain = {(row["shop"], row["candidates"], row["shots"]) for row in found if row["low"] > 0}
    assert certain == {("beauty", "shop", 10)}
    assert all(row["high"] > 0 for row in found)
    assert max(map(gain, found)) == pytest.approx(0.06, abs=0.005)
    new = [row for row in found if (row["shop"], row["candidates"], row["shots"]) == ("beauty", "cold", 3)]
    assert all(row["difference"] < 0 for row in new)


def test_a_quarter_of_the_say_for_purchases_finds_more_of_what_is_bought_and_costs_nothing_certain():
    bought, turned_to = (rows("kinds", scored=QUARTER, wanted=wanted) for wanted in ("bought", "turned to"))
    assert len(bought) == len(turned_to) == 9
    assert 0.01 < min(map(gain, bought)) < 0.02
    assert 0.38 < max(map(gain, bought)) < 0.40
    certain = {(row["shop"], row["shots"]) for row in bought if row["low"] > 0}
    assert certain == {("simulated-en", 3), ("simulated-en", 5), ("simulated-en", 10), ("simulated-zh", 5)}
    assert all(row["low"] < 0 < row["high"] for row in turned_to)


def test_all_of_the_say_for_purchases_costs_what_people_turn_to():
    assert all(
        row["high"] < 0 for row in rows("kinds", scored="taught by purchases, 100%", wanted="turned to")
    )
