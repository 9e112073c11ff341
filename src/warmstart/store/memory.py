"""A store in memory: for tests, demos and trying things out."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from warmstart.roles.store import USERS, Contents, EntryRow, RecordRow, Store
from warmstart.store.errors import closed
from warmstart.store.rules import joined, numbered


@dataclass
class _Log:
    last: int = 0
    rows: dict[int, EntryRow] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)

    def keep(self, wanted: Callable[[EntryRow], bool]) -> int:
        """Drop what is not wanted; returns how many."""
        return self.drop([number for number, row in self.rows.items() if not wanted(row)])

    def drop(self, gone: Sequence[int]) -> int:
        """Drop rows by number; returns how many."""
        for number in gone:
            key = self.rows.pop(number)[2]
            if key is not None:
                del self.keys[key]
        return len(gone)


@dataclass
class _Tenant:
    records: dict[str, dict[str, RecordRow]] = field(default_factory=dict)
    logs: dict[str, _Log] = field(default_factory=dict)


class _Shared:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.tenants: dict[str, _Tenant] | None = {}


class MemoryStore(Store):
    """A store that is gone when the process ends.

    >>> from warmstart.roles.store import Entry
    >>> store = MemoryStore()
    >>> store.append([Entry(user_id="ann", value={"item_id": "tea"}, key="k1")])
    [1]
    >>> store.append([Entry(user_id="ann", value={"item_id": "tea"}, key="k1")])
    [1]
    >>> store.forget("ann")
    {'events': 1}
    """

    def __init__(self, tenant: str = "default", *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(tenant, clock=clock)
        self._shared = _Shared()

    def tenant(self, name: str) -> MemoryStore:
        """The store of another tenant."""
        other = MemoryStore(name, clock=self._clock)
        other._shared = self._shared
        return other

    def close(self) -> None:
        """Drop everything, for all tenants."""
        self._shared.tenants = None

    def describe(self) -> Contents:
        """What there is, by kind and log."""
        with self._shared.lock:
            tenant, now = self._tenant(), self._clock()
            records = {kind: len(_live(rows, now)) for kind, rows in tenant.records.items()}
            entries = {name: len(log.rows) for name, log in tenant.logs.items()}
            return Contents(
                records={kind: count for kind, count in records.items() if count},
                entries={name: count for name, count in entries.items() if count},
                last={name: log.last for name, log in tenant.logs.items() if log.last},
            )

    def _tenant(self) -> _Tenant:
        if self._shared.tenants is None:
            raise closed()
        return self._shared.tenants.setdefault(self.name, _Tenant())

    def _log(self, log: str) -> _Log:
        return self._tenant().logs.setdefault(log, _Log())

    def _put(self, kind: str, rows: Sequence[RecordRow], only_new: bool, now: float) -> int:
        with self._shared.lock:
            table = self._tenant().records.setdefault(kind, {})
            taken = _live(table, now) if only_new else {}
            written = {row[0]: row for row in rows if row[0] not in taken}
            table.update(written)
            return len(written)

    def _get(self, kind: str, key: str, now: float) -> RecordRow | None:
        with self._shared.lock:
            row = self._tenant().records.get(kind, {}).get(key)
            return row if row is not None and _lives(row, now) else None

    def _scan(self, kind: str, after: str, n: int, now: float) -> Sequence[RecordRow]:
        with self._shared.lock:
            live = _live(self._tenant().records.get(kind, {}), now)
            keys = sorted(live)
            start = bisect_right(keys, after)
            return [live[key] for key in keys[start : start + n]]

    def _delete(self, kind: str, keys: Sequence[str], now: float) -> int:
        with self._shared.lock:
            table = self._tenant().records.get(kind, {})
            return sum(_lives(table.pop(key), now) for key in keys if key in table)

    def _append(self, log: str, rows: Sequence[EntryRow], last: int) -> list[int]:
        with self._shared.lock:
            kept = self._log(log)
            numbers, new = numbered(rows, kept.last, kept.keys)
            for number, row in new:
                kept.rows[number] = (number, *row[1:])
                if row[2] is not None:
                    kept.keys[row[2]] = number
            kept.last = max(kept.last, last, *(number for number, _ in new[-1:]), 0)
            return numbers

    def _read(self, log: str, since: int, user_id: str | None, n: int) -> Sequence[EntryRow]:
        with self._shared.lock:
            kept = self._log(log).rows
            numbers = list(kept)  # rising, because numbers only ever grow
            found: list[EntryRow] = []
            for number in numbers[bisect_right(numbers, since) :]:
                if len(found) == n:
                    break
                if user_id is None or kept[number][1] == user_id:
                    found.append(kept[number])
            return found

    def _remove(
        self, log: str, numbers: Sequence[int], user_id: str | None, note: tuple[str, EntryRow] | None
    ) -> list[int]:
        with self._shared.lock:
            rows = self._log(log).rows
            gone = [n for n in numbers if n in rows and user_id in (None, rows[n][1])]
            if gone and note is not None:
                self._append(note[0], [note[1]], 0)  # first: it may be refused
            self._log(log).drop(gone)
            return gone

    def _merge(self, visitor_id: str, user_id: str, now: float) -> dict[str, int]:
        with self._shared.lock:
            tenant, moved = self._tenant(), Counter[str]()
            for name, log in tenant.logs.items():
                for number, row in log.rows.items():
                    if row[1] == visitor_id:
                        log.rows[number] = (row[0], user_id, *row[2:])
                        moved[name] += 1
            for kind, table in tenant.records.items():
                for key, record in table.items():
                    if kind != USERS and record[2] == visitor_id:
                        table[key] = (*record[:2], user_id, record[3])
                        moved[kind] += 1
            people = tenant.records.get(USERS, {})
            theirs, own = people.pop(visitor_id, None), people.get(user_id)
            if theirs is not None and _lives(theirs, now):
                people[user_id] = joined(theirs, own if own and _lives(own, now) else None, user_id)
                moved[USERS] += 1
            return dict(moved)

    def _forget(self, user_id: str) -> dict[str, int]:
        with self._shared.lock:
            tenant, gone = self._tenant(), Counter[str]()
            for name, log in tenant.logs.items():
                gone[name] += log.keep(lambda row: row[1] != user_id)
            for kind, table in tenant.records.items():
                for key in [key for key, record in table.items() if record[2] == user_id]:
                    del table[key]
                    gone[kind] += 1
            return {name: count for name, count in gone.items() if count}

    def _compact(self, log: str, before: float | None, now: float) -> dict[str, int]:
        with self._shared.lock:
            entries = 0 if before is None else self._log(log).keep(lambda row: row[3] >= before)
            expired = 0
            for table in self._tenant().records.values():
                for key in [key for key, row in table.items() if not _lives(row, now)]:
                    del table[key]
                    expired += 1
            return {"entries": entries, "records": expired}


def _lives(row: RecordRow, now: float) -> bool:
    return row[3] is None or row[3] > now


def _live(rows: dict[str, RecordRow], now: float) -> dict[str, RecordRow]:
    return {key: row for key, row in rows.items() if _lives(row, now)}
