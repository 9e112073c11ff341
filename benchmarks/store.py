"""What keeping events costs, beside the bare database in the same run; writes results/store.json.

    python benchmarks/store.py [URL ...]        an empty URL, or none: a SQLite file in a temporary folder

Floors are the database's own interface, fed with rows made beforehand, into a table of the same columns
and indexes: `executemany` for SQLite, COPY for PostgreSQL, and for single events one INSERT and one commit
each. Store and floor take turns; ratios are medians over the rounds. Disk and machine decide the rates:
compare the ratios.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from warmstart.data.records import Event
from warmstart.roles.store import Entry, Store
from warmstart.store import open_store
from warmstart.store.dump import append_all, dump, restore
from warmstart.store.facts import event_entry

RESULTS = Path(__file__).resolve().parent / "results" / "store.json"
ROUNDS, BULK, BATCH, SINGLE, THREADS = 5, 50_000, 5000, 300, 16
MARKS = "(?, ?, ?, ?, ?, ?, ?)"
TABLE = (
    "CREATE TABLE floor (tenant {key} NOT NULL, log {key} NOT NULL, number {whole} NOT NULL, user_id {key},"
    " key {key}, at {real} NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tenant, log, number)){rows}"
)
INDEXES = (
    "CREATE UNIQUE INDEX floor_by_key ON floor (tenant, log, key) WHERE key IS NOT NULL",
    "CREATE INDEX floor_by_user ON floor (tenant, user_id, log, number) WHERE user_id IS NOT NULL",
)
Row = tuple[Any, ...]
_start = count(1)


def entries(n: int) -> list[Entry]:
    """Views of 20,000 users, each with an idempotency key of its own."""
    first = next(_start) * 10_000_000
    return [
        event_entry(
            Event(
                user_id=f"user-{i * 7919 % 20_000}",
                item_id=f"item-{i * 104_729 % 5000}",
                event_type="view",
                timestamp=1.7e9 + i,
                session_id=f"session-{i // 8}",
            ),
            key=f"event-{first + i:x}",
        )
        for i in range(n)
    ]


def rows(made: list[Entry]) -> list[Row]:
    """The same, as the bare database takes them."""
    first = next(_start) * 10_000_000
    return [
        ("bench", "events", first + i, e.user_id, e.key, e.at, json.dumps(e.value))
        for i, e in enumerate(made)
    ]


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of a call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class SqliteFloor:
    """The module sqlite3 with the same pragmas, in a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
        for pragma in ("auto_vacuum = INCREMENTAL", "journal_mode = WAL", "secure_delete = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("PRAGMA synchronous = FULL")
        words = {"key": "TEXT", "whole": "INTEGER", "real": "REAL", "rows": " WITHOUT ROWID"}
        for sql in (TABLE.format(**words), *INDEXES):
            self._connection.execute(sql)

    def bulk(self, batch: list[Row]) -> None:
        """One transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(f"INSERT INTO floor VALUES {MARKS}", batch)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class PostgresFloor:
    """psycopg, in a table beside ours."""

    def __init__(self, url: str) -> None:
        import psycopg

        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("DROP TABLE IF EXISTS floor")
        words = {"key": 'TEXT COLLATE "C"', "whole": "BIGINT", "real": "DOUBLE PRECISION", "rows": ""}
        for sql in (TABLE.format(**words), *INDEXES):
            self._connection.execute(sql)

    def bulk(self, batch: list[Row]) -> None:
        """COPY for many, INSERT for one."""
        if len(batch) == 1:
            self._connection.execute(f"INSERT INTO floor VALUES {MARKS}".replace("?", "%s"), batch[0])
            return
        with self._connection.cursor() as cursor, cursor.copy("COPY floor FROM STDIN") as copy:
            for row in batch:
                copy.write_row(row)

    def close(self) -> None:
        """Leave nothing."""
        self._connection.execute("DROP TABLE floor")
        self._connection.close()


def in_bulk(store: Store, floor: SqliteFloor | PostgresFloor) -> tuple[float, float]:
    """Seconds for many events, of the store and of the floor."""
    made = entries(BULK)
    ready = rows(made)
    ours = seconds(lambda: append_all(store, made, batch_size=BATCH))
    bare = seconds(lambda: [floor.bulk(ready[i : i + BATCH]) for i in range(0, BULK, BATCH)])
    return ours, bare


def one_by_one(store: Store, floor: SqliteFloor | PostgresFloor) -> tuple[float, float]:
    """Seconds for single events, each durable before the next."""
    made = entries(SINGLE)
    ready = rows(made)
    return (
        seconds(lambda: [store.append([entry]) for entry in made]),
        seconds(lambda: [floor.bulk([row]) for row in ready]),
    )


def together(store: Store, floor: SqliteFloor | PostgresFloor) -> tuple[float, float]:
    """Seconds for single events from many threads, which share commits; the floor is one thread."""
    made = entries(SINGLE * 4)
    ready = rows(made)[:SINGLE]
    with ThreadPoolExecutor(THREADS) as threads:
        ours = seconds(lambda: list(threads.map(lambda entry: store.append([entry]), made)))
    return ours, 4 * seconds(lambda: [floor.bulk([row]) for row in ready])


MEASURES = {
    "many at once": (in_bulk, BULK),
    "one at a time": (one_by_one, SINGLE),
    f"one at a time, {THREADS} threads": (together, SINGLE * 4),
}


def measure(url: str, folder: Path) -> Iterator[dict[str, Any]]:
    """One row for each way of writing, then reading, dumping and bringing back."""
    sqlite = url.startswith("sqlite")
    store = open_store(url, tenant=f"bench-{time.time_ns()}")
    with store, closing(SqliteFloor(folder) if sqlite else PostgresFloor(url)) as floor:
        for name, (work, n) in MEASURES.items():
            found = [work(store, floor) for _ in range(ROUNDS)]
            yield {
                "backend": store.__class__.__name__,
                "events": name,
                "per_second": round(n / median(ours for ours, _ in found)),
                "floor_per_second": round(n / median(bare for _, bare in found)),
                "ratio": round(median(ours / bare for ours, bare in found), 2),
            }
        file, n = folder / "dump.jsonl", store.describe().entries["events"]
        for name, once in {
            "read": lambda: sum(1 for _ in store.read()),
            "dumped": lambda: dump(store, file),
            "brought back": lambda: restore(file, store.tenant(f"again-{time.time_ns()}")),
        }.items():
            rate = round(n / seconds(once))
            yield {"backend": store.__class__.__name__, "events": name, "per_second": rate}


def main() -> None:
    """Measure, print, and write the results."""
    found = []
    for url in sys.argv[1:] or [""]:
        with tempfile.TemporaryDirectory() as name:
            for row in measure(url or f"sqlite:///{name}/bench.db", Path(name)):
                print(json.dumps(row), flush=True)
                found.append(row)
    report = {"command": "python benchmarks/store.py", "rounds": ROUNDS, "rows": found}
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
