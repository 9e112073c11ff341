"""What the door of the storefront answers, and whom it answers."""

from __future__ import annotations

import pytest

from tests.web.conftest import EVIL
from warmstart.data.records import Item
from warmstart.web.storefront.cards import card_of


def test_one_like_changes_the_home_page_and_says_why(browser):
    before = browser.row("for_you")
    liked = "fishing-0"
    assert browser.post("act", {"act": "like", "item_id": liked}) == {"events": 1, "cart": 0}
    rows = {row["key"]: row for row in browser.get("home")["rows"]}
    after = [card["id"] for card in rows["for_you"]["items"]]
    assert after != before
    assert liked not in after
    assert rows["because"]["about"]["id"] == liked
    reasons = [reason for card in rows["for_you"]["items"] for reason in card["reasons"]]
    assert any(reason["id"] == liked and reason["act"] == "like" for reason in reasons)


def test_the_reasons_of_an_item_sum_to_its_score(browser):
    browser.post("act", {"act": "like", "item_id": "tea-0"})
    found = browser.get("why", id="tea-2")
    assert abs(sum(reason["value"] for reason in found["reasons"]) - found["score"]) < 1e-3
    assert {reason["id"] for reason in found["reasons"]} >= {"tea-0"}


@pytest.mark.parametrize("words", ["tea, under 12", "龙井 茶"])
def test_the_reasons_of_an_item_for_a_sentence_have_its_words_and_sum_to_its_score(browser, words):
    card = browser.get("wish", q=words)["items"][0]
    found = browser.get("why", id=card["id"], q=words, wish=True)
    assert abs(sum(reason["value"] for reason in found["reasons"]) - found["score"]) < 1e-3
    assert "lexical" in {reason["source"] for reason in found["reasons"]}


def test_no_item_is_a_reason_for_itself(browser):
    browser.get("home")
    for item_id in ("tea-0", "tea-2", "tea-3"):
        browser.post("act", {"act": "click", "item_id": item_id})
    found = browser.get("why", id="tea-0")
    assert {"tea-2"} <= {reason["id"] for reason in found["reasons"]}
    assert not {"tea-0"} & {reason["id"] for reason in found["reasons"]}
    assert abs(sum(reason["value"] for reason in found["reasons"]) - found["score"]) < 1e-3
    rows = [*browser.get("home")["rows"], browser.get("search", q="tea")]
    for card in (card for row in rows for card in row["items"]):
        assert card["id"] not in {reason["id"] for reason in card["reasons"]}
    searched = browser.get("why", id="tea-0", q="tea")
    assert "tea-0" not in {reason["id"] for reason in searched["reasons"]}
    assert "self" in {reason["source"] for reason in searched["reasons"]}
    assert abs(sum(reason["value"] for reason in searched["reasons"]) - searched["score"]) < 1e-3


def test_what_is_wanted_lately_says_so_alone(browser):
    browser.post("act", {"act": "click", "item_id": "fishing-0"})
    row = next(row for row in browser.get("home")["rows"] if row["key"] == "trending")
    assert {reason["source"] for card in row["items"] for reason in card["reasons"]} == {"trending"}


def test_limits_that_leave_nothing_can_be_lifted(browser):
    found = browser.get("wish", q="tea, under 1")
    assert (found["items"], found["relaxed"]) == ([], "tea")
    assert browser.get("wish", q=found["relaxed"])["items"]
    searched = browser.get("search", q="绿茶，1元以下")
    assert (searched["items"], searched["relaxed"]) == ([], "绿茶")


@pytest.mark.parametrize(
    ("words", "footing"),
    [("asdkjh qwoeiu", "nothing"), ("under 12", "limits"), ("green tea under 12", "words")],
)
def test_a_list_for_words_says_what_it_stands_on(browser, words, footing):
    found = browser.get("wish", q=words)
    assert found["items"]
    assert (found["footing"], found["relaxed"]) == (footing, "")


def test_what_is_misspelt_is_found_and_the_right_spelling_is_offered(browser):
    found = browser.get("search", q="ketle")
    assert found["meant"] == "kettle"
    assert "kettle" in found["items"][0]["title"].lower()
    assert browser.get("search", q="kettle")["meant"] == ""


def test_chinese_is_found(browser):
    assert browser.get("search", q="茶壶")["items"][0]["id"] == "kettles-4"


def test_words_are_completed(browser):
    assert any("kettle" in text for text in browser.get("suggest", q="ket")["suggestions"])
    assert browser.get("suggest", q=" ")["suggestions"] == []


def test_facets_count_what_is_found_and_filters_hold(browser):
    found = browser.get("search", q="kettle")
    brands = {choice["name"]: choice["count"] for choice in found["facets"]["brand"]}
    narrowed = browser.get("search", q="kettle", brand="Stahl", highest=22)
    assert {card["brand"] for card in narrowed["items"]} == {"Stahl"}
    assert all(card["price"] <= 22 for card in narrowed["items"])
    assert brands["Stahl"] >= len(narrowed["items"]) > 0
    chosen = [choice for choice in narrowed["facets"]["brand"] if choice["chosen"]]
    assert [choice["name"] for choice in chosen] == ["Stahl"]
    assert len(narrowed["facets"]["brand"]) > 1


