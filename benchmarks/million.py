"""What the service holds with 100,000 products and a million users; writes results/million.json.

    python benchmarks/million.py [FOLDER]      FOLDER keeps the fitted model, and gives it to the next run

Three million clicks, popularity after Zipf, at least one for each user; products as in `serve.py`. The
fit takes minutes and some 3 GB in a process of its own. Then the service starts on the model, is asked
questions of all kinds at random times, and gets 300 new products; its memory is read after each.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from common import RESULTS
from serve import Asking, figures, shop_of
from serve_load import arrive, measure
from serve_servers import memory_mb, service

from warmstart.data.dataset import Dataset
from warmstart.engine.engine import Engine
from warmstart.serve.run import take_model
from warmstart.serve.settings import ServeSettings

ITEMS, USERS, CLICKS, NEW = 100_000, 1_000_000, 3_000_000, 300
RATE: Final = 10.0
"""Questions a second: few enough that none waits for another."""


def crowd() -> Dataset:
    """The products, and who clicked what."""
    shop, rng = shop_of(ITEMS), np.random.default_rng(3)
    weights = 1 / np.arange(1, ITEMS + 1) ** 0.8
    items = rng.permutation(ITEMS)[rng.choice(ITEMS, CLICKS, p=weights / weights.sum())]
    users = np.concatenate([np.arange(USERS), rng.integers(0, USERS, CLICKS - USERS)])
    events = pl.DataFrame(
        {
            "user_id": pl.Series([f"user-{user}" for user in users]),
            "item_id": shop.items["item_id"].gather(items),
            "event_type": "click",
            "timestamp": 1.7e9 + np.arange(CLICKS) * 1.0,
        }
    )
    return Dataset(name="shop", items=shop.items, events=events, queries=shop.queries)


def fit(folder: Path) -> None:
    """Learn the shop and keep the model."""
    Engine().fit(crowd(), encoder="catalogue").save(folder)


def hand_over(folder: Path, home: Path) -> None:
    """Put the model where the service looks for it."""
    take_model(ServeSettings(home=home, encoder="catalogue"), Engine.load(folder))


def apart(work: Any, *args: Any) -> None:
    """Run in a process of its own, which must come to a good end."""
    process = get_context("spawn").Process(target=work, args=args)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


def run(kept: Path | None) -> dict[str, Any]:
    """All of it."""
    with tempfile.TemporaryDirectory(prefix="warmstart-million-") as scratch:
        folder, home = kept or Path(scratch) / "model", Path(scratch) / "home"
        if not (folder / "current.json").is_file():
            apart(fit, folder)
        apart(hand_over, folder, home)
        asking, begun = Asking(shop_of(ITEMS)), time.perf_counter()
        with service(home, 1) as (port, pid):
            started = time.perf_counter() - begun
            held = {"started": memory_mb(pid)}
            taken = arrive(port, [q for q in asking.mixed(600) if q[0] != "/v1/items"], RATE)["by_path"]
            held["asked"] = memory_mb(pid)
            added = measure(port, asking.some("items", NEW), 1)["seconds"]
            held["new products"] = memory_mb(pid)
    answers = {path.rpartition("/")[2]: figures(seconds) for path, seconds in taken.items()}
    return {
        "items": ITEMS,
        "users": USERS,
        "events": CLICKS,
        "start_seconds": started,
        "memory_mb": held,
        "answers": {**answers, "items": figures(added)},
    }


def main() -> None:
    """Measure and write the report."""
    report = run(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    report["command"] = "python benchmarks/million.py"
    (RESULTS / "million.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
