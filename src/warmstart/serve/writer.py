"""Writes that are durable before they are acknowledged, many at the cost of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from typing import Final

from warmstart.core.errors import WarmstartError
from warmstart.roles.store import Entry, Store

Waiting = tuple[Sequence[Entry], "asyncio.Future[list[int]]"]
MOST: Final = 20_000
"""Entries written in one go."""


class EventWriter:
    """Appends to the log of events in groups: while one group reaches the disk, the next one gathers.

    An append waits for the disk, which takes as long for one event as for thousands; so writers that come
    meanwhile share the next one (group commit). Each gets its numbers once its group is durable and
    `written` has been awaited, or the error of its group, of which nothing was written.
    """

    def __init__(self, store: Store, disk: Executor, written: Callable[[], Awaitable[object]]) -> None:
        self._store, self._disk, self._written = store, disk, written
        self._waiting: list[Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def append(self, entries: Sequence[Entry]) -> list[int]:
        """Write entries; their numbers, once they are durable. Errors: those of `Store.append`."""
        done: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._waiting.append((entries, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all())
        return await done

    def __len__(self) -> int:
        """How many entries wait."""
        return sum(len(entries) for entries, _ in self._waiting)

    async def close(self) -> None:
        """Wait until all that was handed in is written."""
        if self._task is not None:
            await self._task

    async def _write_all(self) -> None:
        while self._waiting:
            await self._write(self._next())

    def _next(self) -> list[Waiting]:
        group, size = [self._waiting.pop(0)], 0
        while self._waiting and size + len(self._waiting[0][0]) <= MOST:
            size += len(self._waiting[0][0])
            group.append(self._waiting.pop(0))
        return group

    async def _write(self, group: list[Waiting]) -> None:
        entries = [entry for own, _ in group for entry in own]
        loop = asyncio.get_running_loop()
        try:
            numbers = await loop.run_in_executor(self._disk, self._store.append, entries)
            await self._written()
        except WarmstartError as error:
            for _, done in group:
                _end(done, error)
            return
        except BaseException as error:
            for _, done in group:
                _end(done, error)
            if not isinstance(error, Exception):
                raise
            return
        begin = 0
        for own, done in group:
            if not done.done():
                done.set_result(numbers[begin : begin + len(own)])
            begin += len(own)


def _end(done: asyncio.Future[list[int]], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