def test_without_words_a_category_can_be_browsed(browser):
    found = browser.get("search", category="Fishing")
    assert {card["categories"][-1] for card in found["items"]} == {"Fishing"}


def test_a_sentence_is_obeyed(browser):
    found = browser.get("wish", q="tea, under 12")
    assert found["items"]
    assert all(card["price"] <= 12 for card in found["items"])


def test_an_item_comes_with_what_is_like_it_and_what_goes_with_it(browser):
    found = browser.get("item", id="tea-0")
    assert found["title"] == "Green tea"
    assert found["similar"]
    assert "tea-0" not in [card["id"] for card in found["similar"]]
    assert any(card["id"].startswith("kettles") for card in found["complement"])
    assert found["said"] is None


def test_a_cart_is_what_was_put_in_and_not_taken_out_or_bought(browser):
    browser.post("act", {"act": "add_to_cart", "item_id": "tea-0"})
    browser.post("act", {"act": "add_to_cart", "item_id": "tea-0"})
    browser.post("act", {"act": "add_to_cart", "item_id": "fishing-1"})
    browser.post("act", {"act": "remove_from_cart", "item_id": "fishing-1"})
    found = browser.get("cart")
    assert [(card["id"], card["count"]) for card in found["items"]] == [("tea-0", 2)]
    assert "tea-0" not in [card["id"] for card in found["complement"]]
    assert browser.post("buy")["cart"] == 0
    assert browser.get("cart")["items"] == []


def test_a_few_answers_become_evidence_only_when_kept(browser):
    first = browser.post("welcome", {"answers": []})
    answers = [{"item_id": first["ask"]["id"], "value": 1}]
    second = browser.post("welcome", {"answers": answers})
    assert second["ask"]["id"] != first["ask"]["id"]
    assert browser.get("me")["events"] == 0
    assert browser.post("welcome", {"answers": answers, "keep": True})["events"] == 1


def test_the_taste_names_what_was_done_and_what_rose(browser):
    assert browser.get("taste") == {"events": [], "brands": [], "categories": [], "weights": []}
    browser.post("act", {"act": "like", "item_id": "fishing-0"})
    found = browser.get("taste")
    assert [(event["act"], event["id"]) for event in found["events"]] == [("like", "fishing-0")]
    assert found["categories"][0] == {"name": "Fishing", "weight": 1.0}
    assert [one["id"] for one in found["weights"]] == ["fishing-0"]
    assert sum(one["weight"] for one in found["weights"]) == 1.0


def test_an_event_taken_back_never_was(browser):
    browser.post("act", {"act": "like", "item_id": "tea-0"})
    once = browser.row("for_you")
    browser.post("act", {"act": "like", "item_id": "fishing-0"})
    assert browser.row("for_you") != once
    number = browser.get("taste")["events"][0]["number"]
    assert browser.post("forget", {"number": number})["events"] == 1
    assert browser.row("for_you") == once
    refused = browser.client.post("/shop/api/forget", json={"number": number})
    assert refused.status_code == 404


def test_nobody_takes_back_what_another_did(browser):
    browser.post("act", {"act": "like", "item_id": "tea-0"})
    number = browser.get("taste")["events"][0]["number"]
    browser.post("visitor")
    refused = browser.client.post("/shop/api/forget", json={"number": number})
    assert refused.status_code == 404
    assert browser.post("visitor", {"place": 0})["events"] == 1


def test_what_stays_when_an_event_is_taken_back_keeps_its_session_scene_and_time(browser):
    browser.post("act", {"act": "like", "item_id": "tea-0"})
    name = browser.client.cookies["warmstart_visitors"].strip('"').partition(":")[2]
    told = {"event_type": "view", "visitor_id": name, "session_id": "s", "context": {"设备": "手机"}}
    browser.client.post("/v1/events", json={**told, "item_id": "tea-2", "timestamp": 1.7e9})
    other = browser.client.get(f"/v1/users/{name}/export").json()["events"][1]
    number = browser.get("taste")["events"][1]["number"]
    assert browser.post("forget", {"number": number})["events"] == 1
    assert browser.client.get(f"/v1/users/{name}/export").json()["events"] == [other]
    assert (other["session_id"], other["context"]) == ("s", {"设备": "手机"})


def test_who_is_forgotten_is_a_stranger_with_another_name(browser):
    before, name = browser.row("for_you"), browser.client.cookies["warmstart_visitors"]
    browser.post("act", {"act": "like", "item_id": "tea-0"})
    assert browser.post("forget")["events"] == 0
    assert browser.get("me")["events"] == 0
    assert browser.row("for_you") == before
    assert browser.client.cookies["warmstart_visitors"] != name


def test_one_browser_can_be_several_visitors(browser):
    browser.post("act", {"act": "like", "item_id": "tea-0"})
    assert browser.post("visitor")["events"] == 0
    assert browser.get("me")["visitors"] == 2
    assert browser.post("visitor", {"place": 0})["events"] == 1
    assert browser.client.post("/shop/api/visitor", json={"place": 9}).status_code == 400


