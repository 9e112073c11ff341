"""What a share of the places for new or thin items costs, and what it brings; writes results/exposure.json.

    python benchmarks/exposure.py [SHOP ...]              default: ml100k and beauty under $WARMSTART_DATA;
                                                          the results of other shops are kept
    python benchmarks/exposure.py --inner                 on a cut of the training part, nothing written

One fit per shop, cut and seed; every share is then asked of the same scores. Cuts:

- `new users`: those of protocol new-both, 20 % of the items and of the users withheld, k events revealed;
- `old users`: 20 % of the items withheld and the last event of each user, which is the target;
- `thin items`: those of protocol new-users; the items in question have 1 to 5 training events.

"whole" is nDCG@20 with every later item as a target, "own" with only the items in question (for thin
items their Recall@20). Intervals are 95 %, by bootstrap over users and items; changes are paired.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from warmstart import read_shop
from warmstart.core.linear import FloatArray
from warmstart.data import splits
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.splits import Split
from warmstart.engine.engine import Engine
from warmstart.engine.showing import Showing
from warmstart.evaluate.blocks import Block, pool
from warmstart.evaluate.bootstrap import interval, resample
from warmstart.evaluate.methods import ScorerMethod
from warmstart.evaluate.protocols import new_both
from warmstart.evaluate.protocols.base import INNER, Answers
from warmstart.evaluate.protocols.exam import ALL_NEW, SHOP, Exam, arrays_of, make_exam
from warmstart.policy.diversity import DiversityPolicy
from warmstart.policy.exposure import ExposurePolicy
from warmstart.recommend.baselines.content import ContentScorer

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results" / "exposure.json"
SHOPS = ("ml100k", "beauty")
SHARES = (0.05, 0.1, 0.15, 0.2)
PLAIN, CONTENT, DEFAULT = "0", "content", "default"
THIN = 6
ONLY_THIN = {"at_least": 1, "thin_below": THIN}
N = 20
SAMPLE = 200
"""Users asked per shop, cut and seed, unless `--sample` says otherwise."""


def new_users(dataset: Dataset, seed: int) -> Split:
    """New users in a shop with new items; all that they took later is a target."""
    return splits.new_both(dataset, seed, every_target=True)


def old_users(dataset: Dataset, seed: int) -> Split:
    """Every user's last event, in a shop in which a fifth of the items has lost all events."""
    items, last = splits.choose_items(dataset, seed), splits.warm(dataset)
    train = splits.without(last.train, items=items)
    episodes = tuple(
        replace(episode, history=kept)
        for episode in last.episodes
        if (kept := tuple(e for e in episode.history if e.item_id not in items))
    )
    return Split(name="old users", seed=seed, train=train, new_items=items, episodes=episodes)


def thin_items(dataset: Dataset, seed: int) -> Split:
    """New users; the items in question are those with few training events."""
    split = splits.new_users(dataset, seed)
    counts = dict(split.train.interactions.group_by("item_id").len().iter_rows())
    return replace(split, new_items=frozenset(i for i, n in counts.items() if n < THIN))


CUTS: Mapping[str, Callable[[Dataset, int], Split]] = {
    "new users": new_users,
    "old users": old_users,
    "thin items": thin_items,
}


@dataclass
class Asked:
    """The scores of every question of an exam, and the order that each share makes of them."""

    exam: Exam
    whom: Mapping[str, Any]
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        train = self.exam.split.train
        self.engine = Engine().fit(train, encoder="catalogue")
        self.content = ScorerMethod(name=CONTENT, scorer=ContentScorer(), encoder="catalogue")
        self.content.fit(train)
        self.policies: dict[str, ExposurePolicy | None] = {PLAIN: None}
        for share in SHARES:
            self.policies[f"{share:g}"] = ExposurePolicy(share=share, **self.whom).fit(train)
        self.policies[DEFAULT] = replace(self.engine.settings.exposure, **self.whom).fit(train)

    def answers(self) -> dict[str, Answers]:
        """For each way of ranking the ranks of the targets and the top of each list."""
        found: dict[str, dict[Any, list[Any]]] = {
            name: {key: [] for key in self.exam.cases} for name in (*self.policies, CONTENT)
        }
        for ask in self.exam.asks:
            for name, scores in self.rankings(ask.query).items():
                scores[ask.struck] = np.nan
                for key, targets in ask.targets.items():
                    found[name][key].append(self.exam.cases[key].pool.answer(scores, targets, N))
        return {
            name: {array: v for key, lists in by_key.items() for array, v in arrays_of(key, lists).items()}
            for name, by_key in found.items()
        }

    def rankings(self, query: Query) -> dict[str, FloatArray]:
        """Scores in the order that each way of ranking shows."""
        scores, scorer = self.engine.score(query), self.engine._stages.scorer
        ranked = {CONTENT: np.array(self.content.score(query))}
        for name, policy in self.policies.items():
            ranked[name] = Showing(DiversityPolicy(), policy).ranking(query, scores, N, scorer)
        return ranked


