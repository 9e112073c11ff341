"""What the service adds to the engine, beside floors and peers of the same run; writes results/serve.json.

    python benchmarks/serve.py                      everything below
    python benchmarks/serve.py [icecat] [SIZE ...]  the time at icecat, at so many simulated products
    python benchmarks/serve.py --quality            how well service and peers answer (serve_quality.py)
    python benchmarks/serve.py --small …            fewer questions, written to the temporary folder

Each part replaces its own results and leaves those of the others. Beside the service: the engine called in
process, the bare framework that reads a JSON body and answers with the same bytes, and behind the same
framework SQLite FTS5 and, where it is installed, Tantivy for search and ALS of `implicit` for
recommendations. They take turns; ratios are of medians over all rounds. Clients are in a process of their
own on the same machine: compare the ratios. Clicks are simulated (popularity and users after Zipf): they
cost what clicks cost, and say nothing about quality. The 100,000 products are those of icecat with words
exchanged.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import DATA, RESULTS
from serve_load import Question, arrive, ask, measure
from serve_quality import quality
from serve_servers import clicks_of, memory_mb, peer, service, write_fts5

from warmstart.data.dataset import Dataset
from warmstart.data.reader import read_shop
from warmstart.data.records import Event, Item
from warmstart.engine.engine import Engine
from warmstart.serve.run import take_model
from warmstart.serve.settings import ServeSettings

QUALITY = "quality"
PATHS = {
    "search": "/v1/search",
    "recommend": "/v1/recommend",
    "similar": "/v1/similar",
    "events": "/v1/events",
}
PEERS = {"search": ("fts5", "tantivy"), "recommend": ("als",)}
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


def found_well(shop: Dataset, engine: Engine, ports: Mapping[str, int]) -> dict[str, float]:
    """nDCG@10 of the engine and of the peers over the judged queries, where the shop has any."""
    known, judged = set(shop.items["item_id"]), judgments()
    scores: dict[str, list[float]] = {"engine": [], **{who: [] for who in ports}}
    for (query,), rows in judged.group_by("query", maintain_order=True):
        grades = dict(zip(rows["product_id"], rows["grade"], strict=True))
        best = sorted((grade for item_id, grade in grades.items() if item_id in known), reverse=True)
        if not any(best):
            continue
        lists = {"engine": engine.search(str(query), n=SHOWN).item_ids}
        for who, port in ports.items():
            answer = json.loads(ask(port, PATHS["search"], {"query": query, "n": SHOWN}))
            lists[who] = tuple(item["item_id"] for item in answer["items"])
        for who, ids in lists.items():
            scores[who].append(_dcg([grades.get(i, 0) for i in ids]) / _dcg(best[:SHOWN]))
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
    with ExitStack() as stack:
        port, _ = stack.enter_context(service(home, 1))
        answers = {kind: ask(port, *asking.some(kind, 1)[0]).decode() for kind in PATHS}
        peers = {
            who: stack.enter_context(started)[0] for who, started in _peers(shop, home.parent, answers)
        }
        quality = found_well(shop, engine, {who: peers[who] for who in PEERS["search"] if who in peers})
        for turn in range(-1, rounds):
            for kind in PATHS:
                questions = asking.some(kind, n)
                ports = {who: peers[who] for who in ("bare", *PEERS.get(kind, ())) if who in peers}
                found = {
                    who: measure(at, questions, 1)["seconds"]
                    for who, at in ({"service": port} | ports).items()
                }
                found["engine"] = in_process(engine, questions)
                for who, seconds in found.items() if turn >= 0 else ():
                    taken.setdefault((kind, who), []).extend(seconds)
    rows = [
        {"kind": kind, "who": who, "calls": len(seconds), **figures(seconds)}
        for (kind, who), seconds in taken.items()
    ]
    return {"ndcg": quality, "alone": rows}


def _peers(shop: Dataset, folder: Path, answers: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The bare framework, and the peers whose library is installed."""
    (folder / "answers.json").write_text(json.dumps(answers))
    write_fts5(shop, folder / "fts5.db")
    np.savez(folder / "clicks.npz", **clicks_of(shop))
    yield "bare", peer("bytes", folder / "answers.json")
    yield "fts5", peer("fts5", folder / "fts5.db")
    if find_spec("tantivy"):
        yield "tantivy", peer("tantivy", folder / "fts5.db")
    yield "als", peer("als", folder / "clicks.npz", factors=64, iterations=10)


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


def stamped(measured: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was measured, when, by which command, and how busy the machine was."""
    moment = datetime.now(UTC).isoformat(timespec="minutes")
    told = {"command": " ".join(["python benchmarks/serve.py", *sys.argv[1:]]), "date": moment}
    busy: dict[str, Any] = {"cpu_count": os.cpu_count(), "load": os.getloadavg()}
    found = measured()
    return told | busy | {"load_after": os.getloadavg()} | found


def put(report: dict[str, Any], name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    """A report in which one part is new and all others are as they were; shops are sorted by size."""
    if name == QUALITY:
        return report | {QUALITY: dict(part)}
    shops = [shop for shop in report.get("shops", []) if shop["shop"] != name]
    return report | {"shops": sorted([*shops, {"shop": name, **part}], key=lambda shop: shop["items"])}


def write(target: Path, name: str, part: Mapping[str, Any]) -> None:
    """Put a part into the file."""
    report = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    target.write_text(json.dumps(put(report, name, part), indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("shops", nargs="*", metavar="SHOP")
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    parts: list[str] = [*given.shops, *([QUALITY] if given.quality else [])] or [
        "icecat",
        "100000",
        QUALITY,
    ]
    target = Path(tempfile.gettempdir()) / "serve-small.json" if given.small else RESULTS / "serve.json"
    for name in parts:
        if name == QUALITY:
            part = stamped(partial(quality, *((100, 50) if given.small else ())))
        else:
            part = stamped(partial(run, None if name == "icecat" else int(name), small=given.small))
        write(target, name, part)
        sys.stdout.write(json.dumps(part, indent=1) + "\n")


if __name__ == "__main__":
    main()
