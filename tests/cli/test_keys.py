"""Keys made, shown once, listed and revoked by hand."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from warmstart.serve.security.audit import Audit
from warmstart.serve.security.keys import SYSTEM_TENANT, KeyRing
from warmstart.store import open_store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/shop.db"


def test_a_key_that_was_made_opens_until_it_is_revoked(run_json: Run, url: str) -> None:
    made = run_json(
        "keys", "create", "--store", url, "--tenant", "shop", "--scope", "read", "--scope", "write"
    )
    assert (made["tenant"], made["scopes"], made["expires_at"]) == ("shop", ["read", "write"], None)
    with open_store(url, tenant=SYSTEM_TENANT) as store:
        caller = KeyRing(store).verify(made["secret"])
        assert caller is not None
        assert (caller.key_id, caller.tenant) == (made["key_id"], "shop")
    run_json("keys", "revoke", made["key_id"], "--store", url)
    with open_store(url, tenant=SYSTEM_TENANT) as store:
        assert KeyRing(store).verify(made["secret"]) is None
        acts = [(act.action, act.facts["id"]) for act in Audit(store).entries()]
    assert acts == [("key.create", made["key_id"]), ("key.revoke", made["key_id"])]


def test_the_secret_is_shown_once_and_never_listed(run: Run, run_json: Run, url: str) -> None:
    result = run(
        "keys", "create", "--store", url, "--scope", "read", "--name", "网站", "--rate", 5, "--days", 1
    )
    secret = next(word for word in result.stdout.split() if word.startswith("ws_"))
    assert "not shown again" in result.stderr
    shown = run("keys", "list", "--store", url).stdout
    listed = run_json("keys", "list", "--store", url)
    assert "网站" in shown
    (key,) = listed["keys"]
    assert key["expires_at"] - key["created_at"] == pytest.approx(86_400, abs=600)
    assert secret.split("_", 2)[2] not in shown + json.dumps(listed)


def test_the_store_may_be_named_by_the_environment(
    run: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("keys", "create", "--scope", "read", code=2)
    monkeypatch.setenv("WARMSTART_STORE", url)
    run("keys", "create", "--scope", "read")
    assert "default" in run("keys", "list").stdout


def test_what_cannot_be_done_is_said_and_leaves_nothing_behind(run: Run, url: str, tmp_path: Path) -> None:
    assert "a store at" in run("keys", "list", "--store", url, code=2).stderr
    assert "memory://" in run("keys", "create", "--store", "memory://", "--scope", "read", code=2).stderr
    assert list(tmp_path.iterdir()) == []
    assert "scopes out of" in run("keys", "create", "--store", url, "--scope", "root", code=2).stderr
    assert "id of a key" in run("keys", "revoke", "nobody", "--store", url, code=2).stderr
    assert "There are no keys" in run("keys", "list", "--store", url).stdout
