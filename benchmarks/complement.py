"""What goes with what: the rest of a basket, and what comes next; writes results/complement.json.

    python benchmarks/complement.py [--seeds 0,1,2] [--sample 2000] [--json FILE]

20 % of the users and 20 % of the items are withheld by the cut of protocol new-both. Of withheld users:

- `completejourney`: some lines of a basket are known (one in half of the cases, half of the lines in the
  others), the others are to be found. The catalogue is the products that were sold at all;
- `beauty`: one item is known, the one chosen next is to be found.

`all` ranks the whole catalogue, with old and new items as targets; `new` ranks the withheld items among
each other. Intervals are 95 %, by bootstrap over users and items; differences are paired. Every method
reads the text with the catalogue encoder, is fitted once per seed and keeps its default settings.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from warmstart import Dataset, Query, read_shop
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data import splits
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.evaluate.bootstrap import Pieces, holm, interval, p_value, resample
from warmstart.evaluate.metrics import TargetRanks, ndcg_parts, recall_parts
from warmstart.evaluate.ranks import Pool
from warmstart.recommend.baselines.content import ContentScorer
from warmstart.recommend.baselines.neighbours import ItemKnnScorer, Rp3Scorer
from warmstart.recommend.complement.scorer import ComplementScorer
from warmstart.recommend.fused.parts import KNN, POPULARITY, PROJECTION, WALK
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.recommend.popularity import PopularityScorer
from warmstart.roles.encoder import Encoder
from warmstart.roles.scorer import Scorer

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULT = HERE / "results" / "complement.json"
SHOPS = ("completejourney", "beauty")
CART_WEIGHTS = {KNN: 0.4, WALK: 0.4, PROJECTION: 0.1, POPULARITY: 0.02}
"""Of the parts of the fused score, set by hand: how carts were filled before `complement`."""
N, FOCUS = 20, "complement"
Ask = Callable[[Query], FloatArray]


@dataclass(frozen=True)
class Case:
    """Items that are known, and those to be found; `user` is whose they are."""

    user: str
    known: tuple[str, ...]
    wanted: tuple[str, ...]


def shop(name: str) -> Dataset:
    """A shop; a grocer's without what nobody bought."""
    dataset, _ = read_shop(DATA / name)
    if name != "completejourney":
        return dataset
    sold = dataset.interactions[c.ITEM_ID].unique()
    return replace(dataset, items=dataset.items.filter(pl.col(c.ITEM_ID).is_in(sold.implode())))


def baskets(dataset: Dataset) -> Iterator[tuple[str, list[str]]]:
    """User and items of each session, or of each user where the log has no sessions."""
    has_sessions = dataset.interactions[c.SESSION_ID].null_count() == 0
    key = [c.USER_ID, c.SESSION_ID] if has_sessions else [c.USER_ID]
    rows = dataset.interactions.unique([*key, c.ITEM_ID], keep="first", maintain_order=True)
    for group in rows.group_by(key, maintain_order=True).agg(c.ITEM_ID).sort(key).iter_rows():
        yield group[0], group[-1]


def cases(dataset: Dataset, split: splits.Split, sample: int) -> list[Case]:
    """A sample of questions from the withheld users."""
    withheld = pl.col(c.USER_ID).is_in(sorted(split.new_users))
    events = dataset.events.filter(withheld)
    ordered = events[c.SESSION_ID].null_count() == len(events)
    groups = [pair for pair in baskets(replace(dataset, events=events)) if len(pair[1]) > 1]
    rng = np.random.default_rng(split.seed)
    chosen = rng.permutation(len(groups))[:sample]
    return [_case(groups[place][0], groups[place][1], ordered, rng) for place in chosen]


def _case(user: str, items: list[str], ordered: bool, rng: np.random.Generator) -> Case:
    if ordered:
        place = int(rng.integers(len(items) - 1))
        return Case(user, (items[place],), (items[place + 1],))
    shuffled = [items[i] for i in rng.permutation(len(items))]
    known = 1 if rng.random() < 0.5 else len(items) // 2
    return Case(user, tuple(shuffled[:known]), tuple(shuffled[known:]))


def methods(train: Dataset, encoder: Encoder) -> Iterator[tuple[str, Ask]]:
    """Each method, fitted."""
    scorers: dict[str, Scorer] = {
        FOCUS: ComplementScorer(),
        "content": ContentScorer(),
        "item-knn": ItemKnnScorer(),
        "rp3": Rp3Scorer(),
        "popularity": PopularityScorer(),
    }
    for name, scorer in scorers.items():
        yield name, scorer.fit(train, encoder).score
    fused, weights = FusedScorer(learn=False).fit(train, encoder), CART_WEIGHTS
    yield "mixture", lambda query: fused.score_with(query, weights)


