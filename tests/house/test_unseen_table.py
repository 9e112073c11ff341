"""What is said of a shop that nobody has seen is what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.make_benchmarks import RESULTS
from scripts.unseen_table import CONCLUSION, OURS, strongest

REPORT = json.loads((RESULTS / "unseen_shop.json").read_text(encoding="utf-8"))
TABLES = {
    f"{row['shop']}-{row['protocol']}": json.loads(
        (RESULTS / f"{row['shop']}-{row['protocol']}.json").read_text(encoding="utf-8")
    )
    for row in REPORT["rows"]
}
PLACE = ("shop", "protocol", "candidates", "shots")


def rows(start: str, **wanted: Any) -> list[dict[str, Any]]:
    chosen = {"start": start, **wanted}
    return [row for row in REPORT["rows"] if all(row[key] == value for key, value in chosen.items())]


def test_every_start_was_asked_the_same():
    assert REPORT["command"] == "python benchmarks/unseen_shop.py"
    places = [[tuple(row[key] for key in PLACE) for row in rows(s)] for s in ("all", "without", "equal")]
    assert places[0] == places[1] == places[2]
    assert len(set(places[0])) == len(places[0])


def test_the_strongest_of_others_answered_the_same_questions():
    for row in rows("all"):
        found = strongest(row, TABLES)
        assert found is not None, row
        assert found["method"] not in OURS
        assert (found["cases"], found["shots"]) == (row["cases"], row["shots"])
    assert strongest(REPORT["rows"][0] | {"cases": 1}, TABLES) is None


def cell(start: str, shop: str, protocol: str, candidates: str, shots: int | None = None) -> dict[str, Any]:
    (found,) = rows(start, shop=shop, protocol=protocol, candidates=candidates, shots=shots)
    return found


def test_what_is_said_of_regulars_is_what_was_measured():
    films = [cell(start, "ml100k", "warm", "all") for start in ("all", "without", "equal")]
    assert [round(row["value"], 3) for row in films] == [0.133, 0.119, 0.102]
    assert all(row["difference_high"] < 0 for row in films[1:])
    assert strongest(films[0], TABLES)["method"] == "ials"  # type: ignore[index]
    products = cell("without", "beauty", "warm", "all")
    assert products["difference_low"] < 0 < products["difference_high"]
    assert round(products["value"], 3) == 0.074


def test_what_is_said_of_new_items_is_what_was_measured():
    for shop in ("beauty", "ml100k"):
        among = cell("without", shop, "new-items", "cold")
        assert among["difference_low"] < 0 < among["difference_high"]
        assert among["value"] > strongest(among, TABLES)["value"]  # type: ignore[index]
    films, products = (cell("without", shop, "new-items", "all") for shop in ("ml100k", "beauty"))
    assert films["difference_low"] > 0 > products["difference_high"]
    assert films["value"] > 1.9 * (films["value"] - films["difference"])
    assert cell("equal", "ml100k", "new-items", "all")["value"] > films["value"]
    assert -products["difference"] / (products["value"] - products["difference"]) == pytest.approx(
        1 / 8, abs=0.01
    )
    assert CONCLUSION.endswith(".")


def test_what_is_said_of_new_visitors_is_what_was_measured():
    starts = ("without", "all")
    found = [[cell(start, "ml100k", "new-users", "all", k) for k in (0, 1, 2, 3, 5)] for start in starts]
    assert [round(row["value"], 2) for row in found[0]] == [0.43, 0.40, 0.41, 0.43, 0.49]
    assert [round(row["value"], 2) for row in found[1]] == [0.43, 0.42, 0.43, 0.45, 0.50]
    assert all(row["difference_low"] < 0 < row["difference_high"] for row in found[0])
