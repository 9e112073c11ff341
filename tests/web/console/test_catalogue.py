"""The catalogue as the service pages it."""

from __future__ import annotations

import csv
import io

import pytest

from tests.web.conftest import items

pytest.importorskip("fastapi")


def test_pages_of_the_catalogue_are_all_of_it_once_in_order(console):
    asked = {"sort": "price", "down": False, "n": 4}
    found = [console.get("catalogue", offset=offset, **asked) for offset in range(0, 20, 4)]
    rows = [row for page in found for row in page["rows"]]
    assert {page["found"] for page in found} == {len(items())}
    assert sorted(row["item_id"] for row in rows) == sorted(item["item_id"] for item in items())
    assert [row["price"] for row in rows] == sorted(item["price"] for item in items())


def test_a_filter_wants_all_words_whatever_their_case(console):
    found = console.get("catalogue", q="LEAF tea")
    assert found["found"] == len(found["rows"]) > 0
    assert {(row["brand"], row["category"]) for row in found["rows"]} == {("Leaf", "Tea")}
    assert console.get("catalogue", q="茶壶")["rows"][0]["item_id"] == "kettles-4"
    assert console.get("catalogue", q="(.*")["found"] == 0


def test_the_busiest_items_come_first_and_events_are_counted(console):
    rows = console.get("catalogue", n=200)["rows"]
    counts = [row["events"] for row in rows]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == 84


def test_an_export_has_everything_and_no_formula(console):
    console.api("/v1/items", [{"item_id": "evil", "title": '=HYPERLINK("http://evil.example")'}])
    text = console.ask("catalogue.csv", params={"sort": "title", "down": False}).text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == len(items()) + 1
    assert {row["title"] for row in rows if row["item_id"] == "evil"} == {
        '\'=HYPERLINK("http://evil.example")'
    }


def test_the_catalogue_is_for_administrators(stranger):
    assert stranger.ask("catalogue").status_code == 401
    assert stranger.ask("catalogue.csv").status_code == 401


def test_an_empty_shop_has_an_empty_catalogue(stranger):
    from tests.web.console.conftest import ADMIN

    stranger.post("login", {"key": ADMIN})
    assert stranger.get("catalogue") == {"rows": [], "found": 0}
