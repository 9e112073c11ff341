"""Two shops behind one service: neither ever sees or touches anything of the other."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.serve.conftest import ADMIN, Shop
from warmstart.serve.app import create_app
from warmstart.serve.settings import ServeSettings

NAMES = ("zinnia", "indigo")
"""The words of one shop hold its name, so that whatever crosses is seen."""


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """Two shops with an administrator each, with models, users and acts of their own."""

    async def learn(*_):
        return {"promoted": False, "why": "not in this test"}

    with pytest.MonkeyPatch.context() as here:
        here.setenv("WARMSTART_ADMIN_KEY", ADMIN)
        here.setattr("warmstart.serve.shop.learn", learn)
        chosen = ServeSettings(
            home=tmp_path_factory.mktemp("tenants"),
            encoder="catalogue",
            refit_minutes=0.0,
            rate=1e6,
            burst=1e6,
        )
        with TestClient(create_app(chosen), raise_server_exceptions=False) as client:
            made = {}
            for name in NAMES:
                keys = client.app.state.service.guard.keys  # type: ignore[attr-defined]
                secret, _ = keys.create(tenant=name, scopes=["admin"], name=f"{name} admin")
                made[name] = Shop(client, secret)
                made[name].ask("/v1/items", [item(name, n) for n in range(4)])
                click = {"event_type": "click", "user_id": f"{name}-u0", "item_id": f"{name}-i0"}
                made[name].ask("/v1/events", click)
            yield made


def item(name: str, n: int):
    return {"item_id": f"{name}-i{n}", "title": f"Tea number {n} of {name}", "brand": name}


STEPS = st.one_of(
    st.tuples(st.just("item"), st.integers(0, 5)),
    st.tuples(st.just("drop"), st.integers(0, 5)),
    st.tuples(st.just("event"), st.integers(0, 5), st.integers(0, 3)),
    st.tuples(st.just("profile"), st.integers(0, 3)),
    st.tuples(st.just("merge"), st.integers(0, 3), st.integers(0, 3)),
    st.tuples(st.just("forget"), st.integers(0, 3)),
    st.tuples(st.just("key"), st.integers(0, 3)),
)


def act(shop: Shop, name: str, step: tuple[Any, ...]) -> None:
    """Do a step in one shop, with ids that both shops know as well as with its own."""
    kind, *numbers = step
    n = numbers[0]
    for item_id, user_id in ((f"{name}-i{n}", f"{name}-u{numbers[-1]}"), (f"both-i{n}", f"both-u{n}")):
        if kind == "item":
            shop.ask("/v1/items", {**item(name, n), "item_id": item_id})
        elif kind == "drop":
            shop.client.delete(f"/v1/items/{item_id}", headers=shop.headers)
        elif kind == "event":
            shop.ask(
                "/v1/events", {"event_type": "click", "user_id": user_id, "item_id": item_id, "query": name}
            )
        elif kind == "profile":
            shop.ask("/v1/users", {"user_id": user_id, "attributes": {"shop": name}})
        elif kind == "merge":
            shop.ask("/v1/users/merge", {"visitor_id": f"{user_id}-visitor", "user_id": user_id})
        elif kind == "forget":
            shop.client.delete(f"/v1/users/{user_id}", headers=shop.headers)
        else:
            shop.ask("/v1/admin/keys", {"scopes": ["read"], "name": f"{name} {n}"})


def everything(shop: Shop, name: str) -> str:
    """All that the holder of the admin key of a shop can get to see, asking for what is the other's."""
    other = NAMES[NAMES[0] == name]
    said = []
    for path, body in (
        ("/v1/search", {"query": f"tea of {other}", "n": 200}),
        ("/v1/search", {"query": "tea", "filter": {"brand": other}}),
        ("/v1/recommend", {"user_id": "both-u1", "n": 200}),
        ("/v1/trending", {"n": 200}),
        ("/v1/similar", {"item_id": "both-i1", "n": 200}),
        ("/v1/cart", {"item_ids": ["both-i1", f"{name}-i0"], "n": 200}),
        ("/v1/suggest", {"prefix": "t"}),
        ("/v1/onboard", {}),
    ):
        said.append(shop.post(path, body).text)
    for path in (
        "/v1/admin/status",
        "/v1/admin/keys",
        "/v1/admin/audit",
        "/v1/items/both-i1",
        "/v1/users/both-u1/export",
    ):
        answer = shop.client.get(path, headers=shop.headers)
        said.append(answer.text)
    return "\n".join(said)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.tuples(st.sampled_from(NAMES), STEPS), max_size=8))
