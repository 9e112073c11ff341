"""The store in SQL that SQLite and PostgreSQL both understand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from warmstart.roles.store import USERS, Contents, EntryRow, RecordRow, Store
from warmstart.store.database import Database, Session
from warmstart.store.rules import joined, numbered

_STEP: Final = 10_000
"""How many entries a step of `compact` looks at before it lets others write."""

_LIVE = "(expires_at IS NULL OR expires_at > ?)"
_PUT = (
    "INSERT INTO records (tenant, kind, key, value, user_id, expires_at) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (tenant, kind, key) DO UPDATE SET"
    " value = excluded.value, user_id = excluded.user_id, expires_at = excluded.expires_at"
)
_PUT_NEW = f"{_PUT} WHERE records.expires_at <= ?"
_RECORD = "SELECT key, value, user_id, expires_at FROM records WHERE tenant = ? AND kind = ?"
_DELETE = (
    "DELETE FROM records WHERE tenant = ? AND kind = ? AND key = ?"
    " AND (expires_at IS NULL OR expires_at > ?)"
)
_READ = (
    "SELECT number, user_id, key, at, value FROM entries"
    " WHERE tenant = ? AND log = ? AND number > ? ORDER BY number LIMIT ?"
)
_READ_OF = (
    "SELECT number, user_id, key, at, value FROM entries"
    " WHERE tenant = ? AND log = ? AND number > ? AND user_id = ? ORDER BY number LIMIT ?"
)
_REMOVE = "DELETE FROM entries WHERE tenant = ? AND log = ? AND number = ?"
_STEPS = "SELECT number FROM entries WHERE tenant = ? AND log = ? AND number > ? ORDER BY number LIMIT ?"
_DROP = "DELETE FROM entries WHERE tenant = ? AND log = ? AND number > ? AND number <= ? AND at < ?"
_COUNT_RECORDS = (
    "SELECT kind, COUNT(*) FROM records WHERE tenant = ? AND (expires_at IS NULL OR expires_at > ?)"
    " GROUP BY kind"
)
_COUNT_ENTRIES = "SELECT log, COUNT(*) FROM entries WHERE tenant = ? GROUP BY log"
_LAST = "SELECT log, number FROM counters WHERE tenant = ? AND number > 0"
_COUNT_ON = (
    "INSERT INTO counters (tenant, log, number) VALUES (?, ?, 0)"
    " ON CONFLICT (tenant, log) DO UPDATE SET number = counters.number RETURNING number"
)
"""Takes the log's lock until the end of the transaction: numbers become visible in their order."""


