"""A store in PostgreSQL: for several machines, or where one runs already."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from warmstart.core.extras import load_extra
from warmstart.roles.store import EntryRow
from warmstart.store.database import Database, Pool, Work
from warmstart.store.errors import (
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
    StoreUncertainError,
)
from warmstart.store.migrations import migrate
from warmstart.store.sql import SqlStore

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

SCHEMA: Final = "warmstart"
_SETTINGS: Final = (
    f"search_path = {SCHEMA}",
    "synchronous_commit = on",
    "plan_cache_mode = force_generic_plan",
    "enable_seqscan = off",
)
"""The last two: of a tenant younger than the table's statistics the planner believes that it has no rows,
and walks through all of them instead of using the index on their keys."""
_READERS: Final = 4
_LOCK: Final = 0x77617273
"""Of the advisory lock under which tables are changed."""
_FEW: Final = 20
"""Up to this many entries are inserted; more are copied."""
_TURNS: Final = 5
_COPY = "COPY entries (tenant, log, number, user_id, key, at, value) FROM STDIN"
_KNOWN = "SELECT key, number FROM entries WHERE tenant = ? AND log = ? AND key = ANY(?)"
_INSERT = "INSERT INTO entries (tenant, log, number, user_id, key, at, value) VALUES (?, ?, ?, ?, ?, ?, ?)"


class PostgresStore(SqlStore):
    """Facts in the schema `warmstart` of a PostgreSQL database, 15 or later.

    One connection writes (threads share its commits, see `Database`), up to four read. After a restart
    of the server they connect again, waiting up to `patience` seconds; only what was being committed in
    that moment is uncertain, and says so (`StoreUncertainError`). `synchronous_commit` is on whatever the
    server's default is. A pooler between must keep sessions (not PgBouncer's transaction mode).

    Needs: the extra 'postgres' (psycopg 3, LGPL-3.0). Errors: `StoreUnavailableError`,
    `StoreUncertainError`, `StoreBusyError`, `StoreFullError`, `StoreVersionError`, `StoreError`.
    """

    @classmethod
    def open(
        cls,
        url: str,
        *,
        tenant: str = "default",
        patience: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> PostgresStore:
        """Connect, and bring the tables up to date."""
        database = PostgresDatabase(url, patience=patience)
        try:
            migrate(database)
            return cls(database, tenant, clock=clock)
        except BaseException:
            database.close()
            raise


@cache
def _dialect(sql: str) -> str:
    """Parameters as psycopg writes them; our statements have neither '?' nor '%' in their text."""
    return sql.replace("?", "%s")


class _Session:
    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(_dialect(sql), values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        return self._connection.execute(_dialect(sql), values).rowcount

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        with self._connection.cursor() as cursor:
            cursor.executemany(_dialect(sql), rows)
            return cursor.rowcount

    def numbers_of(self, tenant: str, log: str, keys: Sequence[str]) -> dict[str, int]:
        return dict(self.rows(_KNOWN, tenant, log, keys)) if keys else {}

    def insert_entries(self, tenant: str, log: str, rows: Sequence[tuple[int, EntryRow]]) -> None:
        values = ((tenant, log, number, user, key, at, text) for number, (_, user, key, at, text) in rows)
        if len(rows) == 1:
            self.run(_INSERT, *next(values))
        elif 0 < len(rows) <= _FEW:
            self.run_many(_INSERT, list(values))
        elif rows:
            with self._connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                for row in values:
                    copy.write_row(row)

    def lock_tables(self) -> None:
        self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")


class PostgresDatabase(Database):
    """The connections to one server: one that writes, and a few that read."""

    dialect: Final = {"key": 'TEXT COLLATE "C"', "whole": "BIGINT", "real": "DOUBLE PRECISION", "rows": ""}  # type: ignore[misc]

    def __init__(self, url: str, *, patience: float) -> None:
        super().__init__()
        self._psycopg = load_extra("psycopg", what="a store in PostgreSQL", extra="postgres")
        self._url, self._patience = url, patience
        self._writers = Pool(self._connect, _close, 1)
        self._readers = Pool(self._connect, _close, _READERS)

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        connection: psycopg.Connection[tuple[Any, ...]] = self._psycopg.connect(
            self._url,
            autocommit=True,
            prepare_threshold=0,
            connect_timeout=10,
            application_name="warmstart",
        )
        try:
            for setting in _SETTINGS:
                connection.execute(f"SET {setting}")
        except BaseException:
            _close(connection)
            raise
        return connection

    def read(self, work: Work[T]) -> T:
        """Do some reading, each statement on what was committed when it began."""

        def attempt() -> T:
            with self._readers.lend() as connection:
                return work(_Session(connection))

        self._check()
        return self._patiently(attempt)

    def _transact(self, works: Sequence[Work[Any]]) -> list[Any]:
        return self._patiently(lambda: self._transact_once(works))

    def _transact_once(self, works: Sequence[Work[Any]]) -> list[Any]:
        with self._writers.lend() as connection:
            connection.execute("BEGIN")
            try:
                values = [work(_Session(connection)) for work in works]
            except BaseException:
                with suppress(self._psycopg.Error):  # a broken connection has rolled back already
                    connection.execute("ROLLBACK")
                raise
            self._commit(connection)
        return values

    def _commit(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        try:
            connection.execute("COMMIT")
        except self._psycopg.Error as error:
            if error.sqlstate and not connection.closed and not connection.broken:
                raise  # the server said no, and lives
            raise StoreUncertainError(
                expected="an answer to a commit",
                found="a connection that broke",
                todo="Do it again: nothing is written twice where entries have idempotency keys.",
            ) from error

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Try again where the connection is to blame, or two transactions that wait for each other."""
        until, pause, turns = time.monotonic() + self._patience, 0.05, 0
        while True:
            try:
                return attempt()
            except (self._psycopg.OperationalError, self._psycopg.InterfaceError) as error:
                turns += 1
                stuck = error.sqlstate in ("40001", "40P01") and turns < _TURNS
                waiting = _is_away(error) and time.monotonic() < until
                if not (stuck or waiting):
                    raise explained(error) from error
                time.sleep(pause)
                pause = min(2 * pause, 1.0)
            except self._psycopg.Error as error:
                raise explained(error) from error

    def scrub(self) -> None:
        """Nothing to do: `release_space` overwrites, and the server's own log is the server's."""

    def release_space(self) -> None:
        """Let the server use the space of deleted rows again."""

        def vacuum() -> None:
            with self._writers.lend() as connection:
                for table in ("entries", "records"):
                    connection.execute(f"VACUUM (ANALYZE) {table}")

        with self._writer:
            self._check()
            self._patiently(vacuum)

    def _close(self) -> None:
        self._readers.close()
        self._writers.close()


