"""One database behind many stores: who may write, who may read, and how writes share a commit."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from warmstart.roles.store import EntryRow
from warmstart.store.errors import StoreUncertainError, closed

T = TypeVar("T")
Work = Callable[["Session"], T]
RowsWork = Callable[["Session", Sequence[Any]], list[Any]]
GROUP = 64
"""At most how many calls share one commit."""


class Session(Protocol):
    """SQL inside one transaction; parameters are written `?`."""

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement and fetch all it gives."""

    def run(self, sql: str, *values: Any) -> int:
        """Run a statement; returns how many rows it touched."""

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run a statement once for each row of values; returns how many rows were touched in all."""

    def numbers_of(self, tenant: str, log: str, keys: Sequence[str]) -> dict[str, int]:
        """The number of each idempotency key that the log has."""

    def insert_entries(self, tenant: str, log: str, rows: Sequence[tuple[int, EntryRow]]) -> None:
        """Write numbered entries, the fastest way there is."""

    def lock_tables(self) -> None:
        """Wait until nobody else changes the tables themselves."""


class _Job(Generic[T]):
    """A piece of writing, and what came of it."""

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.done = False
        self.error: BaseException | None = None
        self.value: T | None = None

    def fail(self, error: BaseException) -> None:
        """It was not written."""
        self.error, self.done = error, True

    def succeed(self, value: T) -> None:
        """It was written and is durable."""
        self.value, self.done = value, True


class _Rows(_Job[list[Any]]):
    """Rows that may be written in one go with those of others who have the same place."""

    def __init__(self, place: Hashable, rows: Sequence[Any], work: RowsWork) -> None:
        super().__init__(lambda session: work(session, rows))
        self.place, self.rows, self.rows_work = place, rows, work


class _Joint(_Job[list[Any]]):
    """Several of those as one."""

    def __init__(self, parts: list[_Rows]) -> None:
        rows = [row for part in parts for row in part.rows]
        super().__init__(lambda session: parts[0].rows_work(session, rows))
        self._parts = parts

    def succeed(self, value: list[Any]) -> None:
        """Each gets the answers to its own rows."""
        answers = iter(value)
        for part in self._parts:
            part.succeed(list(islice(answers, len(part.rows))))


def _joined(group: Sequence[_Job[Any]]) -> list[_Job[Any]]:
    """The same work in fewer pieces. The calls are under way at once, so any order of them will do."""
    jobs: list[_Job[Any]] = [job for job in group if not isinstance(job, _Rows)]
    places: dict[Hashable, list[_Rows]] = {}
    for job in group:
        if isinstance(job, _Rows):
            places.setdefault(job.place, []).append(job)
    return [*jobs, *(_Joint(parts) for parts in places.values())]


class Database(ABC):
    """Reads go side by side; writes of several threads are done together by one of them.

    Group commit: whoever gets the writer's lock first takes along what others have queued and commits
    once, so that a commit's wait for the disk is shared. If any of them fails, nothing of the group was
    written, and each is done again alone and gets its own answer.
    """

    dialect: dict[str, str]

    def __init__(self) -> None:
        self._writer = threading.Lock()
        self._waiting: deque[_Job[Any]] = deque()
        self._process = os.getpid()
        self._closed = False

    def write(self, work: Work[T]) -> T:
        """Do some writing in a transaction; returns when it is durable.

        The work may be run more than once (what it did before was rolled back), so it must have no effect
        but on its session.
        """
        return self._wait_for(_Job(work))

    def write_rows(self, place: Hashable, rows: Sequence[Any], work: RowsWork) -> list[Any]:
        """Write rows and get an answer for each, as `write`.

        Rows of several threads that name the same place are given to one call of `work`.
        """
        return self._wait_for(_Rows(place, rows, work))

    def _wait_for(self, job: _Job[T]) -> T:
        self._check()
        self._waiting.append(job)
        with self._writer:
            while not job.done:
                self._lead([self._waiting.popleft() for _ in range(min(GROUP, len(self._waiting)))])
        if job.error is not None:
            raise job.error
        return job.value  # type: ignore[return-value]  # T may be None itself

    def _lead(self, group: list[_Job[Any]]) -> None:
        try:
            self._check()
            if len(group) == 1 or not self._done_together(group):
                for job in group:
                    self._done_alone(job)
        except BaseException as error:
            for job in group:
                if not job.done:
                    job.fail(error)
            raise

    def _done_together(self, group: list[_Job[Any]]) -> bool:
        """Whether all of them could be written in one transaction."""
        jobs = _joined(group)
        try:
            values = self._transact([job.work for job in jobs])
        except StoreUncertainError:
            raise
        except (RuntimeError, ValueError):  # StoreError and InputError: one of them is at fault
            return False
        for job, value in zip(jobs, values, strict=True):
            job.succeed(value)
        return True

    def _done_alone(self, job: _Job[Any]) -> None:
        try:
            job.succeed(self._transact([job.work])[0])
        except (RuntimeError, ValueError) as error:
            job.fail(error)

    def _check(self) -> None:
        if self._closed or self._process != os.getpid():
            raise closed()

    def close(self) -> None:
        """Release everything; waits for the write that is under way."""
        with self._writer:
            if not self._closed and self._process == os.getpid():
                self._closed = True
                self._close()

    @abstractmethod
    def read(self, work: Work[T]) -> T:
        """Do some reading, of what has been committed."""

    @abstractmethod
    def _transact(self, works: Sequence[Work[Any]]) -> list[Any]:
        """Do all in one transaction, or none. Errors: `StoreError`, or what the work raised."""

    @abstractmethod
    def scrub(self) -> None:
        """After a forgetting: overwrite old copies that the database keeps for its own purposes."""

    @abstractmethod
    def release_space(self) -> None:
        """Give the space of deleted rows back."""

    @abstractmethod
    def _close(self) -> None: ...


class Pool(Generic[T]):
    """A few connections, made when needed and lent to one thread at a time."""

    def __init__(self, make: Callable[[], T], close: Callable[[T], None], size: int) -> None:
        self._make, self._close, self._size = make, close, size
        self._slots = threading.BoundedSemaphore(size)
        self._idle: deque[T] = deque()
        self._closed = False

    @contextmanager
    def lend(self) -> Iterator[T]:
        """A connection for the length of a block; one in whose block an error was raised is closed."""
        with self._slots:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._make()
            try:
                yield connection
            except BaseException:
                self._close(connection)
                raise
            self._idle.append(connection)
            if self._closed:
                self.close()

    def close(self) -> None:
        """Close what lies idle, and what is lent as soon as it comes back."""
        self._closed = True
        while self._idle:
            self._close(self._idle.pop())
