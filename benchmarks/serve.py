"""What the service adds to the engine, beside floors and peers of the same run; writes results/serve.json.

    python benchmarks/serve.py [--small] [icecat] [SIZE ...]    default: icecat under $WARMSTART_DATA, and
                                                                100,000 simulated products

Beside the service: the engine called in process, the bare framework that reads a JSON body and answers with
the same bytes, and behind the same framework SQLite FTS5 for search and ALS of `implicit` for
recommendations. They take turns; ratios are of medians over all rounds. Clients are in a process of their
own on the same machine: compare the ratios. Clicks are simulated (popularity and users after Zipf): they
cost what clicks cost, and say nothing about quality. The 100,000 products are those of icecat with words
exchanged.
"""

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
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import DATA, HERE, RESULTS
from serve_load import Question, arrive, ask, measure

from warmstart.data.dataset import Dataset
from warmstart.data.reader import read_shop
from warmstart.data.records import Event, Item
from warmstart.engine.engine import Engine
from warmstart.serve.run import take_model
from warmstart.serve.settings import ServeSettings

PATHS = {
    "search": "/v1/search",
    "recommend": "/v1/recommend",
    "similar": "/v1/similar",
    "events": "/v1/events",
}
USERS, CLICKS, NEW_USERS, SHOWN, BATCH = 2_000, 20_000, 0.1, 10, 500
MIX = {"search": 0.4, "recommend": 0.4, "events": 0.18, "items": 0.02}
_number = count()


# -- shops ------------------------------------------------------------------------------------------


def shop_of(size: int | None) -> Dataset:
    """icecat with simulated clicks; with a `size`, as many products with words from several of its own."""
    shop, _ = read_shop(DATA / "icecat")
    rng = np.random.default_rng(0)
    items = shop.items if size is None else _grown(shop.items, size, rng)
    ids = items["item_id"].to_list()
    clicks = (
        Event(user_id=user(u), item_id=ids[i], event_type="click", timestamp=1.7e9 + t)
        for t, (u, i) in enumerate(
            zip(_zipf(rng, USERS, CLICKS), _zipf(rng, len(ids), CLICKS), strict=True)
        )
    )
    found = Dataset.from_records((), clicks)
    return Dataset(name="shop", items=items, events=found.events, queries=shop.queries)


