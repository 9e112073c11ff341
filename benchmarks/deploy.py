"""How large a machine: time until the first answer, memory, disk; writes results/deploy.json.

    python benchmarks/deploy.py [--environment]

A service is started on icecat under $WARMSTART_DATA with an empty home folder (it learns the shop), started
again, learns anew, and is started with two workers; each time it answers some questions before its memory
is read. Then one with pages is started on beauty, and the doors behind the console's views are timed.
`--environment` also makes a virtual environment with the extra `serve`, from what pip finds, and tells its
size; without it the size that was found before is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from common import DATA, HERE, RESULTS
from serve_servers import memory_mb, service, shared_memory_mb

from warmstart.core import columns as c
from warmstart.data.dataset import Dataset
from warmstart.data.reader import read_shop

ASKED, DOOR_CALLS, REPLAYED, FIRST_TOUCHES = 30, 10, 5, 300


@contextmanager
def started(home: Path, workers: int = 1, *more: str) -> Iterator[tuple[int, int, float]]:
    """A service on a home folder: its port, its process, and the seconds until it was ready."""
    begun = time.perf_counter()
    with service(home, workers, "--encoder", "catalogue", *more) as (port, pid):
        yield port, pid, time.perf_counter() - begun


def call(port: int, path: str, body: Any = None) -> Any:
    """One answer; asked with POST where there is a body."""
    sent = None if body is None else json.dumps(body).encode()
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", sent, head)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.loads(answer.read())


def size_mb(folder: Path) -> float:
    """What the files of a folder take on the disk."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()) / 1e6


# -- starts -----------------------------------------------------------------------------------------


def starts(shop: Dataset, source: Path, folder: Path) -> dict[str, Any]:
    """The first start, the second, and one with two workers."""
    home, words = folder / "home", [(title or "").split()[0] for title in shop.items["title"][:ASKED]]
    rows = []
    for name, workers, more in (("first", 1, [str(source)]), ("again", 1, []), ("two workers", 2, [])):
        with started(home, workers, *more) as (port, pid, seconds):
            for word in words * workers:
                call(port, "/v1/search", {"query": word})
                call(port, "/v1/recommend", {})
            held = {"rss_mb": memory_mb(pid), "pss_mb": shared_memory_mb(pid)}
            rows.append({"start": name, "workers": workers, "seconds": seconds, **held})
            if name == "again":
                learning = most_while_learning(port, pid)
    return {"items": len(shop.items), "rows": rows, "learning_mb": learning, "disk_mb": size_mb(home)}


def most_while_learning(port: int, pid: int) -> float:
    """The most that service and learner hold together while the shop is learned anew."""
    with ThreadPoolExecutor(1) as aside:
        done, most = aside.submit(call, port, "/v1/admin/refit", {"force": True}), 0.0
        while not done.done():
            most = max(most, shared_memory_mb(pid))
            time.sleep(0.2)
    if not done.result()["promoted"]:
        raise SystemExit(f"expected a new model; found {done.result()}")
    return most


# -- the console --------------------------------------------------------------------------------------


def console(shop: Dataset, source: Path, folder: Path) -> dict[str, Any]:
    """The doors behind the console's views, in milliseconds."""
    counts = shop.interactions.group_by(c.USER_ID).len().sort("len", c.USER_ID, descending=True)
    busy, items = counts[c.USER_ID].to_list(), shop.items[c.ITEM_ID].to_list()
    words = [(title or "").split()[-1] for title in shop.items[c.TITLE][:DOOR_CALLS]]
    with started(folder / "home", 1, "--pages", str(source)) as (port, _, seconds):
        touch(port, busy, items)
        api = "/console/api"
        doors: dict[str, list[tuple[str, Any]]] = {
            "overview": [(f"{api}/overview", None)] * DOOR_CALLS,
            "search lab": [(f"{api}/search", {"query": word}) for word in words],
            "why": [(f"{api}/why", {"user_id": who, "item_id": items[0]}) for who in busy[:DOOR_CALLS]],
            "data": [(f"{api}/quality", None)] * DOOR_CALLS,
            "models": [(f"{api}/models", None)] * DOOR_CALLS,
            "replay": [(f"{api}/replay", {"user_id": who}) for who in busy[:REPLAYED]],
            "for whom": [(f"{api}/served", {})],
        }
        rows = [{"door": name, "calls": len(asked), **timed(port, asked)} for name, asked in doors.items()]
        asked = call(port, f"{api}/served", {})["cases"]
    return {
        "items": len(items),
        "events": len(shop.interactions),
        "first_start_seconds": seconds,
        "for_whom_questions": asked,
        "rows": rows,
    }


def touch(port: int, users: list[str], items: list[str]) -> None:
    """Some users turn to an item each, for *For whom* to ask about."""
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(users))[:FIRST_TOUCHES]
    events = [
        {"event_type": "click", "user_id": users[u], "item_id": items[int(rng.integers(len(items)))]}
        for u in chosen
    ]
    call(port, "/v1/events", events)


def timed(port: int, asked: list[tuple[str, Any]]) -> dict[str, float]:
    """The median and the longest, in milliseconds."""
    taken = []
    for path, body in asked:
        begun = time.perf_counter()
        call(port, path, body)
        taken.append(1000 * (time.perf_counter() - begun))
    return {"p50": float(np.median(taken)), "most": max(taken)}


# -- the run ----------------------------------------------------------------------------------------


def environment(folder: Path) -> dict[str, Any]:
    """The size of a virtual environment that holds the package and its extra `serve`."""
    place = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    told = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", f"{HERE.parent}[serve]"]
    subprocess.run(told, check=True)
    return {"environment_mb": size_mb(place)}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--environment", action="store_true")
    given = parser.parse_args()
    report: dict[str, Any] = {
        "command": "python benchmarks/deploy.py",
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "cpu_count": os.cpu_count(),
        "load": os.getloadavg(),
    }
    target = RESULTS / "deploy.json"
    before = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    for name, part in (("icecat", starts), ("beauty", console)):
        shop, _ = read_shop(DATA / name)
        with tempfile.TemporaryDirectory(prefix="warmstart-deploy-") as folder:
            report[name] = part(shop, DATA / name, Path(folder))
    if given.environment:
        with tempfile.TemporaryDirectory(prefix="warmstart-deploy-") as folder:
            report |= environment(Path(folder))
    elif "environment_mb" in before:
        report["environment_mb"] = before["environment_mb"]
    report["load_after"] = os.getloadavg()
    target.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
