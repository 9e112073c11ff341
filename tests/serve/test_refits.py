"""Learning anew beside the answers: nothing is lost, nothing comes back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.serve.conftest import ITEMS, Shop
from tests.serve.learning_here import files_with, learn_here, settle
from warmstart.roles.store import Record
from warmstart.serve.leases import Lease
from warmstart.serve.replica import LEARNING

pytest.importorskip("fastapi")

GONE = "ann-4711@who.was.here"
CLICKS = [
    {"event_type": "click", "user_id": user, "item_id": item}
    for user, item in [("bob", "tea"), ("bob", "pot"), (GONE, "rod"), (GONE, "tea"), ("eve", "cup")]
]


@pytest.fixture
def busy(shop):
    """A shop in which something happened, learned with it."""
    shop.ask("/v1/events", CLICKS)
    return shop


def refit(shop: Shop) -> str:
    found = shop.ask("/v1/admin/refit", {"force": True})
    assert found["promoted"]
    settle(shop)
    return str(found["version"])


def forget(shop: Shop, user_id: str) -> None:
    assert shop.client.delete(f"/v1/users/{user_id}", headers=shop.headers).status_code == 200


def status(shop: Shop):
    return shop.client.get("/v1/admin/status", headers=shop.headers).json()


def test_answers_go_on_while_a_model_takes_over(busy, monkeypatch):
    asked: list[Any] = []

    def load() -> None:
        with ThreadPoolExecutor(4) as pool:
            questions = [("/v1/search", {"query": "tea"}), ("/v1/recommend", {"user_id": "bob"})] * 20
            asked.extend(pool.map(lambda each: busy.post(*each), questions))

    learn_here(monkeypatch, load)
    with ThreadPoolExecutor(3) as pool:
        refits = pool.submit(refit, busy)
        while not refits.done():
            asked.extend(pool.map(lambda _: busy.post("/v1/search", {"query": "tea"}), range(10)))
        version = refits.result()
    assert {answer.status_code for answer in asked} == {200}
    assert all(answer.json()["items"] for answer in asked)
    assert busy.ask("/v1/search", {"query": "tea"})["model"] == version


def test_what_happens_while_a_model_is_made_is_not_lost(busy, monkeypatch):
    def meanwhile() -> None:
        busy.ask("/v1/events", {"event_type": "purchase", "user_id": "new", "item_id": "rod"})
        busy.ask("/v1/items", {"item_id": "whisk", "title": "Bamboo matcha whisk"})
        busy.client.patch("/v1/items/tea", json={"price": 1.5}, headers=busy.headers)
        busy.client.delete("/v1/items/cup", headers=busy.headers)
        busy.ask("/v1/users", {"user_id": "new", "attributes": {"city": "Köln"}})

    learn_here(monkeypatch, meanwhile)
    version = refit(busy)
    found = busy.ask("/v1/recommend", {"user_id": "new"})
    assert (found["model"], found["warnings"]) == (version, [])
    assert busy.ids("/v1/search", {"query": "matcha whisk", "n": 1}) == ["whisk"]
    assert busy.ids("/v1/search", {"query": "tea", "filter": {"price": {"lte": 2}}}) == ["tea"]
    assert busy.post("/v1/similar", {"item_id": "cup"}).status_code == 404
    assert "cup" not in busy.ids("/v1/search", {"query": "porcelain tea cup"})
    assert status(busy)["model"]["events"] == len(CLICKS) + 1


def test_who_is_forgotten_while_a_model_is_made_does_not_come_back(busy, monkeypatch, tmp_path):
    refit(busy)
    models = tmp_path / "home" / "models"
    assert files_with(models, GONE)
    learn_here(monkeypatch, lambda: forget(busy, GONE))
    refit(busy)
    assert status(busy)["model"]["events"] == len(CLICKS) - 2
    assert files_with(models, GONE) == set()


def test_what_is_forgotten_is_nowhere(busy, monkeypatch, tmp_path, caplog):
    caplog.set_level("INFO")
    learn_here(monkeypatch)
    busy.ask("/v1/users", {"user_id": GONE, "attributes": {"city": "Köln"}})
    busy.ask("/v1/users/merge", {"visitor_id": f"v-{GONE}", "user_id": GONE})
    busy.ask("/v1/search", {"query": "green tea", "user_id": GONE})
    refit(busy)
    home = tmp_path / "home"
    assert {"events.parquet", "users.parquet"} <= files_with(home, GONE)
    assert files_with(home, GONE) & {"store.db", "store.db-wal"}
    forget(busy, GONE)
    settle(busy)
    busy.service.store.tenant("default").compact()
    assert files_with(home, GONE) == set()
    assert GONE not in busy.client.get("/metrics").text
    said = [record.getMessage() for record in caplog.records if record.name.startswith("warmstart")]
    assert any("/v1/users/{user_id}" in line for line in said)
    assert not any(GONE in line for line in said)
    acts = busy.client.get("/v1/admin/audit", headers=busy.headers).text
    assert "forget" in acts
    assert GONE not in acts


def test_who_was_a_visitor_is_forgotten_by_both_names(busy, monkeypatch, tmp_path):
    learn_here(monkeypatch)
    visitor = "v-4711-before-login"
    busy.ask("/v1/events", {"event_type": "click", "visitor_id": visitor, "item_id": "rod"})
    refit(busy)
    assert files_with(tmp_path / "home" / "models", visitor)
    busy.ask("/v1/users/merge", {"visitor_id": visitor, "user_id": GONE})
    forget(busy, GONE)
    settle(busy)
    assert files_with(tmp_path / "home", visitor) == set()
    assert status(busy)["model"]["events"] == len(CLICKS) - 2


def test_a_visitor_who_comes_back_after_a_merge_is_nobody_again_after_a_restart(serving):
    with serving() as shop:
        shop.ask("/v1/items", ITEMS)
        shop.ask("/v1/users/merge", {"visitor_id": "v1", "user_id": "bob"})
        shop.ask("/v1/events", {"event_type": "click", "visitor_id": "v1", "item_id": "rod"})
        before = [shop.ids("/v1/recommend", {"user_id": who}) for who in ("v1", "bob")]
        assert before[0] != before[1]
    with serving() as shop:
        assert [shop.ids("/v1/recommend", {"user_id": who}) for who in ("v1", "bob")] == before


def test_a_deleted_item_stays_deleted_when_the_model_is_made_without_somebody(busy, serving, monkeypatch):
    learn_here(monkeypatch)
    busy.client.delete("/v1/items/cup", headers=busy.headers)
    forget(busy, GONE)
    settle(busy)
    with serving() as again:
        assert again.post("/v1/similar", {"item_id": "cup"}).status_code == 404
        assert again.ids("/v1/rank", {"item_ids": ["cup", "tea"]}) == ["tea"]


def test_forgetting_that_fails_is_tried_again(busy, monkeypatch, tmp_path):
    refit(busy)
    learn_here(monkeypatch)
    monkeypatch.setattr("warmstart.serve.shop._RESTED", 0.0)
    tried = []

    async def fails(*_: object) -> None:
        tried.append(1)

    with monkeypatch.context() as broken:
        broken.setattr("warmstart.serve.shop.learn", fails)
        forget(busy, GONE)
        while len(tried) < 2:
            busy.run(busy.live.catch_up)
    settle(busy)
    assert files_with(tmp_path / "home" / "models", GONE) == set()


def test_an_empty_shop_starts_no_process(serving, monkeypatch):
    started = []

    async def learn(*_: object) -> None:
        started.append(1)

    monkeypatch.setattr("warmstart.serve.shop.learn", learn)
    with serving() as shop:
        settle(shop)
        shop.ask("/v1/events", CLICKS)
        settle(shop)
    assert started == []


def test_one_learns_at_a_time(busy, monkeypatch):
    store = busy.live.store
    lease = Lease(store, LEARNING)
    assert lease.take()
    assert not Lease(store, LEARNING).take()
    found = busy.ask("/v1/admin/refit", {})
    assert not found["promoted"]
    assert "already" in found["why"]
    lease.release()
    learn_here(monkeypatch)
    refit(busy)


@pytest.mark.parametrize(
    ("owner", "expires"),
    [
        ("dead", 60.0),  # a process of this machine that was killed
        ("alive", 4000.0),  # an hour ahead: the clock was set back since
    ],
)
def test_a_lease_of_nobody_holds_nobody_up(busy, owner, expires):
    store = busy.live.store
    lease = Lease(store, LEARNING, clock=lambda: 1000.0)
    store = lease._store = store.tenant("leases")
    store._clock = lambda: 1000.0
    value = [*lease._own[:2], "long ago" if owner == "dead" else lease._own[2], "x"]
    store.put("leases", [Record(key=LEARNING, value=value, expires_at=1000.0 + expires)])
    assert lease.take()
    assert not Lease(store, LEARNING, clock=lambda: 1000.0).take()


def test_a_model_that_has_read_more_than_the_store_is_not_rolled_back_to(busy, monkeypatch):
    learn_here(monkeypatch)
    refit(busy)
    mine = busy.live
    with monkeypatch.context() as older:
        older.setattr(
            "warmstart.serve.replica.Seen.of", lambda notes: mine._replica.seen.__class__(events=99)
        )
        busy.post("/v1/admin/rollback", {})
        settle(busy)
    assert busy.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]