def _close(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    connection.close()


def _is_away(error: psycopg.Error) -> bool:
    """Whether the server is gone, starting or stopping: no state at all, or class 08 or 57P."""
    state = error.sqlstate
    return state is None or state.startswith(("08", "57P"))


def explained(error: psycopg.Error) -> StoreError:
    """What an error of PostgreSQL means and what to do about it; names no password."""
    state, found = error.sqlstate or "", str(error).split("\n", maxsplit=1)[0]
    if _is_away(error):
        return StoreUnavailableError(
            expected="a PostgreSQL server that answers",
            found=found,
            todo="See that it runs and that host, port, user and password are right; then try again.",
        )
    if state.startswith("53"):  # insufficient resources, such as 53100: disk full
        return StoreFullError(
            expected="a PostgreSQL server with room to work",
            found=found,
            todo="Free disk, memory or connections on the server; nothing of this call was written.",
        )
    if state.startswith(("40", "55")):
        return StoreBusyError(
            expected="a turn at writing", found=found, todo="Try again; see pg_locks if it lasts."
        )
    if state.startswith("XX"):
        return StoreCorruptError(
            expected="a sound database", found=found, todo="Restore it from the server's backup."
        )
    return StoreError(
        expected="a database of PostgreSQL 15 or later in which this user may make the schema 'warmstart'",
        found=found,
        todo="Grant CREATE on the database to the user, or ask who looks after the server.",
    )
