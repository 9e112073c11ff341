"""What is written counts in the next answer."""

from __future__ import annotations

from tests.serve.conftest import ITEMS


def test_an_empty_shop_answers_and_says_what_is_missing(serving):
    with serving() as shop:
        found = shop.ask("/v1/recommend", {})
        assert found["items"] == []
        assert found["warnings"] == ["shop_is_being_learned"]
        assert shop.ask("/v1/suggest", {"prefix": "te"})["suggestions"] == []


def test_a_large_first_import_is_learned_beside_and_then_answers(serving):
    many = [{"item_id": f"i{n}", "title": f"Thing number {n} of {n % 7} kinds"} for n in range(600)]
    with serving() as shop:
        shop.ask("/v1/items", many)
        assert shop.ask("/v1/recommend", {})["warnings"] == ["shop_is_being_learned"]
        assert shop.post("/v1/explain", {"item_id": "i1"}).status_code == 409
        ready = shop.client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready", "learning": True})
        assert shop.ask("/v1/admin/refit", {})["promoted"]
        assert shop.client.get("/readyz").json() == {"status": "ready", "learning": False}
        assert shop.ids("/v1/search", {"query": "number 599", "n": 1}) == ["i599"]


def test_an_empty_shop_has_nothing_to_learn(serving):
    with serving() as shop:
        assert shop.client.get("/readyz").json() == {"status": "ready", "learning": False}


def test_a_query_of_spaces_is_refused_as_an_empty_one_is(shop):
    for query in ("", " ", "\t \u3000"):
        assert shop.post("/v1/search", {"query": query}).status_code == 422
    assert shop.ids("/v1/search", {"query": " green tea ", "n": 1}) == ["tea"]


def test_what_is_trending_says_why(shop):
    shop.ask("/v1/events", {"event_type": "click", "visitor_id": "v1", "item_id": "tea"})
    first = shop.ask("/v1/trending", {"n": 1})["items"][0]
    assert [reason["text"] for reason in first["reasons"]] == ["wanted by many lately"]


def test_items_are_found_as_soon_as_they_are_sent(shop):
    assert shop.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]
    shop.ask("/v1/items", {"item_id": "whisk", "title": "Bamboo matcha whisk"})
    assert shop.ids("/v1/search", {"query": "matcha whisk", "n": 1}) == ["whisk"]
    assert "whisk" in shop.ids("/v1/similar", {"item_id": "tea", "n": 10})


def test_chinese_is_found(shop):
    assert shop.ids("/v1/search", {"query": "茶壶", "n": 1}) == ["hu"]


def test_one_click_changes_the_next_answer_and_a_session_leaves_nothing(shop):
    before = shop.ids("/v1/recommend", {"visitor_id": "v1", "n": 3})
    click = {"event_type": "click", "visitor_id": "v1", "item_id": "tea"}
    session = shop.ids("/v1/recommend", {"events": [click], "n": 3})
    assert shop.ids("/v1/recommend", {"visitor_id": "v1", "n": 3}) == before
    shop.ask("/v1/events", click)
    after = shop.ask("/v1/recommend", {"visitor_id": "v1", "n": 3})
    assert [item["item_id"] for item in after["items"]] == session != before
    assert "tea" not in session
    assert after["items"][0]["reasons"][0]["item_id"] == "tea"


def test_edits_and_deletes_act_at_once(shop):
    shop.client.patch("/v1/items/tea", json={"available": False}, headers=shop.headers)
    assert "tea" not in shop.ids("/v1/search", {"query": "green tea"})
    shop.client.patch("/v1/items/tea", json={"available": True, "price": 3.0}, headers=shop.headers)
    cheap = {"query": "green tea", "filter": {"price": {"lte": 5}}}
    assert shop.ids("/v1/search", cheap) == ["tea"]
    shop.client.delete("/v1/items/tea", headers=shop.headers)
    assert "tea" not in shop.ids("/v1/search", {"query": "green tea"})
    assert shop.post("/v1/similar", {"item_id": "tea"}).status_code == 404
    assert shop.client.get("/v1/items/tea", headers=shop.headers).status_code == 404
    shop.ask("/v1/items", ITEMS[0])
    assert shop.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]


def test_a_visitor_becomes_a_user_and_loses_nothing(shop):
    shop.ask("/v1/events", {"event_type": "click", "visitor_id": "v1", "item_id": "tea"})
    as_visitor = shop.ids("/v1/recommend", {"visitor_id": "v1"})
    assert shop.ask("/v1/users/merge", {"visitor_id": "v1", "user_id": "ann"})["moved"]["events"] == 1
    assert shop.ids("/v1/recommend", {"user_id": "ann"}) == as_visitor
    assert shop.ask("/v1/recommend", {"visitor_id": "v1"})["warnings"][-1] == "user_without_events"


