"""What can happen to a server, and what is said then."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from warmstart.roles.store import Entry, Record
from warmstart.store import open_store
from warmstart.store.errors import StoreUnavailableError, StoreUncertainError, StoreVersionError
from warmstart.store.migrations import LATEST, migrate

psycopg = pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")


def database(postgres, name):
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres.url.replace("/postgres?", f"/{name}?")


def opened(url, **options):
    from warmstart.store.postgres import PostgresStore

    return PostgresStore.open(url, **options)


def test_every_commit_waits_for_the_disk(postgres):
    with opened(postgres.url + "&options=-c%20synchronous_commit%3Doff") as store:
        assert store._database.write(lambda session: session.rows("SHOW synchronous_commit")) == [("on",)]


def test_after_a_restart_both_reading_and_writing_connect_again(postgres):
    with open_store(postgres.url, tenant="restart") as store:
        store.append([Entry(value="before")])
        list(store.read())
        postgres.stop()
        postgres.start()
        assert [entry.value for entry in store.read()] == ["before"]
        postgres.stop()
        postgres.start()
        assert store.append([Entry(value="after")]) == [2]


def test_calls_made_while_the_server_is_down_wait_for_it(postgres):
    with open_store(postgres.url, tenant="down") as store, ThreadPoolExecutor(4) as threads:
        postgres.stop()
        waiting = [threads.submit(store.append, [Entry(value=i)]) for i in range(4)]
        postgres.start()
        assert sorted(one.result()[0] for one in waiting) == [1, 2, 3, 4]


def test_a_server_that_stays_away_is_said_and_no_password_with_it(tmp_path):
    with pytest.raises(StoreUnavailableError, match="that it runs") as caught:
        opened(f"postgresql://ann:very-secret@/shop?host={tmp_path}", patience=0.0)
    assert "very-secret" not in str(caught.value)


def test_a_connection_that_breaks_in_a_commit_leaves_it_open_and_says_so(postgres, monkeypatch):
    with opened(postgres.url, tenant="uncertain") as store:
        database = store._database
        commit = database._commit

        def lost(connection):
            connection.execute("COMMIT")  # the server has done it, but we never hear of it
            connection.close()
            commit(connection)

        monkeypatch.setattr(database, "_commit", lost)
        entries = [Entry(value=1, key="k")]
        with pytest.raises(StoreUncertainError, match="Do it again"):
            store.append(entries)
        monkeypatch.undo()
        assert store.append(entries) == [1]
        assert len(list(store.read())) == 1


def test_two_that_wait_for_each_other_both_get_their_turn(postgres):
    """Each locks one row and wants the other's; the server ends one of them, which is then done again."""
    met, turns = threading.Barrier(2), []
    sql = "UPDATE records SET value = ? WHERE tenant = 'stuck' AND key = ?"

    def crossing(session, first, second):
        session.run(sql, first, first)
        turns.append(first)
        if turns.count(first) == 1:
            met.wait(60)
        return session.run(sql, first, second)

    with opened(postgres.url, tenant="stuck") as one, opened(postgres.url, tenant="stuck") as two:
        one.put("items", [Record(key="a", value=0), Record(key="b", value=0)])
        with ThreadPoolExecutor(2) as threads:
            done = [
                threads.submit(one._database.write, lambda session: crossing(session, "a", "b")),
                threads.submit(two._database.write, lambda session: crossing(session, "b", "a")),
            ]
            assert [d.result() for d in done] == [1, 1]
    assert len(turns) > 2


def test_lists_in_any_order_do_not_wait_for_each_other(postgres):
    rows = [Record(key=f"{i:03}", value=i) for i in range(50)]
    with (
        opened(postgres.url, tenant="sorted") as one,
        opened(postgres.url, tenant="sorted") as two,
        ThreadPoolExecutor(4) as threads,
    ):
        done = [
            threads.submit(store.put, "items", rows[::turn])
            for _ in range(10)
            for store, turn in ((one, 1), (two, -1))
        ]
        assert {d.result() for d in done} == {50}


def test_several_processes_on_one_server_share_the_numbers(postgres):
    with open_store(postgres.url, tenant="many") as one, open_store(postgres.url, tenant="many") as two:
        with ThreadPoolExecutor(8) as threads:
            numbers = threads.map(
                lambda i: (one, two)[i % 2].append([Entry(value=i, key=f"k{i // 2}")])[0], range(80)
            )
            pairs = list(numbers)
        assert pairs[::2] == pairs[1::2]
        assert sorted(pairs[::2]) == list(range(1, 41))


def test_migrations_go_down_and_up_again_and_keep_the_facts(postgres):
    with opened(database(postgres, "migrations")) as store:
        store.append([Entry(value=i, user_id="ann") for i in range(50)])
        assert migrate(store._database, 1) == LATEST
        assert len(list(store.read())) == 50
        assert migrate(store._database) == 1
        assert store.forget("ann") == {"events": 50}
        assert migrate(store._database, 0) == LATEST
        assert migrate(store._database) == 0
        assert store.append([Entry(value=1)]) == [1]


def test_a_newer_version_is_not_touched(postgres):
    url = database(postgres, "newer")
    opened(url).close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO warmstart.migrations (version) VALUES (%s)", (LATEST + 1,))
    with pytest.raises(StoreVersionError, match="Upgrade"):
        opened(url)


def test_many_may_open_a_new_database_at_once(postgres):
    url = database(postgres, "fresh")
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda _: opened(url), range(4)))
    assert [store.append([Entry(value=1)])[0] for store in stores] == [1, 2, 3, 4]
    for store in stores:
        store.close()