def test_a_new_product_is_there_at_once(browser):
    made = browser.post("items", {"title": "Bamboo matcha whisk", "category": "Tea", "price": 14})
    assert browser.get("search", q="matcha whisk")["items"][0]["id"] == made["id"]
    there = browser.get("item", id=made["id"])
    assert (there["categories"], there["currency"]) == (["Tea"], "EUR")


def test_a_product_of_a_shop_without_products_has_no_currency(bare):
    made = bare.post("items", {"title": "Bamboo matcha whisk", "price": 14})
    assert bare.client.get(f"/v1/items/{made['id']}").json().get("currency", "") == ""


def test_the_audit_log_says_what_visitors_did_for_good_and_not_who(browser):
    made = browser.post("items", {"title": "Bamboo matcha whisk"})
    browser.post("forget")
    assert [act["action"] for act in audited(browser)] == ["put_items"]
    for _ in range(2):
        browser.post("act", {"act": "like", "item_id": "tea-0"})
    name = browser.client.cookies["warmstart_visitors"].strip('"').partition(":")[2]
    browser.post("forget", {"number": browser.get("taste")["events"][0]["number"]})
    browser.post("forget")
    acts = audited(browser)
    assert [(act["action"], act["key_id"]) for act in acts] == [
        ("put_items", "visitor"),
        ("take_back", "visitor"),
        ("forget", "visitor"),
    ]
    assert acts[0]["facts"] == {"item_ids": [made["id"]]}
    assert acts[1]["facts"] == {"deleted": {"events": 1}}
    assert acts[2]["facts"]["deleted"]["events"] == 1
    assert name not in str(acts)


def audited(browser):
    return browser.client.get("/v1/admin/audit").json()["entries"]


def test_only_where_all_is_open_may_a_visitor_add_products(opening):
    with opening() as browser:
        browser.get("me")
        assert browser.client.post("/shop/api/items", json={"title": "x"}).status_code == 403


def test_an_empty_shop_answers(opening):
    with opening() as browser:
        assert browser.get("me")["learning"] is True
        assert browser.get("home") == {"rows": [], "learning": False}  # there is nothing to learn
        assert browser.get("search", q="tea")["items"] == []
        assert browser.get("cart")["items"] == []
        assert browser.get("taste")["events"] == []
        assert browser.client.get("/shop/api/item", params={"id": "x"}).status_code == 404
        assert browser.client.post("/shop/api/act", json={"act": "like", "item_id": "x"}).status_code == 404


def test_what_is_gone_is_unknown_to_the_pages(browser):
    browser.client.delete("/v1/items/tea-0")
    assert browser.client.get("/shop/api/item", params={"id": "tea-0"}).status_code == 404
    assert browser.client.post("/shop/api/act", json={"act": "like", "item_id": "tea-0"}).status_code == 404


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("/media/x.png", "/media/x.png"),
        ("https://elsewhere.example/x.png", ""),
        ("//elsewhere.example/x.png", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_pictures_of_other_sites_are_left_out(image, shown):
    assert card_of(Item(item_id="x", image=image))["image"] == shown


def test_titles_travel_as_text(browser):
    assert EVIL in browser.get("item", id="tea-1")["title"]


def test_what_a_visitor_is_shown_counts_among_the_answers(browser):
    def answers() -> dict[str, float]:
        lines = browser.client.get("/metrics").text.splitlines()
        counts = (line.split() for line in lines if line.startswith("warmstart_answers"))
        return {name: float(value) for name, value in counts if "_total" in name}

    browser.get("home")
    browser.get("search", q="kettle")
    browser.get("search", category="Tea")
    browser.get("wish", q="a gift for a fisher")
    found = answers()
    assert found['warmstart_answers_total{scenario="recommend"}'] == 3
    assert found['warmstart_answers_total{scenario="search"}'] == 1
    assert found['warmstart_answers_cold_total{scenario="recommend"}'] >= 1


def test_one_can_see_the_shop_as_somebody_it_knows_without_touching_them(browser):
    offered = browser.get("shoppers")["shoppers"]
    tea = next(one for one in offered if one["kind"] == "Tea")
    stranger = browser.row("for_you")
    assert browser.post("shopper", {"user_id": tea["id"]}) == {"events": tea["events"]}
    me = browser.get("me")
    assert (me["visitors"], me["now"], me["events"]) == (2, 1, tea["events"])
    assert browser.row("for_you") != stranger
    browser.post("forget")
    answer = browser.client.post("/v1/recommend", json={"user_id": tea["id"], "n": 5}).json()
    assert not {"no_user", "user_without_events"} & set(answer["warnings"])


def test_nobody_becomes_a_shopper_of_a_public_shop(opening):
    with opening() as browser:
        browser.get("me")
        assert browser.client.get("/shop/api/shoppers").status_code == 403
        assert browser.client.post("/shop/api/shopper", json={"user_id": "u0"}).status_code == 403


def test_a_shopper_that_nobody_knows_cannot_be_copied(browser):
    assert browser.client.post("/shop/api/shopper", json={"user_id": "nobody"}).status_code == 404
