"""Facts in, the same facts out, also after a crash."""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from warmstart.core.errors import InputError
from warmstart.roles.storable import check_key, check_name, check_time, check_whole, to_json

ITEMS: Final = "items"
USERS: Final = "users"
"""Kinds of records with a meaning: what the shop knows of an item, and of a user."""

EVENTS: Final = "events"
AUDIT: Final = "audit"
"""Logs with a meaning: what users did, and what administrators did."""

PAGE: Final = 1000
"""How many rows `scan` and `read` fetch at a time."""

RecordRow = tuple[str, str, str | None, float | None]
"""Key, value as JSON text, user_id, expires_at."""
EntryRow = tuple[int | None, str | None, str | None, float, str]
"""Number, user_id, key, at, value as JSON text."""

Row = TypeVar("Row")
Mark = TypeVar("Mark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A JSON value under a key.

    `user_id` names whom it tells of: `Store.forget` deletes it with them. From `expires_at` (Unix seconds)
    on it is as if deleted.
    """

    key: str
    value: Any
    user_id: str | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a log: a JSON value, whose it is, and when it happened.

    `key` makes it idempotent: a second entry with the same key is not written. `at` is when it happened
    (Unix seconds; the time of writing when None); it decides how long the entry is kept, never its order.
    `number` is given by the store: 1, 2, 3 and so on in each log of each tenant, never used twice. What
    names the user belongs into `user_id`, not into `value`, or else a merge would leave it behind.
    """

    value: Any
    user_id: str | None = None
    key: str | None = None
    at: float | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What one tenant keeps: records per kind, entries per log, and the last number of each log."""

    records: Mapping[str, int]
    entries: Mapping[str, int]
    last: Mapping[str, int]


class Store(ABC):
    """The facts of one tenant: records under keys, and logs in which every entry has a number.

    Open it with `warmstart.store.open_store`. When a call returns, what it wrote is durable; when it
    raises, nothing of that call was written (unless the error says that this is unknown). Tenants of one
    database never see each other: a store knows one tenant, and `tenant` gives the store of another.
    All stores may be used by many threads.

    A backend writes the hooks below, on values already checked and encoded; `tests/store` holds every
    backend to the same contract.
    """

    def __init__(self, tenant: str, *, clock: Callable[[], float] = time.time) -> None:
        self.name = check_name("tenant", tenant)
        self._clock = clock

    # -- records ----------------------------------------------------------------------------------

    def put(self, kind: str, records: Iterable[Record], *, only_new: bool = False) -> int:
        """Write records, all or none, over those of the same keys; returns how many were written.

        With `only_new` a key that is taken keeps what it has: of several that claim a key at once,
        exactly one gets the answer 1.
        """
        check_name("kind", kind)
        rows: dict[str, RecordRow] = {}
        for record in records:
            row = _record_row(kind, record)
            if not (only_new and record.key in rows):
                rows[record.key] = row
        return self._put(kind, sorted(rows.values()), only_new, self._clock()) if rows else 0

    def get(self, kind: str, key: str) -> Record | None:
        """The record under a key, or None."""
        row = self._get(check_name("kind", kind), check_key("key", key), self._clock())
        return None if row is None else _record(row)

    def scan(self, kind: str, *, after: str = "", n: int | None = None) -> Iterator[Record]:
        """Records in the order of their keys (by code point), from the first beyond `after`, at most `n`.

        Read in pages, not from one snapshot: a record that stays is given exactly once, whatever
        happens to others meanwhile.
        """
        check_name("kind", kind)
        for row in _pages(
            lambda last, size: self._scan(kind, last, size, self._clock()), after, lambda row: row[0], n
        ):
            yield _record(row)

    def delete(self, kind: str, keys: Iterable[str]) -> int:
        """Delete records; returns how many there were. Unknown keys are no error."""
        wanted = sorted({check_key("key", key) for key in keys})
        return self._delete(check_name("kind", kind), wanted, self._clock()) if wanted else 0

    # -- logs -------------------------------------------------------------------------------------

    def append(self, entries: Iterable[Entry], *, log: str = EVENTS, last: int = 0) -> list[int]:
        """Write entries at the end of a log, all or none; returns their numbers in the order given.

        An entry whose key the log has already gets the number of that one and is not written again, for
        as long as the first is kept. Whoever has read up to a number has missed nothing before it.
        Entries that have numbers keep them (that is how a dump comes back): they must rise, and lie
        beyond the log's last. The log goes on beyond `last` at least.
        """
        check_name("log", log)
        check_whole("last", last)
        now = self._clock()
        rows = [_entry_row(log, entry, now) for entry in entries]
        _check_numbers(rows)
        return self._append(log, rows, last) if rows or last else []

    def read(
        self, *, log: str = EVENTS, since: int = 0, user_id: str | None = None, n: int | None = None
    ) -> Iterator[Entry]:
        """Entries with numbers above `since`, in order, of one user or of all, at most `n`."""
        check_name("log", log)
        check_whole("since", since)
        if user_id is not None:
            check_key("user_id", user_id)
        for row in _pages(
            lambda last, size: self._read(log, last, user_id, size), since, lambda row: row[0] or 0, n
        ):
            number, owner, key, at, text = row
            yield Entry(value=json.loads(text), user_id=owner, key=key, at=at, number=number)

    def remove(
        self,
        numbers: Iterable[int],
        *,
        log: str = EVENTS,
        user_id: str | None = None,
        noted: Entry | None = None,
        noted_in: str = AUDIT,
    ) -> list[int]:
        """Delete single entries of a log; the numbers of those that there were, rising.

        With `user_id` only entries of that user go. Numbers are not used again, and idempotency keys go
        with their entries. `noted` is written at the end of the log `noted_in` where anything was deleted,
        in the same transaction: whoever follows that log learns of every deletion that happened, and of no
        other.
        """
        check_name("log", log)
        check_name("log", noted_in)
        if user_id is not None:
            check_key("user_id", user_id)
        wanted = sorted(set(numbers))
        for number in wanted:
            check_whole("number", number)
        note = None if noted is None else (noted_in, _entry_row(noted_in, noted, self._clock()))
        return self._remove(log, wanted, user_id, note) if wanted else []

    # -- people -----------------------------------------------------------------------------------

    def merge(self, visitor_id: str, user_id: str) -> dict[str, int]:
        """Give all that is kept of a visitor to the user they turned out to be.

        Of two attributes by the same name the user's stays. Returns how many entries and records changed
        hands, by log and kind. Merging again changes nothing.
        """
        if check_key("visitor_id", visitor_id) == check_key("user_id", user_id):
            raise InputError(
                expected="a visitor and a user with different ids",
                found=f"{user_id!r} twice",
                todo="Events that carry the user's own id need no merge.",
            )
        return self._merge(visitor_id, user_id, self._clock())

    def forget(self, user_id: str) -> dict[str, int]:
        """Delete every entry and record of a user, and leave no trace that there was one.

        Items stay. Returns how many were deleted, by log and kind. Idempotency keys go with their
        entries, so an event sent once more after this is a new one.
        """
        return self._forget(check_key("user_id", user_id))

    # -- keeping ----------------------------------------------------------------------------------

    def compact(self, *, before: float | None = None, log: str = EVENTS) -> dict[str, int]:
        """Delete entries that happened before a time (Unix seconds), and records that have expired.

        Gives the space back to the disk. Returns how many of each were deleted. Runs in small steps, so
        that others can write meanwhile; what a crash interrupts is taken up by the next call.
        """
        if before is not None and not math.isfinite(before):
            raise InputError(
                expected="a time in Unix seconds",
                found=repr(before),
                todo="Pass time.time() - 86400 * days.",
            )
        return self._compact(check_name("log", log), before, self._clock())

    @abstractmethod
    def describe(self) -> Contents:
        """What there is, by kind and log. Counts every row: for status pages, not for requests."""

    @abstractmethod
    def tenant(self, name: str) -> Store:
        """The store of another tenant in the same database, on the same connections."""

    @abstractmethod
    def close(self) -> None:
        """Release files and connections, for all tenants. Closing again is no error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    # -- hooks ------------------------------------------------------------------------------------

    @abstractmethod
    def _put(self, kind: str, rows: Sequence[RecordRow], only_new: bool, now: float) -> int: ...

    @abstractmethod
    def _get(self, kind: str, key: str, now: float) -> RecordRow | None: ...

    @abstractmethod
    def _scan(self, kind: str, after: str, n: int, now: float) -> Sequence[RecordRow]: ...

    @abstractmethod
    def _delete(self, kind: str, keys: Sequence[str], now: float) -> int: ...

    @abstractmethod
    def _append(self, log: str, rows: Sequence[EntryRow], last: int) -> list[int]: ...

    @abstractmethod
    def _read(self, log: str, since: int, user_id: str | None, n: int) -> Sequence[EntryRow]: ...

    @abstractmethod
    def _remove(
        self, log: str, numbers: Sequence[int], user_id: str | None, note: tuple[str, EntryRow] | None
    ) -> list[int]: ...

    @abstractmethod
    def _merge(self, visitor_id: str, user_id: str, now: float) -> dict[str, int]: ...

    @abstractmethod
    def _forget(self, user_id: str) -> dict[str, int]: ...

    @abstractmethod
    def _compact(self, log: str, before: float | None, now: float) -> dict[str, int]: ...


def _record_row(kind: str, record: Record) -> RecordRow:
    key = check_key("key", record.key)
    owner = key if kind == USERS else record.user_id
    if owner is not None:
        check_key("user_id", owner)
    check_time("expires_at", record.expires_at)
    return key, to_json(record.value), owner, record.expires_at


def _record(row: RecordRow) -> Record:
    key, text, user_id, expires_at = row
    return Record(key=key, value=json.loads(text), user_id=user_id, expires_at=expires_at)


def _entry_row(log: str, entry: Entry, now: float) -> EntryRow:
    if entry.user_id is not None:
        check_key("user_id", entry.user_id)
        if log == AUDIT:
            raise InputError(
                expected="audit entries that name no user",
                found="one with a user_id",
                todo="Say which API key acted and what it did; the id of a customer would outlive them.",
            )
    if entry.key is not None:
        check_key("idempotency key", entry.key)
    check_time("at", entry.at)
    at = now if entry.at is None else float(entry.at)
    return entry.number, entry.user_id, entry.key, at, to_json(entry.value)


def _check_numbers(rows: Sequence[EntryRow]) -> None:
    numbers = [row[0] for row in rows if row[0] is not None]
    if not numbers:
        return
    for number in numbers:
        check_whole("number", number)
    if len(numbers) < len(rows) or any(a >= b for a, b in zip([0, *numbers], numbers, strict=False)):
        raise InputError(
            expected="entries without numbers, or all with numbers that rise from 1",
            found="others",
            todo="Leave `number` to the store, except to bring back a dump.",
        )


def _pages(
    fetch: Callable[[Mark, int], Sequence[Row]], mark: Mark, mark_of: Callable[[Row], Mark], n: int | None
) -> Iterator[Row]:
    left = n
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        rows = fetch(mark, size)
        yield from rows
        if len(rows) < size:
            return
        mark = mark_of(rows[-1])
        left = None if left is None else left - size
