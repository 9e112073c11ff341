"""Learning anew in a thread of the test, so that a test can do something in the middle of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.serve.conftest import Shop
from warmstart.serve import refitting
from warmstart.serve import shop as live
from warmstart.serve.facts import read_shop_of
from warmstart.serve.leases import Lease


def learn_here(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object] = lambda: None) -> None:
    """From now on shops are learned in a thread; `meanwhile` happens when a refit has read the shop."""

    async def learn(task: refitting.Task, lease: Lease, on_disk: Any) -> dict[str, Any]:
        return await asyncio.to_thread(refitting.run, task)

    read = read_shop_of

    def reading(*args: Any) -> Any:
        found = read(*args)
        meanwhile()
        return found

    monkeypatch.setattr(live, "learn", learn)
    monkeypatch.setattr(refitting, "read_shop_of", reading)


def settle(shop: Shop) -> None:
    """Wait until nothing is being learned or swapped, and nothing calls for it."""

    async def wait() -> None:
        mine = shop.live
        while True:
            await mine.catch_up()
            tasks = [task for task in (mine._refitting, mine._swapping) if task and not task.done()]
            if not tasks:
                return
            await asyncio.wait(tasks)

    shop.run(wait)


def files_with(folder: Path, words: str) -> set[str]:
    """Which files hold some words; tables are unpacked for that."""
    return {path.name for path in folder.rglob("*") if path.is_file() and _holds(path, words)}


def _holds(path: Path, words: str) -> bool:
    if path.suffix != ".parquet":
        return words.encode() in path.read_bytes()
    return any(words in str(row) for row in pl.read_parquet(path).iter_rows())
