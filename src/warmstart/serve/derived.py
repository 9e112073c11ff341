"""What takes long to make of a shop and is kept as long as its model."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

from warmstart.engine.engine import Engine

T = TypeVar("T")
S = TypeVar("S")
Ask = Callable[[Callable[[Engine], Any]], Awaitable[Any]]
Spawn = Callable[[Coroutine[Any, Any, Any]], "asyncio.Task[Any]"]


class Derived:
    """Makes things of an engine's facts in a thread of their own, once for each model.

    Only who asks first waits. When another model takes over, what was asked for once is made again
    beside the answers, and until that is done the old one is given.
    """

    def __init__(self, version: Callable[[], str], ask: Ask, spawn: Spawn, thread: Executor) -> None:
        self._version, self._ask, self._spawn, self._thread = version, ask, spawn, thread
        self._ways: dict[str, tuple[Callable[[Engine], Any], Callable[[Any], Any]]] = {}
        self._made: dict[str, tuple[str, Any]] = {}
        self._making: dict[str, asyncio.Task[Any]] = {}

    async def get(self, name: str, of: Callable[[Engine], S], make: Callable[[S], T]) -> T:
        """What `make` makes of the facts that `of` takes from the engine.

        `of` holds up the answers, so it only looks up; `make` may take its time. Errors: those of both.
        """
        self._ways[name] = of, make
        if name not in self._made:
            await asyncio.shield(self._begin(name))
        found: T = self._made[name][1]
        return found

    def renew(self) -> None:
        """Another model may have taken over: make what was ever asked for again."""
        for name, (version, _) in list(self._made.items()):
            if version != self._version():
                self._begin(name)

    def _begin(self, name: str) -> asyncio.Task[Any]:
        if name not in self._making:
            self._making[name] = self._spawn(self._make(name))
        return self._making[name]

    async def _make(self, name: str) -> None:
        of, make = self._ways[name]
        loop, version = asyncio.get_running_loop(), None
        try:
            while version != self._version():  # it may change meanwhile
                version = self._version()
                facts = await self._ask(of)
                self._made[name] = version, await loop.run_in_executor(self._thread, make, facts)
        except BaseException:
            self._made.pop(name, None)  # whoever asks next shall see the error, not something old
            raise
        finally:
            del self._making[name]
