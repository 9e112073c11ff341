"""A store in one SQLite file: no server, durable at every call."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from warmstart.roles.store import EntryRow
from warmstart.store.database import Database, Pool, Work
from warmstart.store.errors import (
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreVersionError,
)
from warmstart.store.migrations import migrate
from warmstart.store.sql import SqlStore

T = TypeVar("T")

APPLICATION_ID: Final = 0x77617273  # "wars", in the header of the file
CHECKED_UP_TO: Final = 256 * 2**20
"""Files up to this many bytes are checked whole when opened."""
_HEADER: Final = 100
_CHUNK: Final = 500
_READERS: Final = 8
_OLDEST: Final = (3, 35)  # RETURNING
_KNOWN = "SELECT key, number FROM entries WHERE tenant = ? AND log = ? AND key IN ({})"
_INSERT = "INSERT INTO entries (tenant, log, number, user_id, key, at, value) VALUES (?, ?, ?, ?, ?, ?, ?)"


class SqliteStore(SqlStore):
    """Facts in one file, for one machine.

    A write-ahead log lets others read while one writes; `synchronous=FULL` means that a call returns
    when the disk has its data. Threads share commits (see `Database`), processes take turns. What is
    deleted is overwritten (`secure_delete`), so `forget` leaves nothing in the file.

    The file must lie on a disk of this machine, not on a network share. Errors: `StoreBusyError`,
    `StoreFullError`, `StoreCorruptError`, `StoreVersionError`, `StoreError`.
    """

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        tenant: str = "default",
        busy_timeout: float = 5.0,
        max_bytes: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> SqliteStore:
        """Open a file, or make it; bring its tables up to date.

        `busy_timeout`: seconds to wait for another process that writes. `max_bytes`: how large the file
        may grow before writing fails with `StoreFullError`, which keeps a disk from filling up.
        """
        database = SqliteDatabase(Path(path), busy_timeout=busy_timeout, max_bytes=max_bytes)
        try:
            migrate(database)
            return cls(database, tenant, clock=clock)
        except BaseException:
            database.close()
            raise

    @property
    def file(self) -> SqliteDatabase:
        """The file itself, which all tenants share: to check it, and to copy it."""
        if not isinstance(self._database, SqliteDatabase):
            raise TypeError("a SqliteStore stands on a SqliteDatabase")
        return self._database


class _Session:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        return self._connection.executemany(sql, rows).rowcount

    def numbers_of(self, tenant: str, log: str, keys: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            found |= dict(self.rows(_KNOWN.format(", ".join("?" * len(chunk))), tenant, log, *chunk))
        return found

    def insert_entries(self, tenant: str, log: str, rows: Sequence[tuple[int, EntryRow]]) -> None:
        self._connection.executemany(
            _INSERT,
            ((tenant, log, number, user, key, at, text) for number, (_, user, key, at, text) in rows),
        )

    def lock_tables(self) -> None:
        """BEGIN IMMEDIATE has done it."""


class SqliteDatabase(Database):
    """The connections to one file: one that writes, and a few that read."""

    dialect: Final = {"key": "TEXT", "whole": "INTEGER", "real": "REAL", "rows": " WITHOUT ROWID"}  # type: ignore[misc]

    def __init__(self, path: Path, *, busy_timeout: float, max_bytes: int | None = None) -> None:
        super().__init__()
        if sqlite3.sqlite_version_info < _OLDEST:
            raise StoreError(
                expected=f"SQLite {'.'.join(map(str, _OLDEST))} or later",
                found=sqlite3.sqlite_version,
                todo="Use a newer Python, or PostgreSQL.",
            )
        self.path, self._busy_timeout = path, busy_timeout
        with self._explained():
            _make_private(path)
            self._connection = self._connect()
            try:
                self._prepare(max_bytes)
            except BaseException:
                self._connection.close()
                raise
        self._readers = Pool(self._connect_reader, sqlite3.Connection.close, _READERS)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
        )

    def _connect_reader(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _prepare(self, max_bytes: int | None) -> None:
        run = self._connection.execute
        size = self.path.stat().st_size
        if 0 < size < _HEADER:  # SQLite takes a few bytes for a new file
            raise damaged(self.path, f"a file of {size} bytes")
        # In this order: whoever makes the file at the same time names it first, then makes tables.
        (tables,) = run("SELECT COUNT(*) FROM sqlite_master").fetchone()
        (application,) = run("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID and (application or tables):
            raise foreign(self.path)
        if size <= CHECKED_UP_TO:
            self.check()
        if not tables:
            run("PRAGMA auto_vacuum = INCREMENTAL")  # only heeded before the first table
        self._use_write_ahead_log()
        run("PRAGMA synchronous = FULL")
        run("PRAGMA secure_delete = ON")
        run("PRAGMA journal_size_limit = 67108864")
        if application != APPLICATION_ID:
            run(f"PRAGMA application_id = {APPLICATION_ID}")
        if max_bytes is not None:
            (page_size,) = run("PRAGMA page_size").fetchone()
            run(f"PRAGMA max_page_count = {max(1, max_bytes // page_size)}")

    def _use_write_ahead_log(self) -> None:
        """Switch, once; SQLite itself does not wait here for others who open the file."""
        until = time.monotonic() + max(self._busy_timeout, 1.0)
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return

    def check(self) -> None:
        """Read every page and see whether they fit together. Errors: `StoreCorruptError`."""
        with self._explained():
            found = [row[0] for row in self._connection.execute("PRAGMA quick_check(1)")]
        if found != ["ok"]:
            raise damaged(self.path, "; ".join(" ".join(found).split("\n")))

    def read(self, work: Work[T]) -> T:
        """Do some reading, each statement on what was committed when it began."""
        self._check()
        with self._explained(), self._readers.lend() as connection:
            return work(_Session(connection))

    def _transact(self, works: Sequence[Work[Any]]) -> list[Any]:
        session = _Session(self._connection)
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                values = [work(session) for work in works]
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.OperationalError):  # a full disk has rolled back already
                    self._connection.execute("ROLLBACK")
                raise
        return values

    def scrub(self) -> None:
        """Move the write-ahead log into the file and empty it: it has older copies of pages.

        While somebody reads it cannot be emptied; a later checkpoint does it.
        """
        with self._explained(), self._writer:
            self._check()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def release_space(self) -> None:
        """Cut free pages off the end of the file."""
        with self._explained(), self._writer:
            self._check()
            # As a script: `execute` would stop after the first page.
            self._connection.executescript("PRAGMA incremental_vacuum")
        self.scrub()

    def copy_into(self, target: sqlite3.Connection) -> None:
        """The state of this moment, page by page, while others go on reading and writing."""
        self._check()
        with self._explained(), self._readers.lend() as connection:
            connection.backup(target)

    def _close(self) -> None:
        self._readers.close()
        self._connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of SQLite in our words."""
        try:
            yield
        except sqlite3.Error as error:
            raise explained(error, self.path) from error


