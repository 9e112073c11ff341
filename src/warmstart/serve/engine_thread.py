"""Who may touch a shop's engine: one at a time, and never two threads at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

T = TypeVar("T")

QUICK: Final = 0.01
"""Seconds of work that the loop may do itself: about two turns of the interpreter's lock."""
_FADING: Final = 0.9


class EngineThread:
    """Does work on an engine in the order in which it comes, in a thread that does nothing else.

    Waking a thread, and taking turns with it at the interpreter's lock, may take as long as a quick
    question itself. So one that comes alone, while the thread has nothing to do, is answered where it is
    asked: all work comes from one loop, which gives out no other meanwhile, so that still nobody else
    touches the engine. Of several, one is answered in the thread while the loop reads and writes others.

    For one event loop, whose thread alone may call it.
    """

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self._jobs: set[Future[Any]] = set()
        self._usual: dict[str, float] = {}
        self._asking = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Do something in the thread, after all that came before."""
        job = self._thread.submit(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return await asyncio.wrap_future(job)

    async def quickly(self, kind: str, work: Callable[[], T]) -> T:
        """Do something here where it comes alone and its kind was quick so far; else like `run`."""

        def timed() -> T:
            begun = time.thread_time()
            try:
                return work()
            finally:
                taken = time.thread_time() - begun
                self._usual[kind] = max(taken, _FADING * self._usual.get(kind, 0.0))

        self._asking += 1
        try:
            await asyncio.sleep(0)  # whoever came at the same time is here after this
            alone = self._asking == 1 and self.is_idle
            return timed() if alone and self._usual.get(kind, QUICK) < QUICK else await self.run(timed)
        finally:
            self._asking -= 1

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing that runs or waits."""
        return not self._jobs

    def shutdown(self) -> None:
        """Finish what waits, and take no more."""
        self._thread.shutdown(wait=True)
