"""What the engine costs: fit, questions, evidence, new items, artifact and memory.

    python benchmarks/engine.py [SHOP ...]     default: icecat and beauty under $WARMSTART_DATA

Each shop is measured in a process of its own, so that peak memory is its own. Times are medians of many
calls in one run on one machine: compare them with each other, not with other machines.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results" / "engine.json"
CALLS = 300


def timed(call: Callable[[int], Any], calls: int = CALLS) -> dict[str, float]:
    """Median and 99th percentile of the milliseconds of `call(0) ... call(calls - 1)`."""
    call(0)  # what is built on first use is not what a question costs
    taken = np.empty(calls)
    for i in range(calls):
        begun = time.perf_counter()
        call(i)
        taken[i] = time.perf_counter() - begun
    low, high = np.percentile(taken * 1000, [50, 99])
    return {"p50_ms": round(float(low), 3), "p99_ms": round(float(high), 3)}


def size_mb(folder: Path) -> float:
    """Bytes of all files below a folder, in megabytes."""
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6, 1)


def measure(shop: Path) -> dict[str, Any]:
    """All costs of one shop with the default settings."""
    from warmstart import Engine, Event, Item, read_shop

    begun = time.perf_counter()
    dataset, _ = read_shop(shop)
    read = time.perf_counter()
    engine = Engine().fit(dataset, encoder="catalogue")
    fitted = time.perf_counter()
    rng = np.random.default_rng(0)
    ids = [dataset.item_ids[i] for i in rng.integers(0, len(dataset.item_ids), CALLS)]
    titles = [(engine.item(item_id) or Item(item_id="x")).title for item_id in ids]
    queries = [" ".join(title.split()[:3]) or "black" for title in titles]
    histories = [[Event(user_id="u", item_id=i) for i in rng.choice(ids, 5)] for _ in range(CALLS)]
    result: dict[str, Any] = {
        "shop": shop.name,
        "items": len(dataset.items),
        "events": len(dataset.events),
        "read_s": round(read - begun, 2),
        "fit_s": round(fitted - read, 2),
        "search": timed(lambda i: engine.search(queries[i])),
        "search_personal": timed(lambda i: engine.search(queries[i], events=histories[i])),
        "recommend_stranger": timed(lambda _: engine.recommend()),
        "recommend_5_events": timed(lambda i: engine.recommend(events=histories[i])),
        "similar": timed(lambda i: engine.similar(ids[i])),
        "observe": timed(lambda i: engine.observe(Event(user_id=f"new-{i}", item_id=ids[i]))),
        "add": timed(lambda i: engine.add(Item(item_id=f"new-{i}", title=titles[i])), 30),
    }
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        engine.save(folder)
        saved = time.perf_counter()
        Engine.load(folder)
        result["save_s"], result["load_s"] = round(saved - begun, 2), round(time.perf_counter() - saved, 2)
        result["artifact_mb"] = size_mb(Path(folder))
    result["peak_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return result


def main() -> None:
    """Measure each shop in a fresh process and write the results."""
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        print(json.dumps(measure(Path(sys.argv[2]))))
        return
    shops = [Path(name) for name in sys.argv[1:]] or [DATA / "icecat", DATA / "beauty"]
    found = [shop for shop in shops if shop.exists()]
    if not found:
        sys.exit(f"expected a shop folder; found none of {', '.join(map(str, shops))}. Set WARMSTART_DATA.")
    rows = []
    for shop in found:
        command = [sys.executable, __file__, "--one", str(shop)]
        rows.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        print(json.dumps(rows[-1], indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    command_line = "python benchmarks/engine.py"
    report = {"command": command_line, "cpu_count": os.cpu_count(), "load": os.getloadavg(), "rows": rows}
    RESULTS.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