def ranks(ask: Ask, asked: list[Case], train: Dataset, new: frozenset[str], seed: int) -> dict[str, Any]:
    """Where each target came out, among all and among new items."""
    place = {item_id: i for i, item_id in enumerate(train.item_ids)}
    order = np.random.default_rng(seed).permutation(len(place))
    is_new = np.array([item_id in new for item_id in train.item_ids])
    pools = {
        "all": Pool.of(order, len(place)),
        "new": Pool.of(order[is_new[order]], len(place)),
    }
    found: dict[str, list[tuple[int, str, str, int]]] = {"all": [], "new": []}
    for number, case in enumerate(asked):
        scores = ask(Query(anchors=case.known))
        scores[[place[item_id] for item_id in case.known]] = np.nan
        for name, pool in pools.items():
            wanted = [item_id for item_id in case.wanted if name == "all" or item_id in new]
            targets: IntArray = np.array([place[item_id] for item_id in wanted], dtype=np.int64)
            if len(targets):
                came, _ = pool.answer(scores, targets, N)
                rows = zip(wanted, came.tolist(), strict=True)
                found[name] += [(number, case.user, item_id, rank) for item_id, rank in rows]
    return found


def measure(name: str, seeds: list[int], sample: int) -> list[dict[str, Any]]:
    """One row per target, method and seed."""
    dataset, rows = shop(name), []
    for seed in seeds:
        split = splits.new_both(dataset, seed, every_target=True)
        encoder = CatalogueEncoder().fit(split.train.item_texts)
        asked = cases(dataset, split, sample)
        for method, ask in methods(split.train, encoder):
            for candidates, found in ranks(ask, asked, split.train, split.new_items, seed).items():
                rows += [
                    {
                        "method": method,
                        "candidates": candidates,
                        "case": f"{seed} {number}",
                        "user": user,
                        "item": item_id,
                        "rank": rank,
                    }
                    for number, user, item_id, rank in found
                ]
            print(name, seed, method, flush=True)
    return rows


def tables(name: str, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Means with intervals, and paired differences of the focus against every other method."""
    values, differences = [], []
    frame = pl.DataFrame(rows)
    names = frame["method"].unique(maintain_order=True).to_list()
    for candidates in ("all", "new"):
        chosen = frame.filter(pl.col("candidates") == candidates)
        first = chosen.filter(pl.col("method") == names[0])
        case, user, item = (
            first[column].rank("dense").to_numpy() - 1 for column in ("case", "user", "item")
        )
        case = case.astype(np.int64)
        share = 1.0 / np.bincount(case)[case]
        pieces = Pieces(user=user.astype(np.int64), item=item.astype(np.int64), share=share)
        for metric, parts_of in (("nDCG@20", ndcg_parts), ("Recall@20", recall_parts)):
            parts = np.column_stack(
                [
                    parts_of(
                        TargetRanks(
                            case=case,
                            rank=chosen.filter(pl.col("method") == method)["rank"].to_numpy(),
                            n_cases=int(case.max()) + 1,
                        ),
                        N,
                    )
                    for method in names
                ]
            )
            means, replicates = pieces.mean(parts), resample(pieces, parts)
            low, high = interval(replicates)
            key = {"shop": name, "candidates": candidates, "metric": metric, "cases": int(case.max()) + 1}
            values += [
                {**key, "method": method, "value": means[i], "low": low[i], "high": high[i]}
                for i, method in enumerate(names)
            ]
            own, others = names.index(FOCUS), [i for i in range(len(names)) if names[i] != FOCUS]
            gaps = replicates[:, [own]] - replicates[:, others]
            gap_low, gap_high = interval(gaps)
            raw = [p_value(gaps[:, j], means[own] - means[i]) for j, i in enumerate(others)]
            differences += [
                {
                    **key,
                    "against": names[i],
                    "difference": means[own] - means[i],
                    "low": gap_low[j],
                    "high": gap_high[j],
                    "p_holm": p,
                }
                for j, (i, p) in enumerate(zip(others, holm(raw).tolist(), strict=True))
            ]
    return values, differences


def rounded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Numbers with four digits."""
    return [
        {name: round(float(value), 4) if isinstance(value, float) else value for name, value in row.items()}
        for row in rows
    ]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--sample", type=int, default=2000, help="questions per shop and seed")
    parser.add_argument("--json", type=Path, default=RESULT)
    chosen = parser.parse_args()
    seeds = [int(seed) for seed in chosen.seeds.split(",")]
    values: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    for name in SHOPS:
        found = tables(name, measure(name, seeds, chosen.sample))
        values, differences = values + rounded(found[0]), differences + rounded(found[1])
    for row in values:
        print({key: row[key] for key in ("shop", "candidates", "metric", "method", "value", "low", "high")})
    report = {
        "command": "python benchmarks/complement.py",
        "seeds": seeds,
        "sample": chosen.sample,
        "rows": values,
        "comparisons": differences,
    }
    chosen.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