def _grown(items: pl.DataFrame, size: int, rng: np.random.Generator) -> pl.DataFrame:
    titles = [(title or "").split() for title in items["title"]]
    brands = items["brand"].to_list()
    made = []
    for n in range(size):
        one, other = (titles[i] for i in rng.integers(0, len(titles), 2))
        title = " ".join([*one[: len(one) // 2 + 1], *other[len(other) // 2 :]])
        made.append(Item(item_id=f"p{n}", title=title, brand=brands[n % len(brands)]))
    return Dataset.from_records(made, ()).items


def _zipf(rng: np.random.Generator, most: int, n: int) -> Any:
    weights = 1 / np.arange(1, most + 1)
    return rng.permutation(most)[rng.choice(most, n, p=weights / weights.sum())]


def user(number: int) -> str:
    return f"user-{number}"


# -- questions ----------------------------------------------------------------------------------------


def judgments() -> pl.DataFrame:
    """What judges said about answers to queries."""
    return pl.read_csv(DATA / "icecat" / "judgments.csv.gz", schema_overrides={"product_id": pl.String})


class Asking:
    """Questions that a shop of this kind gets."""

    def __init__(self, shop: Dataset) -> None:
        self.rng = np.random.default_rng(1)
        self.ids = shop.items["item_id"].to_list()
        self.queries = judgments()["query"].unique().sort().to_list()

    def some(self, kind: str, n: int) -> list[Question]:
        """So many of one kind."""
        return [getattr(self, f"_{kind}")() for _ in range(n)]

    def mixed(self, n: int) -> list[Question]:
        """So many of all kinds."""
        return [getattr(self, f"_{kind}")() for kind in self.rng.choice(list(MIX), n, p=list(MIX.values()))]

    def _who(self) -> str:
        if self.rng.random() < NEW_USERS:
            return f"new-{next(_number)}"
        return user(int(_zipf(self.rng, USERS, 1)[0]))

    def _item(self) -> str:
        return str(self.ids[int(self.rng.integers(len(self.ids)))])

    def _search(self) -> Question:
        return PATHS["search"], {"query": str(self.rng.choice(self.queries)), "n": SHOWN}

    def _recommend(self) -> Question:
        return PATHS["recommend"], {"user_id": self._who(), "n": SHOWN}

    def _similar(self) -> Question:
        return PATHS["similar"], {"item_id": self._item(), "n": SHOWN}

    def _events(self) -> Question:
        return PATHS["events"], {"event_type": "click", "user_id": self._who(), "item_id": self._item()}

    def _items(self) -> Question:
        title = " ".join(map(str, self.rng.choice(self.queries, 2)))
        return "/v1/items", {"item_id": f"new-{next(_number)}", "title": title}


def in_process(engine: Engine, questions: list[Question]) -> list[float]:
    """Seconds of the engine's own answers to these."""
    taken = []
    for path, body in questions:
        begun = time.perf_counter()
        if path == PATHS["search"]:
            engine.search(body["query"], n=body["n"])
        elif path == PATHS["recommend"]:
            engine.recommend(body["user_id"], n=body["n"])
        elif path == PATHS["similar"]:
            engine.similar(body["item_id"], n=body["n"])
        else:
            engine.observe(Event(**body))
        taken.append(time.perf_counter() - begun)
    return taken


# -- servers ------------------------------------------------------------------------------------------


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
            time.sleep(2)  # for the other worker
            return
    raise SystemExit(f"expected a server at port {port}; found none")


def service(home: Path, workers: int) -> Any:
    """The service on a home folder."""
    options = ["--open", "--rate", "1000000", "--burst", "1000000", "--refit-minutes", "0"]
    command = ["warmstart", "serve", "--home", str(home), "--workers", str(workers), *options]
    return running(command, "/readyz")


def peer(kind: str, file: Path) -> Any:
    """A floor or a peer behind the bare framework."""
    said = json.dumps({"kind": kind, "file": str(file)})
    command = ["uvicorn", "--factory", "serve_peers:create", "--app-dir", str(HERE), "--no-access-log"]
    return running(command, "/openapi.json", PEER=said)


def write_fts5(shop: Dataset, file: Path) -> None:
    """The items in SQLite's full-text index."""
    rows = shop.items.select(pl.col("item_id", "title", "brand", "description").fill_null("")).rows()
    with sqlite3.connect(file) as base:
        base.execute("CREATE VIRTUAL TABLE items USING fts5(item_id UNINDEXED, title, brand, description)")
        base.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", rows)


def write_clicks(shop: Dataset, file: Path) -> None:
    """Who clicked what, as two columns of numbers and their names."""
    items, users = shop.items["item_id"], shop.events["user_id"].unique().sort()
    place = {item_id: n for n, item_id in enumerate(items)}
    row = {user_id: n for n, user_id in enumerate(users)}
    np.savez(
        file,
        items=[place[i] for i in shop.events["item_id"]],
        users=[row[u] for u in shop.events["user_id"]],
        item_ids=items.to_numpy().astype(str),
        user_ids=users.to_numpy().astype(str),
    )


def memory_mb(pid: int) -> float:
    """What a process and its children hold."""
    total = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        facts = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        if pid in (int(facts["Pid"]), int(facts["PPid"])):
            total += int(facts.get("VmRSS", "0 kB").split()[0]) / 1024
    return total


def found_well(shop: Dataset, engine: Engine, fts5: int) -> dict[str, float]:
    """nDCG@10 of the engine and of FTS5 over the judged queries, where the shop has any."""
    known, judged = set(shop.items["item_id"]), judgments()
    scores: dict[str, list[float]] = {"engine": [], "fts5": []}
    for (query,), rows in judged.group_by("query", maintain_order=True):
        grades = dict(zip(rows["product_id"], rows["grade"], strict=True))
        best = sorted((grade for item_id, grade in grades.items() if item_id in known), reverse=True)[
            :SHOWN
        ]
        if not any(best):
            continue
        answer = json.loads(ask(fts5, PATHS["search"], {"query": query, "n": SHOWN}))
        lists = {
            "engine": engine.search(str(query), n=SHOWN).item_ids,
            "fts5": [item["item_id"] for item in answer["items"]],
        }
        for who, ids in lists.items():
            scores[who].append(_dcg([grades.get(i, 0) for i in ids]) / _dcg(best))
    return {who: float(np.mean(found)) for who, found in scores.items() if found}


def _dcg(grades: list[int]) -> float:
    return float(sum((2**grade - 1) / np.log2(place + 2) for place, grade in enumerate(grades)))


# -- the run ----------------------------------------------------------------------------------------


def figures(seconds: list[float]) -> dict[str, float]:
    """Milliseconds."""
    p50, p95, p99 = 1000 * np.percentile(seconds, (50, 95, 99))
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99)}


def alone(shop: Dataset, home: Path, engine: Engine, rounds: int, n: int) -> dict[str, Any]:
    """Each question one after another: service, bare framework, peers and engine in turn."""
    asking = Asking(shop)
    taken: dict[tuple[str, str], list[float]] = {}
    folder = home.parent
    write_fts5(shop, folder / "fts5.db")
    write_clicks(shop, folder / "clicks.npz")
    with service(home, 1) as (port, _):
        answers = {kind: ask(port, *asking.some(kind, 1)[0]).decode() for kind in PATHS}
        (folder / "answers.json").write_text(json.dumps(answers))
        with (
            peer("bytes", folder / "answers.json") as (bare, _),
            peer("fts5", folder / "fts5.db") as (fts5, _),
            peer("implicit", folder / "clicks.npz") as (implicit, _),
        ):
            quality = found_well(shop, engine, fts5)
            for turn in range(-1, rounds):
                for kind in PATHS:
                    questions = asking.some(kind, n)
                    ports = {"service": port, "bare": bare}
                    ports |= {"search": {"peer": fts5}, "recommend": {"peer": implicit}}.get(kind, {})
                    found = {who: measure(at, questions, 1)["seconds"] for who, at in ports.items()}
                    found["engine"] = in_process(engine, questions)
                    for who, seconds in found.items() if turn >= 0 else ():
                        taken.setdefault((kind, who), []).extend(seconds)
    rows = [
        {"kind": kind, "who": who, "calls": len(seconds), **figures(seconds)}
        for (kind, who), seconds in taken.items()
    ]
    return {"ndcg": quality, "alone": rows}


def together(shop: Dataset, home: Path, workers: int, n: int, seconds: float) -> dict[str, Any]:
    """Many at once: how many a second at most, and how long at 50 a second of all kinds."""
    asking = Asking(shop)
    with service(home, workers) as (port, pid):
        measure(port, asking.mixed(50), 4)
        most = {}
        for kind in PATHS:
            questions = asking.some(kind, 4 * n)
            most[kind] = len(questions) / measure(port, questions, 8)["all"]
        batches = [(PATHS["events"], [body for _, body in asking.some("events", BATCH)]) for _ in range(10)]
        most["events in lists"] = 10 * BATCH / measure(port, batches, 2)["all"]
        mixed = arrive(port, asking.mixed(int(50 * seconds)), 50.0)["by_path"]
        held = memory_mb(pid)
    by_kind = {path.rpartition("/")[2]: figures(taken) for path, taken in mixed.items()}
    return {"workers": workers, "a_second": most, "mixed": by_kind, "memory_mb": held}


def run(size: int | None, *, small: bool) -> dict[str, Any]:
    """All of one shop."""
    rounds, n, seconds = (2, 40, 8.0) if small else (3, 60, 20.0)
    shop = shop_of(size)
    with tempfile.TemporaryDirectory(prefix="warmstart-serve-") as folder:
        home = Path(folder) / "home"
        begun = time.perf_counter()
        engine = Engine().fit(shop, encoder="catalogue")
        fitted = time.perf_counter() - begun
        take_model(ServeSettings(home=home, encoder="catalogue"), engine)
        engine.warm_up()
        told = alone(shop, home, engine, rounds, n)
        del engine
        loads = [together(shop, home, workers, n, seconds) for workers in (1, 2)]
    return {"items": len(shop.items), "fit_seconds": fitted, **told, "together": loads}


def _sizes(said: list[str]) -> list[int | None]:
    """The shops asked for: None is icecat as it is."""
    named: list[int | None] = [
        None if name == "icecat" else int(name) for name in said if name != "--small"
    ]
    return named or ([None] if "--small" in said else [None, 100_000])


def main() -> None:
    """Measure and write."""
    small = "--small" in sys.argv
    report: dict[str, Any] = {
        "command": " ".join(["python benchmarks/serve.py", *sys.argv[1:]]),
        "cpu_count": os.cpu_count(),
        "load": os.getloadavg(),
        "shops": [],
    }
    for size in _sizes(sys.argv[1:]):
        report["shops"].append(run(size, small=small))
        report["load_after"] = os.getloadavg()
        target = Path(tempfile.gettempdir()) / "serve-small.json" if small else RESULTS / "serve.json"
        target.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
