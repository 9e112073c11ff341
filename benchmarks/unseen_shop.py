"""The engine in a shop that taught its starting weights nothing; writes results/unseen_shop.json.

    python benchmarks/unseen_shop.py [SHOP ...]           default: beauty and ml100k under $WARMSTART_DATA;
                                                          the results of other shops are kept
    python benchmarks/unseen_shop.py --protocols warm     only these protocols; the others are kept
    python benchmarks/unseen_shop.py --quick              60 users, one seed, nothing written: does it run?

The weights that a shop starts from come from teachers (`prior_weights`), and both shops are among them.
Each protocol is asked, with the users of its table in docs/benchmarks.md, of three scores that start

- `all`: from all teachers, as the engine does
- `without`: from the others (`FusedScorer.without_teachers`)
- `equal`: from the same weight for every part, whatever the evidence

and then learn from the training part of the cut, as always. The score is the engine's before room is made
for new items. Differences from `all` are paired; intervals are 95 %, by bootstrap over users and items.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
from protocols import RUNS

from warmstart import read_shop
from warmstart.data.dataset import Dataset
from warmstart.evaluate import protocols
from warmstart.evaluate.blocks import Block, pool
from warmstart.evaluate.bootstrap import interval, resample
from warmstart.evaluate.methods import ScorerMethod, encoders_shared
from warmstart.evaluate.protocols.base import Answers
from warmstart.recommend.fused.parts import SLOTS
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.recommend.fused.weights import KNOTS

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
REPORT = HERE / "results" / "unseen_shop.json"
SHOPS: Final = ("beauty", "ml100k")
PROTOCOLS: Final = ("warm", "new-items", "new-users", "new-both")
ENCODER: Final = "catalogue"
METRIC: Final = "nDCG@20"
ALL, WITHOUT, EQUAL = "all", "without", "equal"
QUICK: Final = 60
LEVEL: Final = 4.0
"""The sum of a teacher's weights at each knot (`scripts/learn_prior.py`); equal weights have the same."""


@dataclass(frozen=True)
class Job:
    """One cut of one shop, to be asked of every score."""

    shop: str
    protocol: str
    seed: int
    sample: int | None

    @property
    def dataset(self) -> Dataset:
        """The shop."""
        return read_shop(DATA / self.shop)[0]

    @property
    def exam(self) -> Any:
        """The questions: those of the table, for the same seed."""
        return protocols.get(self.protocol).prepare(self.dataset, self.seed, self.sample)

    def answers(self) -> dict[str, Answers]:
        """What each score answers."""
        protocol, exam, found = protocols.get(self.protocol), self.exam, {}
        with encoders_shared():
            for name, scorer in starts(self.shop).items():
                method = ScorerMethod(name=name, scorer=scorer, encoder=ENCODER)
                label = f"{self.shop} {self.protocol} {self.seed} {name}"
                found[name] = protocol.answer(exam, method, label)[0]
        return found


def starts(shop: str) -> dict[str, FusedScorer]:
    """The same score from three starts."""
    equal = {slot: [LEVEL / len(SLOTS)] * len(KNOTS) for slot in SLOTS}
    return {
        ALL: FusedScorer(),
        WITHOUT: FusedScorer(without_teachers=(shop,)),
        EQUAL: FusedScorer(weights=equal, new_weights=equal),
    }


def jobs_of(shop: str, protocol: str, *, quick: bool) -> list[Job]:
    """One job for each seed, with as many users as the table asks."""
    run = next(run for run in RUNS if (run.shop, run.protocol, run.cut) == (shop, protocol, "random"))
    seeds = run.seeds if protocols.get(protocol).seeded else run.seeds[:1]
    return [
        Job(shop, protocol, seed, QUICK if quick else run.sample) for seed in seeds[: 1 if quick else None]
    ]


def answer(job: Job) -> dict[str, Answers]:
    """`Job.answers` for another process."""
    return job.answers()


def rows_of(jobs: Sequence[Job], answers: Sequence[Mapping[str, Answers]]) -> list[dict[str, Any]]:
    """The rows of one protocol on one shop, all seeds together."""
    protocol, exams = protocols.get(jobs[0].protocol), {job.seed: job.exam for job in jobs}
    given: dict[str, dict[int, Answers]] = {name: {} for name in answers[0]}
    for job, found in zip(jobs, answers, strict=True):
        for name, own in found.items():
            given[name][job.seed] = own
    blocks = sorted(protocol.measure(exams, given), key=_place)
    head: dict[str, Any] = {"shop": jobs[0].shop, "protocol": jobs[0].protocol}
    head |= {"users": jobs[0].sample, "seeds": [job.seed for job in jobs]}
    rows = []
    for _, group in groupby(blocks, key=_place):
        block = pool(list(group))
        place = {"shots": block.shots, "candidates": block.candidates, "cases": block.cases}
        rows += [head | place | row for row in measured(block)]
    return rows


def _place(block: Block) -> tuple[str, int]:
    return block.candidates, -1 if block.shots is None else block.shots


def measured(block: Block) -> list[dict[str, Any]]:
    """Value, interval, and the difference from all teachers."""
    names = [name for name, metric in block.parts if metric == METRIC]
    parts = np.column_stack([block.parts[name, METRIC] for name in names])
    values, drawn = block.pieces.mean(parts), resample(block.pieces, parts)
    first = names.index(ALL)
    low, high = interval(drawn)
    low_of, high_of = interval(drawn - drawn[:, [first]])
    table = np.column_stack([values, low, high, values - values[first], low_of, high_of])
    columns = ("value", "low", "high", "difference", "difference_low", "difference_high")
    return [
        {"start": name}
        | {column: round(float(number), 6) for column, number in zip(columns, row, strict=True)}
        for name, row in zip(names, table, strict=True)
    ]


def write(rows: Sequence[Mapping[str, Any]]) -> None:
    """Put the rows of one protocol on one shop among what earlier runs found."""
    done = rows[0]["shop"], rows[0]["protocol"]
    before = json.loads(REPORT.read_text(encoding="utf-8"))["rows"] if REPORT.exists() else []
    kept = [row for row in before if (row["shop"], row["protocol"]) != done]
    found = sorted([*kept, *rows], key=_order)
    report = {"command": "python benchmarks/unseen_shop.py", "encoder": ENCODER, "rows": found}
    REPORT.write_text(json.dumps(report, indent=0) + "\n", encoding="utf-8")


def _order(row: Mapping[str, Any]) -> tuple[int, int]:
    return [*SHOPS, row["shop"]].index(row["shop"]), [*PROTOCOLS, row["protocol"]].index(row["protocol"])


def told(row: Mapping[str, Any]) -> str:
    """A row in short."""
    head = (
        f"{row['shop']:7s} {row['protocol']:10s} {row['candidates']:5s} k={row['shots']} {row['start']:8s}"
    )
    change = f"{row['difference']:+.4f} [{row['difference_low']:+.4f}, {row['difference_high']:+.4f}]"
    return f"{head} {row['value']:.4f} {change}"


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("shops", nargs="*", default=SHOPS)
    parser.add_argument("--protocols", nargs="*", default=PROTOCOLS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    groups = [
        jobs_of(shop, protocol, quick=options.quick)
        for protocol in options.protocols
        for shop in options.shops
    ]
    with ProcessPoolExecutor(options.workers) as workers:
        for jobs, asked in [(jobs, workers.map(answer, jobs)) for jobs in groups]:
            rows = rows_of(jobs, list(asked))
            print("\n".join(told(row) for row in rows), flush=True)
            if not options.quick:
                write(rows)


if __name__ == "__main__":
    main()
