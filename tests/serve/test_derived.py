"""What takes long to make of a shop: once, beside the answers, and never of a model that is gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from warmstart.serve.derived import Derived


class Made:
    """Something made of a shop whose version can be changed; making waits to be let go on."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self.version, self.count = "v1", 0
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.tasks: list[asyncio.Task[Any]] = []
        self.derived = Derived(lambda: self.version, self._ask, self._spawn, thread)

    async def _ask(self, question: Callable[[Any], Any]) -> Any:
        return question(self)

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        self.tasks.append(asyncio.create_task(work))
        return self.tasks[-1]

    def _make(self, version: str) -> str:
        assert self.goes_on.wait(30)
        self.count += 1
        if version == "bad":
            raise ValueError(version)
        return f"of {version}"

    async def get(self) -> str:
        return await self.derived.get("it", lambda _: self.version, self._make)

    async def settle(self) -> None:
        await asyncio.gather(*self.tasks, return_exceptions=True)


def run(story: Callable[[Made], Any]) -> Any:
    with ThreadPoolExecutor(1) as thread:

        async def all_of() -> Any:
            made = Made(thread)
            found = await story(made)
            await made.settle()
            return found

        return asyncio.run(all_of())


def test_of_many_who_ask_at_once_it_is_made_once():
    async def story(made: Made) -> Any:
        return await asyncio.gather(*(made.get() for _ in range(9))), made.count

    assert run(story) == (["of v1"] * 9, 1)


def test_nobody_waits_for_another_model():
    async def story(made: Made) -> Any:
        await made.get()
        made.goes_on.clear()
        made.version = "v2"
        made.derived.renew()
        meanwhile = await made.get()
        made.goes_on.set()
        await made.settle()
        return meanwhile, await made.get(), made.count

    assert run(story) == ("of v1", "of v2", 2)


def test_what_nobody_asked_for_is_not_made():
    async def story(made: Made) -> int:
        made.version = "v2"
        made.derived.renew()
        await made.settle()
        return made.count

    assert run(story) == 0


def test_a_model_that_takes_over_in_the_middle_is_the_one_it_is_made_of():
    async def story(made: Made) -> Any:
        made.goes_on.clear()
        asked = asyncio.create_task(made.get())
        while not made.tasks:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        made.version = "v2"
        made.derived.renew()
        made.goes_on.set()
        return await asked, made.derived._made["it"]

    assert run(story) == ("of v2", ("v2", "of v2"))


def test_a_caller_who_leaves_stops_it_for_nobody():
    async def story(made: Made) -> str:
        made.goes_on.clear()
        asked = [asyncio.create_task(made.get()) for _ in range(2)]
        while not made.tasks:
            await asyncio.sleep(0)
        asked[0].cancel()
        made.goes_on.set()
        return await asked[1]

    assert run(story) == "of v1"


def test_what_cannot_be_made_is_told_and_nothing_old_stays():
    async def story(made: Made) -> Any:
        await made.get()
        made.version = "bad"
        made.derived.renew()
        await made.settle()
        with pytest.raises(ValueError, match="bad"):
            await made.get()
        made.version = "v3"
        return await made.get()

    assert run(story) == "of v3"
