"""What goes wrong around a service, and what it says and does then."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import ITEMS, Shop
from tests.serve.learning_here import learn_here, settle
from tests.store.postgres_server import PostgresServer, binaries
from warmstart.store.backup import backup_file
from warmstart.store.errors import StoreFullError, StoreUnavailableError

pytest.importorskip("fastapi")

CLICK = {"event_type": "click", "user_id": "ann", "item_id": "tea"}


def store_of(shop: Shop):
    return shop.live.store


def kept(shop: Shop, user_id: str = "ann") -> list[str]:
    answer = shop.client.get(f"/v1/users/{user_id}/export", headers=shop.headers)
    return [event["item_id"] for event in answer.json()["events"]]


def check_problem(answer, status: int, title: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == title
    assert int(answer.headers["retry-after"]) >= 1
    assert "sqlite" not in answer.text.lower()
    assert "postgres" not in answer.text.lower()


def test_a_locked_database_is_told_and_passes(shop):
    database = store_of(shop).file
    database._connection.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    check_problem(shop.post("/v1/events", CLICK), 503, "Store busy")
    check_problem(shop.post("/v1/items", ITEMS), 503, "Store busy")
    assert shop.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]
    other.execute("ROLLBACK")
    other.close()
    shop.ask("/v1/events", CLICK)
    assert kept(shop) == ["tea"]


@pytest.mark.parametrize("path", ["/v1/events", "/v1/items", "/v1/users"])
def test_a_full_disk_is_told_and_reading_goes_on(shop, monkeypatch, path):
    def full(*_: object) -> None:
        raise StoreFullError(expected="room", found="none at /var/lib/shop.db", todo="Make some.")

    body = {"/v1/events": CLICK, "/v1/items": ITEMS[0], "/v1/users": {"user_id": "ann"}}[path]
    with monkeypatch.context() as disk:
        for hook in ("_append", "_put"):
            disk.setattr(type(store_of(shop)), hook, full)
        answer = shop.post(path, body)
        check_problem(answer, 507, "Store full")
        assert "/var" not in answer.text
        assert shop.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]
        assert shop.client.get("/readyz").status_code == 200
    shop.ask(path, body)


def test_what_fails_for_some_is_not_waited_for_by_others(shop, monkeypatch):
    append = type(store_of(shop))._append
    failed: list[Any] = []

    def fails_once(self, log, rows, last):
        if log == "events" and not failed:
            failed.append(rows)
            raise ZeroDivisionError
        return append(self, log, rows, last)

    monkeypatch.setattr(type(store_of(shop)), "_append", fails_once)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shop.post("/v1/events", CLICK), range(16)))
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {200, 500}
    assert codes.count(200) == len(kept(shop))


def test_clocks_that_go_back_lose_and_reorder_nothing(serving, monkeypatch):
    now = time.time()
    with serving() as shop:
        shop.ask("/v1/items", ITEMS)
        shop.ask("/v1/events", CLICK)
        monkeypatch.setattr(time, "time", lambda: now - 90_000)
        store_of(shop)._clock = time.time
        shop.ask("/v1/events", {**CLICK, "item_id": "pot"})
        shop.ask("/v1/items", {"item_id": "whisk", "title": "Bamboo matcha whisk"})
        assert kept(shop) == ["tea", "pot"]
        assert shop.ids("/v1/search", {"query": "matcha whisk", "n": 1}) == ["whisk"]
        before = shop.ids("/v1/recommend", {"user_id": "ann"})
        assert set(before).isdisjoint({"tea", "pot"})
    with serving() as shop:
        assert shop.ids("/v1/recommend", {"user_id": "ann"}) == before


def _half(path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "half a manifest": lambda v: _half(v / "manifest.json"),
    "half the arrays": lambda v: _half(v / "scorer" / "arrays.safetensors"),
    "no arrays": lambda v: (v / "encoder" / "arrays.safetensors").write_bytes(b""),
    "half a state": lambda v: _half(v / "retriever" / "state.json"),
    "half a table": lambda v: _half(v / "data" / "events.parquet"),
    "an empty state": lambda v: (v / "scorer" / "state.json").write_text("{}"),
    "a state of another shape": lambda v: (v / "encoder" / "state.json").write_text("[1]"),
    "half a folder": lambda v: shutil.rmtree(v / "data"),
    "no folder": shutil.rmtree,
    "half a pointer": lambda v: _half(v.parent / "current.json"),
}


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """The home of a shop with two versions of its model."""
    from starlette.testclient import TestClient

    from tests.serve.conftest import ADMIN
    from warmstart.serve.app import create_app
    from warmstart.serve.settings import ServeSettings

    with pytest.MonkeyPatch.context() as here:
        here.setenv("WARMSTART_ADMIN_KEY", ADMIN)
        learn_here(here)
        home = tmp_path_factory.mktemp("grown") / "home"
        settings = ServeSettings(home=home, encoder="catalogue", refit_minutes=0.0)
        with TestClient(create_app(settings)) as client:
            shop = Shop(client)
            shop.ask("/v1/items", ITEMS)
            shop.ask("/v1/events", CLICK)
            assert shop.ask("/v1/admin/refit", {"force": True})["promoted"]
            settle(shop)
            shop.ask("/v1/events", {**CLICK, "item_id": "pot"})
    return home


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("both", [False, True])
def test_a_damaged_model_keeps_no_shop_closed(grown, serving, tmp_path, damage, both):
    home = tmp_path / "home"
    shutil.copytree(grown, home)
    versions = sorted((home / "models" / "default").glob("v*"))
    assert len(versions) == 2
    for version in versions if both else versions[1:]:
        if version.exists():
            DAMAGES[damage](version)
    with serving() as shop:
        assert shop.client.get("/readyz").status_code == 200
        assert shop.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]
        found = shop.ask("/v1/recommend", {"user_id": "ann"})
        assert found["warnings"] == []
        assert {item["item_id"] for item in found["items"]}.isdisjoint({"tea", "pot"})
        assert kept(shop) == ["tea", "pot"]


def test_a_save_that_was_cut_off_is_passed_over(grown, serving, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(grown, home)
    models = home / "models" / "default"
    (models / ".building-half").mkdir()
    (models / "v000003").mkdir()
    (models / "v000003" / "manifest.json").write_text("{")
    with serving() as shop:
        assert shop.ask("/v1/search", {"query": "tea"})["model"] == "v000002"
        assert shop.ask("/v1/admin/refit", {"force": True})["version"] == "v000003"
    assert not (models / ".building-half").exists()


def test_an_older_backup_of_the_store_is_learned_anew(grown, serving, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(grown, home)
    with serving() as shop:
        backup_file(store_of(shop), tmp_path / "backup.db")
        shop.ask("/v1/events", {**CLICK, "user_id": "later"})
        shop.ask("/v1/items", {"item_id": "whisk", "title": "Bamboo matcha whisk"})
        shop.ask("/v1/admin/refit", {"force": True})
    for path in home.glob("store.db*"):
        path.unlink()
    shutil.copy(tmp_path / "backup.db", home / "store.db")
    with serving() as shop:
        assert shop.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]
        assert "whisk" not in shop.ids("/v1/search", {"query": "matcha whisk"})
        assert shop.ask("/v1/recommend", {"user_id": "later"})["warnings"]
        assert shop.ask("/v1/recommend", {"user_id": "ann"})["warnings"] == []
        shop.ask("/v1/events", {**CLICK, "user_id": "later"})
        assert shop.ask("/v1/recommend", {"user_id": "later"})["warnings"] == []


def test_questions_are_answered_while_a_shared_store_is_away(serving, monkeypatch):
    with serving(workers=2) as shop:
        shop.ask("/v1/items", ITEMS)
        secret = shop.ask("/v1/admin/keys", {"scopes": ["read"]})["secret"]
        reader = Shop(shop.client, secret)
        assert reader.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]

        def away(*_: object) -> None:
            raise StoreUnavailableError(expected="a server", found="none", todo="Start it.")

        with monkeypatch.context() as gone:
            gone.setattr(type(store_of(shop)), "_read", away)
            gone.setattr(type(store_of(shop)), "_append", away)
            assert reader.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]
            check_problem(shop.post("/v1/events", CLICK), 503, "Store unavailable")
        shop.ask("/v1/events", CLICK)
        assert kept(shop) == ["tea"]


@pytest.fixture
def server():
    pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    found = PostgresServer(programs)
    try:
        found.start()
        yield found
    finally:
        found.remove()


def test_a_server_that_restarts_is_found_again_and_nothing_is_lost(serving, server):
    with serving(store=server.url) as shop:
        shop.ask("/v1/items", ITEMS)
        shop.ask("/v1/events", {**CLICK, "event_id": "e1"})
        server.stop()
        assert shop.client.get("/healthz").status_code == 200
        server.start()
        shop.ask("/v1/events", {**CLICK, "item_id": "pot", "event_id": "e2"})
        assert kept(shop) == ["tea", "pot"]
        assert shop.ask("/v1/recommend", {"user_id": "ann"})["warnings"] == []
        before = shop.ids("/v1/recommend", {"user_id": "ann"})
    with serving(store=server.url) as shop:
        assert shop.ids("/v1/recommend", {"user_id": "ann"}) == before