def _make_private(path: Path) -> None:
    """A new file is for its owner alone: it holds what people did."""
    with suppress(FileExistsError, OSError):  # what cannot be made SQLite will explain
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def explained(error: sqlite3.Error, path: Path) -> StoreError:
    """What an error of SQLite means and what to do about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusyError(
            expected=f"a turn at writing to {path}",
            found="another process that does not let go",
            todo="Try again; if it lasts, end the other process: a backup tool or a shell may hold it.",
        )
    if code == sqlite3.SQLITE_FULL:
        return StoreFullError(
            expected=f"room for {path} to grow",
            found=str(error),
            todo="Free some disk, or raise max_bytes; nothing of this call was written, reading goes on.",
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    return StoreError(
        expected=f"a file that can be read and written at {path}",
        found=str(error),
        todo="Check that its folder exists, on a disk of this machine, and that this user may write there.",
    )


def foreign(path: Path) -> StoreVersionError:
    """The error for a database that is not ours."""
    return StoreVersionError(
        expected=f"a store of warmstart in {path}",
        found="a SQLite file of something else",
        todo="Name another file; a new one is made when there is none.",
    )


def damaged(path: Path, found: str) -> StoreCorruptError:
    """The error for a file whose pages do not fit together."""
    return StoreCorruptError(
        expected=f"a whole SQLite file at {path}",
        found=found,
        todo="Stop the service, move the file and its -wal and -shm aside, and bring back the last backup "
        "with warmstart.store.backup.restore_file; without one, try the command .recover of sqlite3.",
    )
