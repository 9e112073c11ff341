"""What was tried for the fused score and is not in it; writes results/trials.json.

    python benchmarks/trials.py                 all of them
    python benchmarks/trials.py attention       one piece of evidence louder than another, by the candidate
    python benchmarks/trials.py kinds           heads for purchases, beside the score of all kinds of events
    python benchmarks/trials.py --quick         60 users of one shop, nothing written: does it run?

Asked on inner cuts only: the training part of a cut with seed 0 is cut again with seed 1000, so nothing
here has seen what the tables of docs/benchmarks.md report. nDCG@20 of new users after 3, 5 and 10 items,
every trial beside today's score of the same fit; differences are paired, intervals 95 %, by bootstrap over
users and items.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import polars as pl
from trial_scores import DEPTH, TODAY, Scores, attention, kinds

from warmstart import Dataset, read_shop
from warmstart.core import columns as c
from warmstart.data import splits
from warmstart.data.records import Event
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.data.simulator.settings import ShopLanguage
from warmstart.data.splits import Episode, Split
from warmstart.evaluate.blocks import Block
from warmstart.evaluate.bootstrap import interval, resample
from warmstart.evaluate.methods import fitted_encoder
from warmstart.evaluate.protocols.base import INNER
from warmstart.evaluate.protocols.exam import COLD, SHOP, Exam, arrays_of, make_exam
from warmstart.evaluate.protocols.new_both import NEW_BOTH
from warmstart.recommend.evidence import EVENT_WEIGHTS
from warmstart.recommend.fused.scorer import FusedScorer

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULT = HERE / "results" / "trials.json"
SHOTS: Final = (3, 5, 10)
METRIC: Final = "nDCG@20"
QUICK: Final = 60
SIMULATED: Final = {"simulated-en": ("en", 20), "simulated-zh": ("zh", 21), "simulated-en-2": ("en", 22)}


def shop_of(name: str) -> Dataset:
    """A shared shop, or a simulated one that is no teacher of the starting weights."""
    if name not in SIMULATED:
        return read_shop(DATA / name)[0]
    language, seed = SIMULATED[name]
    return simulate(
        SimulatorSettings(n_items=1500, n_users=4000, language=cast("ShopLanguage", language), seed=seed)
    ).dataset


def fitted(train: Dataset) -> FusedScorer:
    """Today's score."""
    return FusedScorer().fit(train, fitted_encoder(train, "catalogue"))


def later(dataset: Dataset, seed: int, *, bought: bool) -> Split:
    """New users after k items that they turned to; wanted is what comes later, untouched yet."""
    split = splits.new_users(dataset, seed)
    rows = dataset.interactions.filter(pl.col(c.USER_ID).is_in(list(split.new_users)))
    episodes = []
    for (user,), frame in rows.sort(c.USER_ID, maintain_order=True).group_by(
        c.USER_ID, maintain_order=True
    ):
        columns = frame.select(c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP, c.VALUE)
        events = [
            Event(user_id=str(user), item_id=item, event_type=kind, timestamp=at, value=value)
            for item, kind, at, value in columns.iter_rows()
        ]
        episodes += list(_later(str(user), events, bought=bought))
    return replace(split, episodes=tuple(episodes))


def _later(user: str, events: Sequence[Event], *, bought: bool) -> Iterator[Episode]:
    chosen = list(dict.fromkeys(e.item_id for e in events if EVENT_WEIGHTS[e.event_type] > 0))
    sold = list(dict.fromkeys(e.item_id for e in events if e.event_type == "purchase"))
    for shots in SHOTS:
        if len(chosen) > shots:
            end = next(i for i, e in enumerate(events) if e.item_id == chosen[shots])
            known = {e.item_id for e in events[:end]}
            wanted = tuple(str(item) for item in (sold if bought else chosen) if item not in known)
            if wanted:
                yield Episode(user_id=user, shots=shots, history=tuple(events[:end]), targets=wanted)


def both_new(dataset: Dataset, seed: int) -> Split:
    """New users in a shop a fifth of whose items is new."""
    split = splits.new_both(dataset, seed, every_target=True)
    return replace(split, episodes=tuple(e for e in split.episodes if e.shots in SHOTS))


