"""Work on an engine: in its order, one at a time, and quick questions without a thread being woken."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.serve import engine_thread as module
from warmstart.serve.engine_thread import QUICK, EngineThread


class Clock:
    """The seconds that a thread has worked, as the test says."""

    def __init__(self) -> None:
        self.now = 0.0

    def thread_time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(module, "time", found)
    return found


def run(story: Callable[[EngineThread], Any]) -> Any:
    async def told() -> Any:
        thread = EngineThread("engine-test")
        try:
            return await story(thread)
        finally:
            thread.shutdown()

    return asyncio.run(told())


def where() -> str:
    return threading.current_thread().name.partition("_")[0]


def test_the_first_question_of_a_kind_goes_to_the_thread_and_quick_ones_are_answered_here(clock):
    async def story(thread: EngineThread) -> list[str]:
        return [await thread.quickly(kind, where) for kind in ("search", "search", "similar", "search")]

    assert run(story) == ["engine-test", "MainThread", "engine-test", "MainThread"]


def test_a_kind_that_took_long_goes_to_the_thread_until_that_has_faded(clock):
    async def story(thread: EngineThread) -> list[str]:
        def takes(seconds: float) -> str:
            clock.now += seconds
            return where()

        found = [await thread.quickly("recommend", lambda: takes(3 * QUICK))]
        return found + [await thread.quickly("recommend", lambda: takes(QUICK / 5)) for _ in range(12)]

    places = run(story)
    assert places == ["engine-test"] * 12 + ["MainThread"]  # 3 x 0.9 ** 11 is the first below one


def test_what_waits_comes_first(clock):
    async def story(thread: EngineThread) -> Any:
        await thread.quickly("search", where)
        goes_on, said = threading.Event(), list[str]()

        def writes() -> None:
            assert goes_on.wait(30)
            said.append("written")

        def asks() -> str:
            said.append("asked")
            return where()

        writing = asyncio.create_task(thread.run(writes))
        await asyncio.sleep(0)
        assert not thread.is_idle
        asking = asyncio.create_task(thread.quickly("search", asks))
        for _ in range(2):  # it comes, and then sees that there is work
            await asyncio.sleep(0)
        goes_on.set()
        await writing
        return await asking, said, thread.is_idle

    assert run(story) == ("engine-test", ["written", "asked"], True)


def test_of_several_that_come_together_all_go_to_the_thread_and_none_waits_for_the_loop(clock):
    async def story(thread: EngineThread) -> Any:
        await thread.quickly("search", where)
        together = await asyncio.gather(*(thread.quickly("search", where) for _ in range(3)))
        return together, await thread.quickly("search", where)

    assert run(story) == (["engine-test"] * 3, "MainThread")


def test_whoever_leaves_before_it_began_holds_nobody_up(clock):
    async def story(thread: EngineThread) -> str:
        await thread.quickly("search", where)
        goes_on = threading.Event()
        first = asyncio.create_task(thread.run(lambda: goes_on.wait(30)))
        second = asyncio.create_task(thread.run(where))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        goes_on.set()
        await first
        return await thread.quickly("search", where)

    assert run(story) == "MainThread"


def test_errors_are_those_of_the_work_wherever_it_is_done(clock):
    async def story(thread: EngineThread) -> None:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await thread.quickly("search", lambda: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                await thread.run(lambda: 1 / 0)
        assert thread.is_idle

    run(story)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=25))
def test_no_two_ever_work_at_the_same_time(plan):
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        inside.append(1)
        most.append(len(inside))
        inside.pop()

    async def story(thread: EngineThread) -> None:
        async def one(quickly: bool, turns: int) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            await (thread.quickly("search", work) if quickly else thread.run(work))

        await asyncio.gather(*(one(*each) for each in plan))

    run(story)
    assert most == [1] * len(plan)


@pytest.fixture
def asked(shop, monkeypatch) -> tuple[Any, list[str]]:
    """A shop, and where its searches are answered."""
    from warmstart.engine.engine import Engine

    found: list[str] = []
    search = Engine.search

    def seen(self: Engine, *args: Any, **more: Any) -> Any:
        found.append(where())
        return search(self, *args, **more)

    monkeypatch.setattr(Engine, "search", seen)
    return shop, found


def test_searches_of_a_service_that_has_its_store_to_itself_wake_no_thread(asked, monkeypatch):
    monkeypatch.setattr(module, "QUICK", 1e9)
    shop, places = asked
    answers = [shop.ask("/v1/search", {"query": "green tea"})["items"] for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert places[0].startswith("engine-")
    assert not any(place.startswith("engine-") for place in places[1:])


def test_questions_with_reasons_are_always_asked_in_the_thread(asked, monkeypatch):
    monkeypatch.setattr(module, "QUICK", 1e9)
    shop, places = asked
    for _ in range(3):
        shop.ask("/v1/search", {"query": "green tea", "explain": True})
    assert all(place.startswith("engine-") for place in places)


def test_where_others_write_to_the_store_no_question_is_asked_without_looking_there(asked, monkeypatch):
    monkeypatch.setattr(module, "QUICK", 1e9)
    shop, places = asked
    monkeypatch.setattr(type(shop.live.settings), "is_shared", True)
    for _ in range(3):
        shop.ask("/v1/search", {"query": "green tea"})
    assert all(place.startswith("engine-") for place in places)
