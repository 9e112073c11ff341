"""What the scene is worth before the first event: popularity beside popularity in its context.

    python benchmarks/context.py [SHOP ...]

Strangers are the withheld users of the protocol `new-users`, seeds 0, 1, 2; nothing of what they did is
known (k = 0). Three questions, each answered with what the asker says of themselves (the users table),
the moment, and what the shop logs of a visit (device, store, campaign):

- after five: the protocol's own targets, what they turn to after their fifth event
- first five: the first five items that they turn to
- visits: for up to ten of their visits (events within the same hour), what they turned to there

nDCG@20, mean over users; intervals of the differences by bootstrap over users.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from warmstart import Dataset, read_shop
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, top_positions
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.data.splits import MIN_EVENTS, SHOTS, Split, new_users
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.recommend.context.prior import ContextScorer
from warmstart.recommend.context.sightings import read_profiles
from warmstart.recommend.context.values import TIME

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULT = HERE / "results" / "context.json"
SHOPS = ("ml100k", "completejourney", "simulated")
SEEDS, DEPTH, VISITS, HOUR, RESAMPLES = (0, 1, 2), 20, 10, 3600.0, 1_000
Context = Mapping[str, Any]
Asked = tuple[str, str, Context, Sequence[str]]


def shop_of(name: str) -> Dataset:
    """A shared shop, or a simulated year with seasons, campaigns and declared interests."""
    if name == "simulated":
        return simulate(SimulatorSettings(n_items=600, n_users=3_000, n_days=365)).dataset
    return read_shop(DATA / name)[0]


def histories(dataset: Dataset, split: Split) -> Iterator[tuple[str, list[Event]]]:
    """What each withheld user did with items, oldest first."""
    rows = dataset.interactions.filter(
        pl.col(c.USER_ID).is_in(list(split.new_users)) & (pl.col(c.EVENT_TYPE) != "impression")
    )
    for (user_id,), frame in rows.sort(c.USER_ID, maintain_order=True).group_by(
        c.USER_ID, maintain_order=True
    ):
        yield (
            str(user_id),
            [
                Event(user_id=str(user_id), item_id=item, timestamp=at, context=json.loads(said or "{}"))
                for item, at, said in frame.select(c.ITEM_ID, c.TIMESTAMP, c.CONTEXT).iter_rows()
            ],
        )


def questions(events: Sequence[Event], profile: Context) -> Iterator[Asked]:
    """Question, what is told, the context, and the items turned to."""
    items = [str(event.item_id) for event in events]
    late = [item for item in items[SHOTS[-1] :] if item not in items[: SHOTS[-1]]]
    if profile:
        yield "first five", "profile", profile, list(dict.fromkeys(items))[: SHOTS[-1]]
        if len(items) >= MIN_EVENTS and late:
            yield "after five", "profile", profile, late
    visits: dict[float, list[Event]] = {}
    for event in events:
        if event.timestamp is not None:
            visits.setdefault(event.timestamp // HOUR, []).append(event)
    for visit in list(visits.values())[:VISITS]:
        moment, said = {TIME: visit[0].timestamp}, visit[0].context
        turned_to = [str(event.item_id) for event in visit]
        yield "visits", "moment", moment, turned_to
        yield "visits", "logged", said, turned_to
        yield "visits", "all", {**profile, **said, **moment}, turned_to


def ndcg(scores: FloatArray, wanted: FloatArray) -> float:
    """NDCG@20 of the whole catalogue ranked by score."""
    discounts = 1.0 / np.log2(np.arange(2, DEPTH + 2))
    hits = wanted[top_positions(scores, DEPTH)]
    return float(hits @ discounts / discounts[: int(wanted.sum())].sum())


def measure(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of one shop, pooled over seeds, and which features each fit believed."""
    dataset = shop_of(name)
    profiles = read_profiles(dataset.users)
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    believed = []
    for seed in SEEDS:
        split = new_users(dataset, seed)
        scorer = ContextScorer().fit(split.train, CatalogueEncoder().fit(split.train.item_texts))
        believed.append({"shop": name, "seed": seed, "weights": scorer.prior.weights})
        place = {item_id: i for i, item_id in enumerate(split.train.item_ids)}
        plain = scorer.score(Query())
        for user_id, events in histories(dataset, split):
            own: dict[tuple[str, str], list[tuple[float, float]]] = {}
            for question, told, context, items in questions(events, profiles.get(user_id, {})):
                wanted = np.zeros(len(plain), dtype=np.float32)
                wanted[[place[item] for item in items]] = 1.0
                pair = ndcg(plain, wanted), ndcg(scorer.score(Query(context=context)), wanted)
                own.setdefault((question, told), []).append(pair)
            for key, pairs in own.items():
                found.setdefault(key, []).append(tuple(np.mean(pairs, axis=0).tolist()))
    return [summary(name, *key, np.array(pairs)) for key, pairs in found.items()], believed


def summary(shop: str, question: str, told: str, pairs: FloatArray) -> dict[str, Any]:
    """Means and the interval of their difference."""
    gains = pairs[:, 1] - pairs[:, 0]
    rng = np.random.default_rng(0)
    means = [float(rng.choice(gains, len(gains)).mean()) for _ in range(RESAMPLES)]
    low, high = np.quantile(means, (0.025, 0.975))
    return {
        "shop": shop,
        "question": question,
        "told": told,
        "users": len(pairs),
        "popularity": round(float(pairs[:, 0].mean()), 4),
        "context": round(float(pairs[:, 1].mean()), 4),
        "difference": round(float(gains.mean()), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


def main(shops: Sequence[str]) -> None:
    """Measure and write."""
    rows, believed = [], []
    for shop in shops or SHOPS:
        measured, weights = measure(shop)
        rows += measured
        believed += weights
        for row in measured:
            print(row, flush=True)
    if not shops:
        report = {
            "command": "python benchmarks/context.py",
            "seeds": SEEDS,
            "rows": rows,
            "believed": believed,
        }
        RESULT.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
