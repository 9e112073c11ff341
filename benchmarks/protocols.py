"""Cold start by the fixed protocols on the shared shops; writes benchmarks/results/SHOP-PROTOCOL.json.

    python benchmarks/protocols.py [SHOP PROTOCOL]      default: all of RUNS

The files keep the rows that pool all seeds; `warmstart evaluate --json` writes those of each seed as well.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from warmstart import read_shop
from warmstart.evaluate.report import render_text
from warmstart.evaluate.run import evaluate

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results"
RUNS = [
    ("icecat", "search"),
    ("beauty", "new-users"),
    ("beauty", "new-items"),
    ("ml100k", "new-users"),
    ("ml100k", "new-items"),
]


def run(shop: str, protocol: str) -> None:
    """One protocol on one shop, printed and written."""
    command = f"warmstart evaluate $WARMSTART_DATA/{shop} --protocol {protocol}"
    dataset, _ = read_shop(DATA / shop)
    evaluation = evaluate(dataset, protocol, seeds=(0, 1, 2), encoder="catalogue", command=command)
    print(render_text(evaluation), flush=True)
    report = evaluation.to_dict()
    seeds = {row["seed"] for row in report["rows"]}
    if "all" in seeds:
        report["rows"] = [row for row in report["rows"] if row["seed"] == "all"]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{shop}-{protocol}.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Run what was asked for, or everything whose data is there."""
    asked = [(sys.argv[1], sys.argv[2])] if len(sys.argv) == 3 else RUNS
    found = [(shop, protocol) for shop, protocol in asked if (DATA / shop).exists()]
    if not found:
        sys.exit(f"expected the shared shops under {DATA}; found none. Set WARMSTART_DATA.")
    for shop, protocol in found:
        run(shop, protocol)


if __name__ == "__main__":
    main()
