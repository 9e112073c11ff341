"""What comes of the lists that a visitor is shown counts for these lists."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from warmstart.web.console.overview import samples_of, scenarios_of

HEX = "0" * 32


def scenarios(browser: Any) -> dict[str, dict[str, Any]]:
    """What the first page of the console says of each kind of question."""
    rows = scenarios_of(samples_of(browser.client.app.state.service.metrics))
    return {row["scenario"]: row for row in rows}


def test_what_is_done_to_an_item_counts_for_the_list_that_it_was_taken_from(browser):
    rows = {row["key"]: row["items"] for row in browser.get("home")["rows"]}
    own, wanted = rows["for_you"][0], rows["trending"][0]
    for act in ("click", "add_to_cart"):
        browser.post("act", {"act": act, "item_id": own["id"], "request_id": own["request_id"]})
    browser.post("act", {"act": "click", "item_id": wanted["id"], "request_id": wanted["request_id"]})
    browser.post("act", {"act": "click", "item_id": "tea-2"})
    assert browser.post("buy")["cart"] == 0
    told = scenarios(browser)
    counts = [told["recommend"][name] for name in ("impression", "click", "add_to_cart", "purchase")]
    assert counts == [len(rows["for_you"]), 1, 1, 1]
    assert told["recommend"]["ctr"] == round(1 / len(rows["for_you"]), 4)
    assert (told["trending"]["impression"], told["trending"]["click"]) == (len(rows["trending"]), 1)
    assert told["trending"]["purchase"] == 0


def test_every_list_of_the_pages_has_an_id_and_its_items_count_as_shown(browser):
    lists = {
        "search": browser.get("search", q="kettle")["items"],
        "similar": browser.get("item", id="tea-0")["similar"],
        "complement": browser.get("item", id="tea-0")["complement"],
        "onboard": browser.post("welcome")["items"],
    }
    browser.post("act", {"act": "add_to_cart", "item_id": "tea-0"})
    lists["cart"] = browser.get("cart")["complement"]
    told = scenarios(browser)
    for scenario, cards in lists.items():
        assert len({card["request_id"] for card in cards}) == 1
        assert cards[0]["request_id"].startswith(f"{scenario}-")
        assert told[scenario]["impression"] == len(cards) * told[scenario]["answers"]


def test_being_shown_something_is_no_evidence(browser):
    before = browser.row("for_you")
    for _ in range(3):
        browser.get("home")
        browser.get("search", q="tea")
    assert browser.get("me")["events"] == 0
    assert browser.get("taste")["events"] == []
    assert browser.row("for_you") == before


def test_the_first_of_a_kind_is_bought_for_the_list_it_was_last_taken_from(browser):
    once, again = f"search-{HEX}", f"similar-{HEX}"
    browser.post("act", {"act": "click", "item_id": "tea-0", "request_id": once})
    browser.post("act", {"act": "add_to_cart", "item_id": "tea-0", "request_id": again})
    browser.post("buy")
    told = scenarios(browser)
    assert (told["search"]["purchase"], told["similar"]["purchase"]) == (0, 1)


@pytest.mark.parametrize(
    "request_id",
    [f"made{'x' * 20}-{HEX}", f"explain-{HEX}", f"search-{HEX}0", "search-1", "", f"搜索-{HEX}"],
)
def test_an_id_that_is_none_of_a_list_is_refused(browser, request_id):
    said = {"act": "click", "item_id": "tea-0", "request_id": request_id}
    assert browser.client.post("/shop/api/act", json=said).status_code == 422
    assert sum(row["click"] for row in scenarios(browser).values()) == 0