class SqlStore(Store):
    """A tenant's facts in tables that all tenants share."""

    def __init__(self, database: Database, tenant: str, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(tenant, clock=clock)
        self._database = database

    def tenant(self, name: str) -> SqlStore:
        """The store of another tenant, on the same connections."""
        return type(self)(self._database, name, clock=self._clock)

    def close(self) -> None:
        """Release files and connections, for all tenants."""
        self._database.close()

    def describe(self) -> Contents:
        """What there is, by kind and log."""
        now, tenant = self._clock(), self.name
        return self._database.read(lambda session: _contents(session, tenant, now))

    def _put(self, kind: str, rows: Sequence[RecordRow], only_new: bool, now: float) -> int:
        sql = _PUT_NEW if only_new else _PUT
        more = (now,) if only_new else ()
        values = [(self.name, kind, *row, *more) for row in rows]
        return self._database.write(lambda session: session.run_many(sql, values))

    def _get(self, kind: str, key: str, now: float) -> RecordRow | None:
        sql = f"{_RECORD} AND key = ? AND {_LIVE}"
        rows = self._database.read(lambda session: session.rows(sql, self.name, kind, key, now))
        return _record(rows[0]) if rows else None

    def _scan(self, kind: str, after: str, n: int, now: float) -> Sequence[RecordRow]:
        sql = f"{_RECORD} AND key > ? AND {_LIVE} ORDER BY key LIMIT ?"
        rows = self._database.read(lambda session: session.rows(sql, self.name, kind, after, now, n))
        return [_record(row) for row in rows]

    def _delete(self, kind: str, keys: Sequence[str], now: float) -> int:
        values = [(self.name, kind, key, now) for key in keys]
        return self._database.write(lambda session: session.run_many(_DELETE, values))

    def _append(self, log: str, rows: Sequence[EntryRow], last: int) -> list[int]:
        tenant = self.name
        if last:
            return self._database.write(lambda session: _append(session, tenant, log, rows, last))
        return self._database.write_rows(
            (tenant, log), rows, lambda session, all_rows: _append(session, tenant, log, all_rows)
        )

    def _read(self, log: str, since: int, user_id: str | None, n: int) -> Sequence[EntryRow]:
        sql, more = (_READ, ()) if user_id is None else (_READ_OF, (user_id,))
        rows = self._database.read(lambda session: session.rows(sql, self.name, log, since, *more, n))
        return [_entry(row) for row in rows]

    def _remove(
        self, log: str, numbers: Sequence[int], user_id: str | None, note: tuple[str, EntryRow] | None
    ) -> list[int]:
        sql, more = (_REMOVE, ()) if user_id is None else (f"{_REMOVE} AND user_id = ?", (user_id,))

        def remove(session: Session) -> list[int]:
            found = [session.rows(f"{sql} RETURNING number", self.name, log, one, *more) for one in numbers]
            gone = [int(row[0]) for rows in found for row in rows]
            if gone and note is not None:
                _append(session, self.name, note[0], [note[1]])
            return gone

        gone = self._database.write(remove)
        if gone:
            self._database.scrub()
        return gone

    def _merge(self, visitor_id: str, user_id: str, now: float) -> dict[str, int]:
        return self._database.write(lambda session: _merge(session, self.name, visitor_id, user_id, now))

    def _forget(self, user_id: str) -> dict[str, int]:
        gone = self._database.write(lambda session: _forget(session, self.name, user_id))
        self._database.scrub()
        return gone

    def _compact(self, log: str, before: float | None, now: float) -> dict[str, int]:
        entries = 0 if before is None else self._delete_before(log, before)
        sql = "DELETE FROM records WHERE tenant = ? AND expires_at <= ?"
        records = self._database.write(lambda session: session.run(sql, self.name, now))
        self._database.release_space()
        return {"entries": entries, "records": records}

    def _delete_before(self, log: str, before: float) -> int:
        deleted, since = 0, 0
        while (until := self._step(log, since)) is not None:
            deleted += self._drop(log, since, until, before)
            since = until
        return deleted

    def _step(self, log: str, since: int) -> int | None:
        """The last number of the step after `since`."""
        rows = self._database.read(lambda session: session.rows(_STEPS, self.name, log, since, _STEP))
        return int(rows[-1][0]) if rows else None

    def _drop(self, log: str, since: int, until: int, before: float) -> int:
        return self._database.write(
            lambda session: session.run(_DROP, self.name, log, since, until, before)
        )


def _record(row: Sequence[Any]) -> RecordRow:
    key, text, user_id, expires_at = row
    return key, text, user_id, expires_at


def _entry(row: Sequence[Any]) -> EntryRow:
    number, user_id, key, at, text = row
    return number, user_id, key, at, text


def _append(session: Session, tenant: str, log: str, rows: Sequence[EntryRow], last: int = 0) -> list[int]:
    counted = int(session.rows(_COUNT_ON, tenant, log)[0][0])
    known = session.numbers_of(tenant, log, [row[2] for row in rows if row[2] is not None])
    numbers, new = numbered(rows, counted, known)
    session.insert_entries(tenant, log, new)
    reached = max(counted, last, *(number for number, _ in new[-1:]))
    if reached > counted:
        session.run("UPDATE counters SET number = ? WHERE tenant = ? AND log = ?", reached, tenant, log)
    return numbers


def _merge(session: Session, tenant: str, visitor_id: str, user_id: str, now: float) -> dict[str, int]:
    entries = session.rows(
        "UPDATE entries SET user_id = ? WHERE tenant = ? AND user_id = ? RETURNING log",
        user_id, tenant, visitor_id,
    )  # fmt: skip
    records = session.rows(
        "UPDATE records SET user_id = ? WHERE tenant = ? AND user_id = ? AND kind <> ? RETURNING kind",
        user_id, tenant, visitor_id, USERS,
    )  # fmt: skip
    moved = _counts([*entries, *records])
    if _merge_attributes(session, tenant, visitor_id, user_id, now):
        moved[USERS] = 1
    return moved


def _merge_attributes(session: Session, tenant: str, visitor_id: str, user_id: str, now: float) -> bool:
    sql = f"{_RECORD} AND key IN (?, ?) AND {_LIVE}"
    rows = {row[0]: _record(row) for row in session.rows(sql, tenant, USERS, visitor_id, user_id, now)}
    session.run("DELETE FROM records WHERE tenant = ? AND kind = ? AND key = ?", tenant, USERS, visitor_id)
    if visitor_id not in rows:
        return False
    both = joined(rows[visitor_id], rows.get(user_id), user_id)
    session.run(_PUT, tenant, USERS, *both)
    return True


def _forget(session: Session, tenant: str, user_id: str) -> dict[str, int]:
    entries = session.rows(
        "DELETE FROM entries WHERE tenant = ? AND user_id = ? RETURNING log", tenant, user_id
    )
    records = session.rows(
        "DELETE FROM records WHERE tenant = ? AND user_id = ? RETURNING kind", tenant, user_id
    )
    return _counts([*entries, *records])


def _counts(rows: Iterable[Sequence[Any]]) -> dict[str, int]:
    return dict(Counter(str(row[0]) for row in rows))


def _contents(session: Session, tenant: str, now: float) -> Contents:
    return Contents(
        records=dict(session.rows(_COUNT_RECORDS, tenant, now)),
        entries=dict(session.rows(_COUNT_ENTRIES, tenant)),
        last=dict(session.rows(_LAST, tenant)),
    )
