"""Who comes into the console, for how long, and who does not."""

from __future__ import annotations

import pytest

from tests.web.console.conftest import ADMIN

DOORS = ("me", "overview", "quality", "models", "keys", "audit", "sets", "users", "items")
CHANGES = (
    "search",
    "replay",
    "why",
    "served",
    "judge",
    "measure",
    "keys",
    "keys/revoke",
    "refit",
    "rollback",
)


@pytest.mark.parametrize("path", DOORS)
def test_no_door_answers_without_a_session(stranger, path):
    assert stranger.ask(path).status_code == 401


@pytest.mark.parametrize("path", CHANGES)
def test_no_change_happens_without_a_session(stranger, path):
    assert stranger.ask(path, {}).status_code == 401


def test_a_key_opens_the_console_until_one_leaves(stranger):
    stranger.post("login", {"key": f" {ADMIN}\n"})
    me = {"key_id": "environment", "tenant": "default", "open": False, "learned": False}
    assert stranger.get("me") == me
    assert stranger.get("session") == {"me": me}
    stranger.post("logout", {})
    assert stranger.ask("me").status_code == 401


def test_a_page_learns_without_an_error_that_nobody_is_logged_in(stranger):
    assert stranger.get("session") == {"me": None}
    stranger.client.cookies.set("warmstart_console", "a guess", path="/console")
    assert stranger.get("session") == {"me": None}


def test_leaving_ends_the_session_itself_and_not_only_the_cookie(console):
    kept = console.client.cookies.get("warmstart_console")
    console.post("logout", {})
    console.client.cookies.set("warmstart_console", kept)
    assert console.ask("me").status_code == 401


def test_a_wrong_key_and_one_of_no_administrator_stay_outside(console):
    reader = console.api("/v1/admin/keys", {"name": "shop", "scopes": ["read", "write"]})["secret"]
    console.post("logout", {})
    assert console.ask("login", {"key": "ws_guess"}).status_code == 401
    assert console.ask("login", {"key": reader}).status_code == 403
    assert console.ask("me").status_code == 401


def test_the_cookie_is_for_no_script_no_other_site_and_https_alone_where_there_is_one(opening):
    with opening("https://shop.example") as console:
        said = console.ask("login", {"key": ADMIN}).headers["set-cookie"].lower()
        assert all(word in said for word in ("httponly", "samesite=strict", "secure", "path=/console"))


def test_a_session_ends_with_its_key(console):
    made = console.post("keys", {"name": "second", "scopes": ["admin"]})
    console.post("login", {"key": made["secret"]})
    assert console.get("me")["key_id"] == made["key_id"]
    console.service.guard.keys.revoke(made["key_id"])
    assert console.ask("me").status_code == 401


def test_a_session_of_the_settings_ends_when_they_name_another_secret(opening, monkeypatch):
    with opening() as console:
        console.post("login", {"key": ADMIN})
        kept = console.client.cookies.get("warmstart_console")
    with opening() as console:  # the same service started again
        console.client.cookies.set("warmstart_console", kept)
        assert console.ask("me").status_code == 200
    monkeypatch.setenv("WARMSTART_ADMIN_KEY", ADMIN[::-1])
    with opening() as console:
        console.client.cookies.set("warmstart_console", kept)
        assert console.ask("me").status_code == 401


def test_the_store_keeps_no_session_id(console):
    kept = console.client.cookies.get("warmstart_console")
    records = list(console.service.store.tenant("warmstart-system").scan("sessions"))
    assert len(records) == 1
    assert kept not in str(records)
    assert records[0].expires_at is not None


def test_a_session_ends_after_twelve_hours():
    from warmstart.serve.security.keys import KeyRing
    from warmstart.store import open_store
    from warmstart.web.console.sessions import LASTING, Sessions

    now = [1000.0]
    store = open_store("memory://", tenant="warmstart-system", clock=lambda: now[0])
    ring = KeyRing(store, clock=lambda: now[0])
    _, key = ring.create(tenant="shop", scopes=["admin"])
    sessions = Sessions(store, ring, clock=lambda: now[0])
    session_id = sessions.begin(key.caller)
    now[0] += LASTING - 1
    assert sessions.caller(session_id) == key.caller
    now[0] += 1
    assert sessions.caller(session_id) is None


def test_another_site_cannot_act_and_a_form_neither(console):
    foreign = [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}]
    for headers in foreign:
        for path in ("judge", "refit", "logout", "login"):
            assert console.ask(path, {"key": ADMIN}, headers=headers).status_code in (403, 422)
        assert console.ask("keys", {"scopes": ["admin"]}, headers=headers).status_code == 403
    form = console.client.post(
        "/console/api/keys", content='{"scopes": ["admin"]}', headers={"content-type": "text/plain"}
    )
    assert form.status_code in (415, 422)
    assert console.get("me")["key_id"] == "environment"
    assert [key["key_id"] for key in console.get("keys")["keys"]] == ["environment"]


def test_guessing_is_slow(stranger):
    answers = [stranger.ask("login", {"key": f"ws_guess{n}"}).status_code for n in range(15)]
    assert answers[:10] == [401] * 10
    assert 429 in answers[10:]


def test_an_open_console_is_for_this_machine_under_its_own_name_alone(opening):
    with opening(open_to_all=True) as console:
        assert console.get("me")["open"] is True
        for path in ("me", "session"):
            assert console.ask(path, headers={"host": "evil.example"}).status_code == 421


def test_an_administrator_sees_and_ends_the_keys_of_their_own_shop_alone(console):
    ring = console.service.guard.keys
    secret, other = ring.create(tenant="other", scopes=["admin"])
    ring.create(tenant="other", scopes=["read"], name="theirs")
    assert [key["name"] for key in console.get("keys")["keys"]] == ["WARMSTART_ADMIN_KEY"]
    assert console.ask("keys/revoke", {"key_id": other.key_id}).status_code == 404
    console.post("judge", {"set": "mine", "query": "tea", "item_id": "tea-0", "grade": 3})
    console.post("login", {"key": secret})
    assert console.get("me")["tenant"] == "other"
    assert {key["tenant"] for key in console.get("keys")["keys"]} == {"other"}
    assert console.get("sets") == {"queries": [], "imported": 0}
    assert console.get("quality") == {"items": 0}
    assert console.get("overview")["alerts"] == [{"key": "no_model"}]


def test_what_administrators_do_here_is_in_the_audit_log(console):
    made = console.post("keys", {"name": "new", "scopes": ["read"]})
    console.post("keys/revoke", {"key_id": made["key_id"]})
    acts = console.get("audit")["entries"]
    assert [act["action"] for act in acts] == ["create_key", "revoke_key"]
    assert made["secret"] not in str(acts)
