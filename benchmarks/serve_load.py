"""Load for the service, from a process of its own: one connection after another, several, or at random."""

from __future__ import annotations

import asyncio
import json
import random
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

Question = tuple[str, Any]
"""A path and the body that is sent to it."""


def measure(port: int, questions: list[Question], connections: int) -> dict[str, Any]:
    """Send questions, each connection one after another; seconds and answer of each, and seconds of all."""
    return _apart(_closed, port, _encoded(questions), connections)


def arrive(port: int, questions: list[Question], rate: float, connections: int = 32) -> dict[str, Any]:
    """Send questions when they come, `rate` a second at random; seconds of each since it was to be sent."""
    return _apart(_open, port, _encoded(questions), rate, connections)


def ask(port: int, path: str, body: Any) -> bytes:
    """One answer."""
    found: list[bytes] = measure(port, [(path, body)], 1)["bodies"]
    return found[0]


def _encoded(questions: list[Question]) -> list[tuple[str, bytes]]:
    head = "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
    found = []
    for path, body in questions:
        text = json.dumps(body).encode()
        found.append((path, head.format(path, len(text)).encode() + text))
    return found


def _apart(work: Any, *args: Any) -> dict[str, Any]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_run, work, *args).result()


def _run(work: Any, *args: Any) -> dict[str, Any]:
    found: dict[str, Any] = asyncio.run(work(*args))
    return found


class _Caller:
    def __init__(self, port: int) -> None:
        self.port = port

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def send(self, message: bytes) -> bytes:
        self.writer.write(message)
        head = await self.reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode()[:300])
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        return await self.reader.readexactly(int(length.split(b":")[1]))


async def _closed(port: int, messages: list[tuple[str, bytes]], connections: int) -> dict[str, Any]:
    callers = [_Caller(port) for _ in range(connections)]
    for caller in callers:
        await caller.open()
    left = iter(messages)
    taken: list[float] = []
    bodies: list[bytes] = []

    async def work(caller: _Caller) -> None:
        for _, message in left:
            begun = time.perf_counter()
            body = await caller.send(message)
            taken.append(time.perf_counter() - begun)
            bodies.append(body)

    begun = time.perf_counter()
    await asyncio.gather(*map(work, callers))
    return {"seconds": taken, "all": time.perf_counter() - begun, "bodies": bodies}


async def _open(
    port: int, messages: list[tuple[str, bytes]], rate: float, connections: int
) -> dict[str, Any]:
    free: asyncio.Queue[_Caller] = asyncio.Queue()
    for _ in range(connections):
        caller = _Caller(port)
        await caller.open()
        free.put_nowait(caller)
    chance, taken, due = random.Random(0), dict[str, list[float]](), time.perf_counter()

    async def work(path: str, message: bytes, due: float) -> None:
        caller = await free.get()
        await caller.send(message)
        taken.setdefault(path, []).append(time.perf_counter() - due)
        free.put_nowait(caller)

    tasks = []
    for path, message in messages:
        due += chance.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(work(path, message, due)))
    await asyncio.gather(*tasks)
    return {"by_path": taken}
