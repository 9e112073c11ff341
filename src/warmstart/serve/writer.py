"""Writes that are durable before they are acknowledged, many at the cost of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from typing import Final, Generic, TypeVar

from warmstart.core.errors import WarmstartError

T = TypeVar("T")
N = TypeVar("N")
Waiting = tuple[Sequence[T], "asyncio.Future[list[N]]"]
MOST: Final = 20_000
"""Records written in one go."""


class GroupWriter(Generic[T, N]):
    """Writes in groups: while one group reaches the disk, the next one gathers.

    A write waits for the disk, and then for the engine to read it, which takes about as long for one record
    as for many; so writers that come meanwhile share the next one (group commit). `write` writes a group
    in the order in which it came, all or nothing, and tells what became of each record. Each writer gets
    that for its own records once its group is durable and `written` has been awaited, or the error of its
    group.
    """

    def __init__(
        self,
        write: Callable[[list[T]], Sequence[N]],
        disk: Executor,
        written: Callable[[], Awaitable[object]],
    ) -> None:
        self._do, self._disk, self._written = write, disk, written
        self._waiting: list[Waiting[T, N]] = []
        self._task: asyncio.Task[None] | None = None

    async def append(self, entries: Sequence[T]) -> list[N]:
        """Write records; what became of them, once they are durable. Errors: those of `write`."""
        done: asyncio.Future[list[N]] = asyncio.get_running_loop().create_future()
        self._waiting.append((entries, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all())
        return await done

    def __len__(self) -> int:
        """How many records wait."""
        return sum(len(entries) for entries, _ in self._waiting)

    async def close(self) -> None:
        """Wait until all that was handed in is written."""
        if self._task is not None:
            await self._task

    async def _write_all(self) -> None:
        while self._waiting:
            await self._write(self._next())

    def _next(self) -> list[Waiting[T, N]]:
        group = [self._waiting.pop(0)]
        size = len(group[0][0])
        while self._waiting and size + len(self._waiting[0][0]) <= MOST:
            size += len(self._waiting[0][0])
            group.append(self._waiting.pop(0))
        return group

    async def _write(self, group: list[Waiting[T, N]]) -> None:
        entries = [entry for own, _ in group for entry in own]
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._disk, self._do, entries)
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
                done.set_result(list(found[begin : begin + len(own)]))
            begin += len(own)


def _end(done: asyncio.Future[list[N]], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