def test_who_is_forgotten_was_never_here(shop):
    before = shop.ids("/v1/recommend", {"user_id": "ann"})
    shop.ask("/v1/users", {"user_id": "ann", "attributes": {"city": "Köln"}})
    shop.ask("/v1/events", {"event_type": "purchase", "user_id": "ann", "item_id": "rod"})
    assert shop.ids("/v1/recommend", {"user_id": "ann"}) != before
    answer = shop.client.delete("/v1/users/ann", headers=shop.headers)
    assert answer.json()["deleted"]["events"] == 1
    assert shop.ids("/v1/recommend", {"user_id": "ann"}) == before
    kept = shop.client.get("/v1/users/ann/export", headers=shop.headers).json()
    assert kept == {"user_id": "ann", "attributes": {}, "events": [], "reviews": [], "queries": []}


def test_the_same_event_sent_twice_counts_once(shop):
    event = {"event_type": "click", "user_id": "ann", "item_id": "tea", "event_id": "e-1"}
    shop.ask("/v1/events", [event, event])
    shop.ask("/v1/events", event)
    plain = {"event_type": "click", "user_id": "ann", "item_id": "cup"}
    for _ in range(2):
        answer = shop.client.post(
            "/v1/events", json=plain, headers={**shop.headers, "Idempotency-Key": "once"}
        )
        assert answer.status_code == 200
    kept = shop.client.get("/v1/users/ann/export", headers=shop.headers).json()
    assert [event["item_id"] for event in kept["events"]] == ["tea", "cup"]


def test_a_restart_goes_on_where_it_was(serving):
    with serving() as shop:
        shop.ask("/v1/items", ITEMS)
        shop.ask("/v1/events", {"event_type": "click", "user_id": "ann", "item_id": "tea"})
        shop.ask("/v1/items", {"item_id": "whisk", "title": "Bamboo matcha whisk"})
        shop.client.delete("/v1/items/rod", headers=shop.headers)
        before = shop.ask("/v1/recommend", {"user_id": "ann"})
    with serving() as shop:
        after = shop.ask("/v1/recommend", {"user_id": "ann"})
        assert after["items"] == before["items"]
        assert shop.ids("/v1/search", {"query": "matcha", "n": 1}) == ["whisk"]
        assert shop.post("/v1/similar", {"item_id": "rod"}).status_code == 404


def test_a_damaged_model_is_learned_again(serving, tmp_path):
    with serving() as shop:
        shop.ask("/v1/items", ITEMS)
        before = shop.ids("/v1/search", {"query": "green tea"})
    for path in (tmp_path / "home" / "models" / "default").glob("v*/manifest.json"):
        path.write_text("{half a f")
    with serving() as shop:
        assert shop.ids("/v1/search", {"query": "green tea"}) == before


def test_pages_never_repeat_and_never_skip(shop):
    everything = shop.ids("/v1/search", {"query": "green tea", "n": 6})
    seen, cursor = [], ""
    while cursor is not None:
        page = shop.ask("/v1/search", {"query": "green tea", "n": 2, "cursor": cursor})
        seen += [item["item_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        shop.ask("/v1/events", {"event_type": "view", "user_id": "x", "item_id": "cup"})
    assert seen == everything


def test_a_refit_takes_over_and_is_rolled_back(shop):
    first = shop.ask("/v1/search", {"query": "tea"})["model"]
    refit = shop.ask("/v1/admin/refit", {"force": True})
    assert refit["promoted"]
    assert shop.ask("/v1/search", {"query": "tea"})["model"] == refit["version"] != first
    back = shop.ask("/v1/admin/rollback", {})["version"]
    assert shop.ask("/v1/search", {"query": "tea"})["model"] == back == first
    assert [
        act["action"] for act in shop.client.get("/v1/admin/audit", headers=shop.headers).json()["entries"]
    ] == [
        "refit",
        "rollback",
    ]


def test_a_stranger_is_not_asked_about_what_is_gone_or_sold_out(shop):
    asked = [shop.ask("/v1/onboard", {})["ask"]]
    shop.client.delete(f"/v1/items/{asked[0]}", headers=shop.headers)
    asked.append(shop.ask("/v1/onboard", {})["ask"])
    shop.client.patch(f"/v1/items/{asked[1]}", json={"available": False}, headers=shop.headers)
    asked.append(shop.ask("/v1/onboard", {})["ask"])
    assert None not in asked
    assert len(set(asked)) == 3
