"""Who is let in, and what leaves when something is wrong."""

from __future__ import annotations

from tests.serve.conftest import ADMIN, ITEMS, Shop


def test_without_a_key_nothing_is_told(shop):
    for path in ("/v1/search", "/v1/events", "/v1/items", "/v1/admin/refit"):
        answer = shop.client.post(path, json={"query": "tea"})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_scopes_are_kept_apart(shop):
    made = shop.ask("/v1/admin/keys", {"scopes": ["read"], "name": "page"})
    reader = Shop(shop.client, made["secret"])
    assert reader.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]
    assert reader.post("/v1/items", ITEMS[0]).status_code == 403
    assert reader.post("/v1/admin/refit", {}).status_code == 403
    writer = Shop(shop.client, shop.ask("/v1/admin/keys", {"scopes": ["write"]})["secret"])
    assert writer.post("/v1/items", ITEMS[0]).status_code == 200
    assert writer.post("/v1/search", {"query": "tea"}).status_code == 403
    shop.client.delete(f"/v1/admin/keys/{made['key_id']}", headers=shop.headers)
    assert reader.post("/v1/search", {"query": "tea"}).status_code == 401


def test_both_headers_take_a_key(shop):
    answer = shop.client.post("/v1/search", json={"query": "tea"}, headers={"X-API-Key": ADMIN})
    assert answer.status_code == 200


def test_problems_say_what_to_do(shop):
    wrong = shop.post("/v1/items", [{"item_id": "a"}, {"item_id": "b", "price": "cheap"}])
    assert wrong.status_code == 400
    said = wrong.json()
    assert "record 2, field 'price'" in said["found"]
    assert said["todo"]
    assert said["request_id"] == wrong.headers["x-request-id"]
    assert shop.client.get("/v1/items/a", headers=shop.headers).status_code == 404


def test_a_body_that_does_not_say_that_it_is_json_is_told_how(shop):
    form = {**shop.headers, "Content-Type": "application/x-www-form-urlencoded"}
    wrong = shop.client.post("/v1/search", content=b'{"query": "tea"}', headers=form)
    assert wrong.status_code == 422
    assert "Content-Type: application/json" in wrong.json()["detail"]
    assert "Content-Type" not in shop.post("/v1/search", {}).json()["detail"]


def test_what_can_be_used_is_taken_when_asked_for(shop):
    lines = b'{"item_id": "a", "title": "A"}\n{"item_id": 5}\n{"item_id": "b"}\n'
    answer = shop.client.post("/v1/items?lenient=true", content=lines, headers=shop.headers)
    assert answer.json()["accepted"] == 2
    assert "line 2" in answer.json()["skipped"][0]


def test_large_bodies_are_refused(serving):
    with serving(body_bytes=1000) as shop:
        assert shop.post("/v1/items", {"item_id": "a", "title": "x" * 2000}).status_code == 413
        chunks = (b"x" * 600 for _ in range(3))
        answer = shop.client.post("/v1/items", content=chunks, headers=shop.headers)
        assert answer.status_code == 413
        chunks = (b"x" * 600 for _ in range(3))
        json_said = {**shop.headers, "Content-Type": "application/json"}
        answer = shop.client.post("/v1/search", content=chunks, headers=json_said)
        assert answer.status_code == 413
        assert shop.post("/v1/items", {"item_id": "a"}).status_code == 200


def test_too_many_requests_are_told_when_to_come_back(serving):
    with serving(rate=0.001, burst=2) as shop:
        codes = [shop.post("/v1/suggest", {"prefix": "t"}).status_code for _ in range(3)]
        assert codes == [200, 200, 429]
        answer = shop.post("/v1/suggest", {"prefix": "t"})
        assert int(answer.headers["retry-after"]) > 1


def test_health_needs_no_key(shop):
    assert shop.client.get("/healthz").json() == {"status": "alive"}
    assert shop.client.get("/readyz").json() == {"status": "ready", "learning": False}
    shop.client.app.state.service.is_stopping = True
    assert shop.client.get("/readyz").status_code == 503


def test_metrics_name_routes_and_never_people(shop):
    found = shop.ask("/v1/recommend", {"user_id": "ann-secret"})
    click = {"event_type": "click", "user_id": "ann-secret", "item_id": "tea"}
    shop.ask("/v1/events", {**click, "request_id": found["request_id"]})
    shop.client.get("/v1/users/ann-secret/export", headers=shop.headers)
    page = shop.client.get("/metrics").text
    assert 'warmstart_outcomes_total{event_type="click",scenario="recommend"} 1.0' in page
    assert 'warmstart_answers_cold_total{scenario="recommend"} 1.0' in page
    assert 'route="/v1/users/{user_id}/export"' in page
    assert "ann-secret" not in page


def test_a_bug_leaves_without_a_trace(shop, monkeypatch):
    service = shop.client.app.state.service
    monkeypatch.setattr(type(service.shops["default"]), "ask", lambda *_: 1 / 0)
    answer = shop.post("/v1/search", {"query": "tea"})
    assert answer.status_code == 500
    assert "Error" not in answer.json()["detail"]
    assert "division" not in answer.text


def test_dialects_are_read_as_they_are(shop):
    body = {
        "client_id": "c1",
        "events": [{"name": "view_item", "params": {"items": [{"item_id": "tea", "price": 9.0}]}}],
    }
    found = shop.ask("/v1/dialects/ga4", body)
    assert found["accepted"] == 1
    assert shop.ask("/v1/recommend", {"visitor_id": "c1"})["warnings"] == []
    assert shop.post("/v1/dialects/klingon", {}).status_code == 400


def test_what_people_type_by_mistake_is_masked(shop):
    shop.ask("/v1/events", {"event_type": "search", "user_id": "ann", "query": "order of ann@example.com"})
    kept = shop.client.get("/v1/users/ann/export", headers=shop.headers).json()
    assert kept["events"][0]["query"] == "order of [email]"


def test_changes_of_items_in_a_dialect_keep_the_rest(shop):
    body = {"event": "item", "id": "1", "timestamp": "1599391467000", "item": "tea"}
    found = shop.ask("/v1/dialects/metarank", {**body, "fields": [{"name": "price", "value": 4.5}]})
    assert found["items"] == 1
    item = shop.client.get("/v1/items/tea", headers=shop.headers).json()
    assert (item["price"], item["title"]) == (4.5, "Green tea, loose leaves")
