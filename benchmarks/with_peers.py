"""Our methods and other libraries' in one table; writes benchmarks/results/peers-SHOP-PROTOCOL.json.

    make peers
    .venv-peers/bin/python benchmarks/with_peers.py [SHOP PROTOCOL [--sample N] [--seeds 0,1,2]]

Without a shop: all of RUNS. Every method and seed runs in a process of its own with one thread, so that
memory and times are its own; `benchmarks/peers` says what each peer is and what it can answer.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

from peers import available

from warmstart import read_shop
from warmstart.evaluate.report import render_text
from warmstart.evaluate.run import evaluate

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results"
RUNS = [(shop, protocol) for shop in ("ml100k", "beauty") for protocol in ("new-users", "new-items")]
OURS = ("random", "popularity", "content", "item-knn", "rp3", "ease", "engine")
DISTRIBUTIONS = ("lenskit", "rectools", "pm-implicit", "lightfm-next", "torch", "pandas")


def run(shop: str, protocol: str, *, seeds: tuple[int, ...], sample: int | None) -> None:
    """One protocol on one shop, printed and written."""
    dataset, _ = read_shop(DATA / shop)
    evaluation = evaluate(
        dataset,
        protocol,
        seeds=seeds,
        methods=[*OURS, *available()],
        encoder="catalogue",
        workers=2,
        sample=sample,
        focus="engine",
        command=f"python benchmarks/with_peers.py {' '.join(sys.argv[1:]) or f'{shop} {protocol}'}",
    )
    print(render_text(evaluation), flush=True)
    report = evaluation.to_dict()
    report["environment"] |= {name: version(name) for name in DISTRIBUTIONS}
    if len(seeds) > 1:
        report["rows"] = [row for row in report["rows"] if row["seed"] == "all"]
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    (RESULTS / f"peers-{shop}-{protocol}.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Run what was asked for, or everything whose data is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("shop", nargs="?")
    parser.add_argument("protocol", nargs="?")
    parser.add_argument("--sample", type=int, help="ask only so many users of each seed")
    parser.add_argument("--seeds", default="0,1,2")
    asked = parser.parse_args()
    wanted = [(asked.shop, asked.protocol)] if asked.shop and asked.protocol else RUNS
    found = [(shop, protocol) for shop, protocol in wanted if (DATA / shop).exists()]
    if not found:
        sys.exit(f"expected the shared shops under {DATA}; found none. Set WARMSTART_DATA.")
    for shop, protocol in found:
        run(shop, protocol, seeds=tuple(map(int, asked.seeds.split(","))), sample=asked.sample)


if __name__ == "__main__":
    main()
