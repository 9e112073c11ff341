"""A store backed up, lost, restored, dumped and loaded by hand."""

import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from warmstart.roles.store import ITEMS, Contents, Entry, Record
from warmstart.store import open_store

KEPT = Contents(records={"items": 1}, entries={"events": 2}, last={"events": 2})


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with an item, an old event and a new one."""
    found = f"sqlite:///{tmp_path}/shop.db"
    with open_store(found) as store:
        store.put(ITEMS, [Record(key="tea", value={"title": "绿茶"})])
        store.append([Entry(user_id="ann", value={}, at=1000.0), Entry(user_id="bob", value={})])
    return found


def contents(url: str, tenant: str = "default") -> Contents:
    with open_store(url, tenant=tenant) as store:
        return store.describe()


def test_describe_counts_what_there_is(run: Run, run_json: Run, url: str) -> None:
    found = run_json("store", "describe", "--store", url)
    assert found == {
        "tenant": "default",
        "records": {"items": 1},
        "entries": {"events": 2},
        "last": {"events": 2},
    }
    assert "items 1" in run("store", "describe", "--store", url).stdout
    assert run_json("store", "describe", "--store", url, "--tenant", "other")["entries"] == {}


def test_a_backup_brings_back_what_was_lost(run: Run, run_json: Run, url: str, tmp_path: Path) -> None:
    copy = tmp_path / "backup.db"
    told = run_json("store", "backup", copy, "--store", url)
    assert told["bytes"] == copy.stat().st_size
    with open_store(url) as store:
        store.forget("ann")
    assert "nothing at" in " ".join(run("store", "restore", copy, "--store", url, code=2).stderr.split())
    for lost in tmp_path.glob("shop.db*"):
        lost.unlink()
    run("store", "restore", copy, "--store", url)
    assert contents(url) == KEPT


def test_a_dump_moves_a_shop_into_another_store(run: Run, run_json: Run, url: str, tmp_path: Path) -> None:
    lines, other = tmp_path / "shop.jsonl", f"sqlite:///{tmp_path}/other.db"
    assert run_json("store", "dump", lines, "--store", url)["facts"] == 3
    assert run_json("store", "load", lines, "--store", other, "--tenant", "two")["facts"] == 3
    assert contents(other, "two") == KEPT
    assert (
        "an empty tenant" in run("store", "load", lines, "--store", other, "--tenant", "two", code=2).stderr
    )


def test_compact_deletes_what_is_older_and_nothing_without_being_asked(
    run: Run, run_json: Run, url: str
) -> None:
    assert run_json("store", "compact", "--store", url)["deleted"] == {"entries": 0, "records": 0}
    with open_store(url) as store:
        store.put("carts", [Record(key="c", value=1, expires_at=time.time() - 1)])
    assert "deleted 1 old" in run("store", "compact", "--store", url, "--days", 30).stdout
    with open_store(url) as store:
        assert [entry.user_id for entry in store.read()] == ["bob"]


@pytest.mark.parametrize("words", [["describe"], ["compact"], ["backup", "b.db"], ["dump", "d.jsonl"]])
def test_a_store_that_is_not_there_is_not_made(
    run: Run, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "a store at" in run("store", *words, "--store", "sqlite:///typo.db", code=2).stderr
    assert list(tmp_path.iterdir()) == []


def test_other_databases_have_their_own_backups(run: Run, tmp_path: Path) -> None:
    for verb in ("backup", "restore"):
        said = run("store", verb, tmp_path / "b.db", "--store", "postgresql://db/shop", code=2).stderr
        assert "pg_dump" in said
    assert list(tmp_path.iterdir()) == []
