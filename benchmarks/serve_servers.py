"""Servers of benchmarks/serve.py: the service, and its floors and peers behind the same framework."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import HERE

from warmstart.data.dataset import Dataset


@contextmanager
def running(command: list[str], path: str, **environment: str) -> Iterator[tuple[int, int]]:
    """A server on a port of its own; the port and the number of its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [sys.executable, "-m", *command, "--port", str(port)],
            stdout=said,
            stderr=said,
            cwd=HERE.parent,
            env={**os.environ, **environment},
        ) as child,
    ):
        try:
            _wait(port, path, child)
            yield port, child.pid
        finally:
            child.terminate()


def _wait(port: int, path: str, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until and child.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"expected a server at port {port}; found none")


@contextmanager
def service(home: Path, workers: int, *more: str) -> Iterator[tuple[int, int]]:
    """The service on a home folder, without limits and keys; `more`: options, or a shop to begin with."""
    options = ["--open", "--rate", "1000000", "--burst", "1000000", "--refit-minutes", "0"]
    command = ["warmstart", "serve", "--home", str(home), "--workers", str(workers), *options, *more]
    with running(command, "/readyz") as found:
        if workers > 1:
            time.sleep(2)  # one of them is ready
        yield found


def peer(kind: str, file: Path, **settings: Any) -> Any:
    """A floor or a peer behind the bare framework."""
    said = json.dumps({"kind": kind, "file": str(file), "settings": settings})
    command = ["uvicorn", "--factory", "serve_peers:create", "--app-dir", str(HERE), "--no-access-log"]
    return running(command, "/openapi.json", PEER=said)


def write_fts5(shop: Dataset, file: Path) -> None:
    """The items in SQLite's full-text index."""
    rows = shop.items.select(pl.col("item_id", "title", "brand", "description").fill_null("")).rows()
    with sqlite3.connect(file) as base:
        base.execute("CREATE VIRTUAL TABLE items USING fts5(item_id UNINDEXED, title, brand, description)")
        base.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", rows)


def clicks_of(shop: Dataset) -> dict[str, Any]:
    """Who turned to what, as two columns of numbers and their names; each pair once."""
    items, pairs = shop.items["item_id"], shop.interactions.select("user_id", "item_id").unique()
    users = pairs["user_id"].unique().sort()
    place = {item_id: n for n, item_id in enumerate(items)}
    row = {user_id: n for n, user_id in enumerate(users)}
    return {
        "items": np.array([place[i] for i in pairs["item_id"]]),
        "users": np.array([row[u] for u in pairs["user_id"]]),
        "item_ids": items.to_numpy().astype(str),
        "user_ids": users.to_numpy().astype(str),
    }


def memory_mb(pid: int) -> float:
    """What a process and its children hold; what they share counts for each."""
    return sum(_field(one, "status", "VmRSS") for one in _family(pid))


def shared_memory_mb(pid: int) -> float:
    """The same, each page divided by how many processes share it (PSS)."""
    return sum(_field(one, "smaps_rollup", "Pss") for one in _family(pid))


def _family(pid: int) -> list[int]:
    found = [pid]
    for file in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):  # it may have ended meanwhile
            if f"\nPPid:\t{pid}\n" in file.read_text(encoding="utf-8"):
                found.append(int(file.parent.name))
    return found


def _field(pid: int, file: str, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8").splitlines()
    except OSError:  # it has ended meanwhile
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))