@dataclass(frozen=True)
class Trial:
    """What is asked of which shops; the cuts of a trial withhold the same and ask for something else."""

    sample: int
    shops: tuple[str, ...]
    cuts: Mapping[str, Callable[[Dataset, int], Split]]
    make: Callable[[FusedScorer, Dataset], Scores]


TRIALS: Final = {
    "attention": Trial(250, ("ml100k", "simulated-en", "beauty"), {"turned to": both_new}, attention),
    "kinds": Trial(
        400,
        tuple(SIMULATED),
        {"bought": partial(later, bought=True), "turned to": partial(later, bought=False)},
        kinds,
    ),
}


def blocks_of(trial: Trial, shop: str, *, quick: bool) -> Iterator[tuple[str, Block]]:
    """All cases of a shop under every way to score, and what was wanted in them."""
    sample = QUICK if quick else trial.sample
    outer = splits.new_users(shop_of(shop), 0)
    exams = {
        wanted: make_exam(cut(outer.train, INNER).sample(sample), (SHOP, COLD))
        for wanted, cut in trial.cuts.items()
    }
    train = next(iter(exams.values())).split.train
    scores = trial.make(fitted(train), train)
    for wanted, exam in exams.items():
        given = {name: {INNER: answers} for name, answers in answered(exam, scores).items()}
        yield from ((wanted, block) for block in NEW_BOTH.measure({INNER: exam}, given))


def answered(exam: Exam, scores: Scores) -> dict[str, Any]:
    """For each trial where the targets came out."""
    found: dict[str, dict[Any, list[Any]]] = {}
    for ask in exam.asks:
        for name, own in scores(ask.query).items():
            own[ask.struck] = np.nan
            for key, targets in ask.targets.items():
                answer = exam.cases[key].pool.answer(own, targets, DEPTH)
                found.setdefault(name, {}).setdefault(key, []).append(answer)
    return {
        name: {array: v for key, lists in by_key.items() for array, v in arrays_of(key, lists).items()}
        for name, by_key in found.items()
    }


def rows_of(block: Block) -> Iterator[dict[str, Any]]:
    """Every trial against today's score."""
    names = [name for name, metric in block.parts if metric == METRIC]
    parts = np.column_stack([block.parts[name, METRIC] for name in names])
    values, drawn = block.pieces.mean(parts), resample(block.pieces, parts)
    today = names.index(TODAY)
    low, high = interval(drawn - drawn[:, [today]])
    for i, name in enumerate(names):
        numbers = {
            "value": values[i],
            "difference": values[i] - values[today],
            "low": low[i],
            "high": high[i],
        }
        place = {"shots": block.shots, "candidates": block.candidates, "cases": block.cases, "scored": name}
        yield place | {key: round(float(number), 5) for key, number in numbers.items()}


def write(trial: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put the rows of a trial among those of the others."""
    before = json.loads(RESULT.read_text(encoding="utf-8"))["rows"] if RESULT.exists() else []
    found = [*(row for row in before if row["trial"] != trial), *rows]
    report = {"command": "python benchmarks/trials.py", "rows": found}
    RESULT.write_text(json.dumps(report, indent=0) + "\n", encoding="utf-8")


def told(row: Mapping[str, Any]) -> str:
    """A row in short."""
    mark = "+" if row["low"] > 0 else "-" if row["high"] < 0 else " "
    asked = f"{row['shop']:14s} {row['wanted']:9s} {row['candidates']:4s} k={row['shots']:<3d}"
    head = f"{asked}{row['scored']:34s} {row['value']:.4f}"
    return f"{head} {row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}] {mark}"


def main() -> None:
    """Run the trials that were asked for, by default all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("trials", nargs="*", default=list(TRIALS))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    for name in options.trials:
        rows: list[dict[str, Any]] = []
        for shop in TRIALS[name].shops[: 1 if options.quick else None]:
            for wanted, block in blocks_of(TRIALS[name], shop, quick=options.quick):
                found = [{"trial": name, "shop": shop, "wanted": wanted} | row for row in rows_of(block)]
                print("\n".join(told(row) for row in found), flush=True)
                rows += found
        if not options.quick:
            write(name, rows)


if __name__ == "__main__":
    main()