def blocks(dataset: Dataset, cut: str, seeds: Sequence[int], sample: int, inner: bool) -> list[Block]:
    """All cases of a cut with their values, one block per seed, number of shots and view."""
    exams: dict[int, Exam] = {}
    given: dict[str, dict[int, Answers]] = {}
    for seed in seeds:
        shop = inner_shop(dataset, cut, seed) if inner else dataset
        split = CUTS[cut](shop, seed + INNER if inner else seed)
        exams[seed] = make_exam(split.sample(sample), (ALL_NEW, SHOP))
        asked = Asked(exams[seed], ONLY_THIN if cut == "thin items" else {})
        for name, answers in asked.answers().items():
            given.setdefault(name, {})[seed] = answers
    return list(new_both.NEW_BOTH.measure(exams, given))


def inner_shop(dataset: Dataset, cut: str, seed: int) -> Dataset:
    """The training part of a cut, without the items that it withheld: nobody could take those."""
    split = CUTS[cut](dataset, seed)
    if cut == "thin items":
        return split.train
    items = split.train.items.filter(~split.train.items["item_id"].is_in(list(split.new_items)))
    return replace(split.train, items=items)


def rows_of(shop: str, cut: str, found: Sequence[Block]) -> list[dict[str, Any]]:
    """For each number of shots, and for all together, what every share shows, costs and brings."""
    shots = list(dict.fromkeys(block.shots for block in found))
    groups: list[tuple[int | str | None, list[int | None]]] = [(k, [k]) for k in shots]
    if len(shots) > 1:
        groups.append(("all", shots))
    rows = []
    for label, among in groups:
        for view, metrics in (("shop", {"whole": f"nDCG@{N}", "shown": f"ColdShare@{N}"}), ("all", OWN)):
            chosen = [b for b in found if b.shots in among and b.candidates == view]
            if chosen:
                head = {"shop": shop, "cut": cut, "shots": label}
                rows += [head | row for row in measured(pool(chosen), metrics)]
    return rows


OWN = {"own": f"nDCG@{N}", "own recall": f"Recall@{N}"}


def measured(block: Block, metrics: Mapping[str, str]) -> list[dict[str, Any]]:
    """Value, interval, and change against the ranking before any policy."""
    names = list(dict.fromkeys(name for name, _ in block.parts))
    rows = []
    for label, metric in metrics.items():
        parts = np.column_stack([block.parts[name, metric] for name in names])
        values, drawn = block.pieces.mean(parts), resample(block.pieces, parts)
        low, high = interval(drawn)
        plain = names.index(PLAIN)
        # Where nothing is found without the policy there is no relative change.
        relative = (drawn - drawn[:, [plain]]) / values[plain] if values[plain] else np.zeros_like(drawn)
        change_low, change_high = interval(relative)
        for i, name in enumerate(names):
            row = {"asked": name, "metric": label, "cases": block.cases}
            row |= {"value": values[i], "low": low[i], "high": high[i]}
            if values[plain]:
                change = values[i] / values[plain] - 1.0
                row |= {"change": change, "change_low": change_low[i], "change_high": change_high[i]}
            rows.append({k: round(float(v), 5) if isinstance(v, float) else v for k, v in row.items()})
    return rows


def told(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows in short."""
    lines = []
    for row in rows:
        change = f" ({row['change']:+.1%})" if "change" in row else ""
        head = f"{row['shop']:8s} {row['cut']:11s} k={row['shots']} {row['metric']:10s} {row['asked']:8s}"
        lines.append(f"{head} {row['value']:.4f} {row['low']:.4f}-{row['high']:.4f}{change}")
    return "\n".join(lines)


def kept(shops: Sequence[str]) -> list[dict[str, Any]]:
    """What an earlier run found for other shops."""
    if not RESULTS.exists():
        return []
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"]
    return [row for row in rows if row["shop"] not in shops]


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("shops", nargs="*", default=SHOPS)
    parser.add_argument("--inner", action="store_true")
    parser.add_argument("--sample", type=int, default=SAMPLE)
    parser.add_argument("--seeds", type=int, nargs="*", default=(0, 1, 2))
    parser.add_argument("--cuts", nargs="*", default=tuple(CUTS))
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for shop in options.shops:
        dataset, _ = read_shop(DATA / shop)
        for cut in options.cuts:
            found = blocks(dataset, cut, options.seeds, options.sample, options.inner)
            of = {"users": options.sample, "seeds": list(options.seeds)}
            rows += [of | row for row in rows_of(shop, cut, found)]
            print(told([r for r in rows if r["shop"] == shop and r["cut"] == cut]), flush=True)
    if not options.inner:
        report = {
            "command": "python benchmarks/exposure.py",
            "encoder": "catalogue",
            "rows": [*kept(options.shops), *rows],
        }
        RESULTS.write_text(json.dumps(report, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
