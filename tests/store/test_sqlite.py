"""What can happen to a file, and what is said then."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from warmstart.core.errors import InputError
from warmstart.roles.store import ITEMS, USERS, Entry, Record
from warmstart.store import open_store, sqlite
from warmstart.store.backup import backup_file, check_file, restore_file
from warmstart.store.errors import (
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreVersionError,
)
from warmstart.store.migrations import LATEST, migrate
from warmstart.store.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


def filled(path: Path, n: int = 3000) -> None:
    with SqliteStore.open(path) as store:
        store.append(
            [Entry(value={"text": f"event {i}" * 5}, user_id=f"u{i}", key=f"k{i}") for i in range(n)]
        )


def values(path: Path) -> list[object]:
    with SqliteStore.open(path) as store:
        return [entry.value for entry in store.read()]


# -- damage -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
def test_half_a_file_is_noticed_at_once(path, share):
    filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(StoreCorruptError, match="restore_file"):
        SqliteStore.open(path)


@pytest.mark.parametrize("size", [1, 50, 100])
def test_a_piece_of_a_header_is_noticed(path, size):
    filled(path, 10)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(StoreCorruptError, match="restore_file"):
        SqliteStore.open(path)


@pytest.mark.parametrize("page", [1, 5, 40])
def test_an_overwritten_page_is_noticed(path, page):
    filled(path)
    with path.open("r+b") as file:
        file.seek(4096 * page)
        file.write(b"\xa5" * 4096)
    with pytest.raises(StoreCorruptError, match="last backup"):
        SqliteStore.open(path)


def test_damage_that_was_not_looked_for_at_the_door_is_explained_when_met(path, monkeypatch):
    filled(path)
    monkeypatch.setattr(sqlite, "CHECKED_UP_TO", 0)
    with path.open("r+b") as file:
        file.seek(4096 * 8)
        file.write(b"\xa5" * (path.stat().st_size - 4096 * 8))
    with SqliteStore.open(path) as store:
        with pytest.raises(StoreCorruptError, match="whole SQLite file"):
            list(store.read())
        with pytest.raises(StoreCorruptError):
            store.file.check()


def test_a_text_is_not_a_store(path):
    path.write_text("item_id,title\n" * 100, encoding="utf-8")
    with pytest.raises(StoreCorruptError):
        SqliteStore.open(path)


def test_the_database_of_something_else_is_left_alone(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreVersionError, match="something else"):
        SqliteStore.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.77, 0.999, 1.0])
def test_a_cut_write_ahead_log_gives_the_state_after_some_whole_call(path, tmp_path, share):
    with SqliteStore.open(path) as store:
        for i in range(20):
            store.append([Entry(value=i, key=f"{i}-{j}") for j in range(3)])
        cut = tmp_path / "cut.db"
        shutil.copy(path, cut)
        log = path.with_name("shop.db-wal").read_bytes()
    cut.with_name("cut.db-wal").write_bytes(log[: int(len(log) * share)])
    found = values(cut)
    whole = len(found) // 3
    assert found == [i for i in range(whole) for _ in range(3)]
    assert (whole == 20) == (share == 1.0)
    assert whole == 0 or share > 0.0


def test_a_lost_write_ahead_log_leaves_what_was_moved_into_the_file(path, tmp_path):
    with SqliteStore.open(path) as store:
        store.append([Entry(value="moved")])
        store.file.scrub()
        store.append([Entry(value="lost")])
        shutil.copy(path, tmp_path / "copy.db")
    assert values(tmp_path / "copy.db") == ["moved"]


def test_every_commit_waits_for_the_disk(path):
    with SqliteStore.open(path) as store:
        answers = store.file.write(
            lambda session: [session.rows(f"PRAGMA {name}") for name in ("synchronous", "journal_mode")]
        )
    assert answers == [[(2,)], [("wal",)]]  # 2 is FULL


# -- locks and room ---------------------------------------------------------------------------------


def test_a_lock_that_lasts_is_said_and_passes(path):
    with SqliteStore.open(path, busy_timeout=0.01) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusyError, match="another process"):
                store.append([Entry(value="refused")])
            assert list(store.read()) == []
            other.execute("ROLLBACK")
        assert store.append([Entry(value="kept")]) == [1]


def test_a_full_disk_refuses_the_call_and_keeps_the_rest(path):
    with SqliteStore.open(path, max_bytes=200_000) as store:
        store.append([Entry(value="first")])
        with pytest.raises(StoreFullError, match="reading goes on"):
            store.append([Entry(value="x" * 1000) for _ in range(500)])
        assert [entry.value for entry in store.read()] == ["first"]
        assert store.append([Entry(value="second")]) == [2]
    assert values(path) == ["first", "second"]


def test_a_full_disk_refuses_only_those_who_need_too_much(path):
    with SqliteStore.open(path, max_bytes=200_000) as store:

        def write(i):
            try:
                return store.append([Entry(value="x" * (500_000 if i % 4 == 0 else 10))])
            except StoreFullError:
                return None

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(write, range(16)))
        assert [i for i, answer in enumerate(answers) if answer is None] == [0, 4, 8, 12]
        assert len(list(store.read())) == 12


def test_a_folder_that_is_not_there_is_explained(tmp_path):
    with pytest.raises(StoreError, match="folder exists"):
        SqliteStore.open(tmp_path / "nowhere" / "shop.db")


def test_many_may_open_a_new_file_at_once(path):
    begin = threading.Barrier(4)

    def start(i):
        begin.wait()
        with open_store(f"sqlite:///{path}") as store:
            return store.append([Entry(value=i)])[0]

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(start, range(4))) == [1, 2, 3, 4]


def test_a_store_does_not_cross_a_fork(path, monkeypatch):
    with SqliteStore.open(path) as store:
        monkeypatch.setattr("warmstart.store.database.os.getpid", lambda: -1)
        for call in (lambda: store.append([Entry(value=1)]), lambda: list(store.read())):
            with pytest.raises(StoreError, match="each process"):
                call()
        monkeypatch.undo()
        assert store.append([Entry(value=1)]) == [1]


# -- privacy ----------------------------------------------------------------------------------------


def test_only_the_owner_may_read_the_file(path):
    with SqliteStore.open(path) as store:
        store.append([Entry(value=1)])
        kinds = [path, path.with_name("shop.db-wal"), path.with_name("shop.db-shm")]
        assert [stat.S_IMODE(file.stat().st_mode) for file in kinds] == [0o600] * 3


def test_nothing_of_a_forgotten_user_is_left_in_the_files(path):
    with SqliteStore.open(path) as store:
        store.append(
            [
                Entry(value={"query": f"rare-wish-{i}"}, user_id="zoe-4711", key=f"zoe-{i}")
                for i in range(50)
            ]
        )
        store.append([Entry(value={"query": "tea"}, user_id="ann") for _ in range(50)])
        store.put(USERS, [Record(key="zoe-4711", value={"mail": "zoe@example.org"})])
        store.forget("zoe-4711")
        left = b"".join(file.read_bytes() for file in path.parent.iterdir())
        assert b"tea" in left
        assert [word for word in (b"zoe", b"rare-wish") if word in left] == []


# -- keeping ----------------------------------------------------------------------------------------


def test_a_newer_version_is_not_touched(path):
    filled(path, 1)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("INSERT INTO migrations (version) VALUES (?)", (LATEST + 1,))
    with pytest.raises(StoreVersionError, match="Upgrade"):
        SqliteStore.open(path)


def test_migrations_go_down_and_up_again_and_keep_the_facts(path):
    filled(path, 5)
    with SqliteStore.open(path) as store:
        for version in range(LATEST - 1, 0, -1):
            assert migrate(store.file, version) == version + 1
            assert len(list(store.read())) == 5
        assert migrate(store.file) == 1
        assert store.forget("u1") == {"events": 1}
        assert migrate(store.file, 0) == LATEST
    assert values(path) == []
    with SqliteStore.open(path) as store, pytest.raises(InputError, match="version"):
        migrate(store.file, LATEST + 1)


def test_compaction_gives_the_space_back(path):
    with SqliteStore.open(path) as store:
        store.append([Entry(value="x" * 1000, at=float(i)) for i in range(12_000)])
        store.file.scrub()
        large = path.stat().st_size
        assert store.compact(before=11_000.0) == {"entries": 11_000, "records": 0}
        assert path.stat().st_size < large / 4
        assert [entry.at for entry in store.read(n=1)] == [11_000.0]


def test_a_backup_taken_while_others_write_is_a_state_that_was(path, tmp_path):
    backup, again = tmp_path / "backup.db", tmp_path / "a new folder" / "again.db"
    with SqliteStore.open(path) as store, ThreadPoolExecutor(2) as threads:
        store.put(ITEMS, [Record(key="tea", value={"title": "茶"})])
        writing = [threads.submit(store.append, [Entry(value=i), Entry(value=i)]) for i in range(30)]
        backup_file(store, backup)
        for one in writing:
            one.result()
        backup_file(store, tmp_path / "later.db")
    restore_file(backup, again)
    found = values(again)
    assert found[::2] == found[1::2]
    assert len(values(tmp_path / "later.db")) == 60
    with SqliteStore.open(again) as store:
        assert store.get(ITEMS, "tea") == Record(key="tea", value={"title": "茶"})
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("*.part*"))


def test_a_backup_is_not_put_over_a_store_nor_a_damaged_one_anywhere(path, tmp_path):
    filled(path)
    backup, new = tmp_path / "backup.db", tmp_path / "new.db"
    with SqliteStore.open(path) as store:
        backup_file(store, backup)
    with pytest.raises(InputError, match="aside"):
        restore_file(backup, path)
    new.with_name("new.db-wal").touch()
    with pytest.raises(InputError, match=r"new\.db-wal"):
        restore_file(backup, new)
    new.with_name("new.db-wal").unlink()
    backup.write_bytes(backup.read_bytes()[:9000])
    with pytest.raises(StoreCorruptError):
        restore_file(backup, new)
    backup.write_bytes(b"")
    with pytest.raises(InputError, match="nothing"):
        restore_file(backup, new)
    assert not new.exists()


def test_a_database_of_something_else_is_no_backup(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    with pytest.raises(StoreVersionError):
        check_file(path)