def test_no_shop_sees_anything_of_another(shops, steps):
    for name, step in steps:
        act(shops[name], name, step)
    for name, other in (NAMES, NAMES[::-1]):
        seen = everything(shops[name], name)
        assert name in seen
        assert other not in seen


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=1, max_size=6), name=st.sampled_from(NAMES))
def test_nothing_that_is_done_in_a_shop_changes_another(shops, steps, name):
    other = NAMES[NAMES[0] == name]
    before = facts(shops[other], other)
    for step in steps:
        act(shops[name], name, step)
    assert facts(shops[other], other) == before


def facts(shop: Shop, name: str):
    """The answers and facts of a shop, without what differs from call to call."""
    found = [shop.ids("/v1/search", {"query": "tea", "n": 50}), shop.ids("/v1/trending", {"n": 50})]
    for user_id in (f"{name}-u0", "both-u1"):
        found.append(shop.ids("/v1/recommend", {"user_id": user_id, "n": 50}))
        found.append(shop.client.get(f"/v1/users/{user_id}/export", headers=shop.headers).json())
    for path in ("status", "keys", "audit"):
        answer = shop.client.get(f"/v1/admin/{path}", headers=shop.headers)
        found.append(answer.json())
    return found


def test_a_key_ends_no_key_of_another_shop(shops):
    zinnia, indigo = (shops[name] for name in NAMES)
    made = indigo.ask("/v1/admin/keys", {"scopes": ["read"], "name": "indigo page"})
    answer = zinnia.client.delete(f"/v1/admin/keys/{made['key_id']}", headers=zinnia.headers)
    assert answer.status_code == 404
    reader = Shop(indigo.client, made["secret"])
    assert all(found.startswith(("indigo", "both")) for found in reader.ids("/v1/search", {"query": "tea"}))
    unknown = zinnia.client.delete("/v1/admin/keys/aaaaaaaaaa", headers=zinnia.headers)
    assert unknown.json()["title"] == answer.json()["title"]


def test_a_cursor_of_one_shop_tells_another_nothing(shops):
    zinnia, indigo = (shops[name] for name in NAMES)
    page = zinnia.ask("/v1/search", {"query": "tea", "n": 1})
    assert page["next_cursor"]
    found = indigo.ids("/v1/search", {"query": "tea", "n": 50, "cursor": page["next_cursor"]})
    assert not any(item_id.startswith("zinnia") for item_id in found)


def test_metrics_name_no_shop(shops):
    """They are of all shops, and for whoever runs the service."""
    page = shops["zinnia"].client.get("/metrics").text
    assert "warmstart_requests_total" in page
    assert not any(name in page for name in NAMES)


def test_models_lie_in_folders_of_their_own(shops):
    home = shops["zinnia"].service.settings.home
    for name, other in (NAMES, NAMES[::-1]):
        files = [path for path in (home / "models" / name).rglob("*") if path.suffix == ".json"]
        assert files
        assert not any(f"{other}-i0".encode() in path.read_bytes() for path in files)


def test_the_tenant_of_the_keys_opens_to_nobody(shops):
    keys = shops["zinnia"].service.guard.keys
    with pytest.raises(Exception, match="holds the keys"):
        keys.create(tenant=keys.tenant, scopes=["admin"])
