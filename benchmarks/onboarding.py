"""Which questions teach most about a stranger: accuracy after n questions; writes results/onboarding.json.

    python benchmarks/onboarding.py [SHOP ...]   default: all three; the results of other shops stay
    python benchmarks/onboarding.py --inner      on a cut of the training part; nothing written

Ratings (ml100k, ml1m_melu): a fifth of the users is withheld. Half of each one's ratings, drawn by hash,
is what they can answer about; the other half is predicted, the same for every way to ask. An item that
they did not rate is a question lost ("don't know"). The answers go to the factor rater; MAE, and nDCG@10
of the order among the user's own test items (linear gain), after n questions, answered or not.

Choices (beauty): new users of protocol new-users. Nobody knows what they would say of a product shown to
them, so the answer is simulated: "interesting" when its category is that of one of their first five
products, "not" otherwise; the targets are what follows the fifth, as in the protocol. The answers go to the
engine as `Onboarding.events` makes them; nDCG@20 over the whole catalogue. Where nobody rates, popularity,
entropy and HELF all rank items by how many chose them, and ask the same.

Intervals are 95 %, by bootstrap over users; differences to popularity and to HELF are paired.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from warmstart import read_shop
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.data.splits import choose_users, hash_order, new_users, without
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.engine.engine import Engine
from warmstart.evaluate import metrics
from warmstart.evaluate.bootstrap import Pieces, interval, resample
from warmstart.evaluate.metrics import TargetRanks
from warmstart.evaluate.protocols.base import INNER
from warmstart.evaluate.ranks import Pool
from warmstart.recommend.ratings.factor import FactorRater
from warmstart.tasks.onboarding.choosers import (
    EntropyChooser,
    HelfChooser,
    PopularityChooser,
    QuestionChooser,
    RandomChooser,
    VarianceChooser,
)
from warmstart.tasks.onboarding.onboarding import Onboarding
from warmstart.tasks.onboarding.tastes import Answer, Tastes

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULT = HERE / "results" / "onboarding.json"
SEEDS: Mapping[str, Sequence[int]] = {"ml100k": (0, 1, 2), "ml1m_melu": (0,), "beauty": (0, 1, 2)}
ASKED = (0, 1, 2, 3, 4, 5, 10)
MIN_RATINGS = 20
SAMPLE: Mapping[str, int] = {"ml100k": 1000, "ml1m_melu": 400, "beauty": 300}
"""Users asked per seed, at most."""
CHOOSERS: Mapping[str, QuestionChooser] = {
    "random": RandomChooser(),
    "popularity": PopularityChooser(),
    "entropy": EntropyChooser(unknown_weight=None),
    "entropy0": EntropyChooser(),
    "HELF": HelfChooser(),
    "variance": VarianceChooser(),
    "variance, no neighbours": VarianceChooser(neighbours=False),
}
AGAINST = ("popularity", "HELF")
SAME_WITHOUT_RATINGS = ("entropy", "entropy0", "HELF", "variance, no neighbours")
"""Ways to ask that are one with another where nobody rates."""
Found = dict[tuple[str, int, str], list[float]]
"""By way to ask, number of questions and metric: one value per user."""


def asked(chooser: QuestionChooser, truth: Mapping[str, float], default: float | None) -> list[Answer]:
    """The answers of one stranger to as many questions as are ever asked."""
    answers: list[Answer] = []
    for _ in range(max(ASKED)):
        item = chooser.next(answers)
        if item is None:
            break
        answers.append(Answer(item_id=item, value=truth.get(item, default)))
    return answers


# -- ratings ----------------------------------------------------------------------------------------------


def ratings(
    dataset: Dataset, seed: int, sample: int, choosers: Mapping[str, QuestionChooser], found: Found
) -> None:
    """Ask the withheld users of one seed."""
    users = choose_users(dataset, seed)
    train = without(dataset, users=users)
    rater = FactorRater().fit(train, CatalogueEncoder().fit(train.item_texts))
    tastes = Tastes.of_ratings(train, rater)
    for chooser in choosers.values():
        chooser.fit(tastes)
    known = {u: own for u, own in ratings_by_user(dataset, users).items() if len(own) >= MIN_RATINGS}
    for user in hash_order(known, f"{seed}:sample")[:sample]:
        own = known[user]
        order = hash_order(own, f"{seed}:{user}:half")
        pool, test = order[: len(order) // 2], order[len(order) // 2 :]
        truth = np.array([own[item] for item in test])
        for name, chooser in choosers.items():
            answers = asked(chooser, {item: own[item] for item in pool}, None)
            for n in ASKED:
                for metric, value in rated(rater, answers[:n], test, truth).items():
                    found.setdefault((name, n, metric), []).append(value)


def ratings_by_user(dataset: Dataset, users: frozenset[str]) -> dict[str, dict[str, float]]:
    """What each of the users rated, the last rating of an item."""
    rows = dataset.interactions.select(c.USER_ID, c.ITEM_ID, c.VALUE).drop_nulls()
    found: dict[str, dict[str, float]] = {}
    for user, item, value in rows.iter_rows():
        if user in users:
            found.setdefault(user, {})[item] = value
    return found


def rated(
    rater: FactorRater, answers: Sequence[Answer], test: Sequence[str], truth: Any
) -> dict[str, float]:
    """How well the test ratings are predicted after these answers."""
    events = tuple(
        Event(user_id="stranger", item_id=answer.item_id, event_type="rate", value=answer.value)
        for answer in answers
        if answer.value is not None
    )
    predicted = rater.predict(Query(events=events), test)
    order = np.argsort(-predicted, kind="stable")
    return {
        "MAE": float(np.abs(predicted - truth).mean()),
        "nDCG@10": metrics.ndcg(truth[order], truth, 10),
        "answered": float(len(events)),
    }


# -- choices ----------------------------------------------------------------------------------------------


def choices(
    dataset: Dataset, seed: int, sample: int, choosers: Mapping[str, QuestionChooser], found: Found
) -> None:
    """Ask the new users of one seed."""
    split = new_users(dataset, seed).sample(sample)
    engine = Engine().fit(split.train, encoder="catalogue")
    tastes = Tastes.of_choices(split.train, engine.item_features)
    place = {item: i for i, item in enumerate(tastes.item_ids)}
    kinds = {
        item: tuple(path or ())
        for item, path in split.train.items.select(c.ITEM_ID, c.CATEGORIES).iter_rows()
    }
    pool = Pool.of(np.arange(len(place)), len(place))
    asking, scored = Onboarding().take(tastes), lru_cache(partial(scores_after, engine))
    # Everybody answers here, and the belief's doubt does not depend on what is answered: one list for all.
    orders = {
        name: [answer.item_id for answer in asked(chooser.fit(tastes), {}, 0.0)]
        for name, chooser in choosers.items()
        if name not in SAME_WITHOUT_RATINGS
    }
    for episode in (episode for episode in split.episodes if episode.shots == 5):
        liked = {kinds[event.item_id] for event in episode.history if event.item_id}
        truth = {item: 1.0 for item, kind in kinds.items() if kind in liked}
        targets = np.array([place[item] for item in episode.targets])
        for name, order in orders.items():
            answers = [Answer(item_id=item, value=truth.get(item, 0.0)) for item in order]
            for n in ASKED:
                said = [event for event in asking.events(answers[:n]) if event.event_type == "like"]
                ranks, _ = pool.answer(scored(tuple(str(event.item_id) for event in said)), targets, 20)
                value = metrics.ndcg_parts(TargetRanks(np.zeros_like(targets), ranks, 1), 20).sum()
                found.setdefault((name, n, "nDCG@20"), []).append(float(value))
                found.setdefault((name, n, "interesting"), []).append(float(len(said)))


def scores_after(engine: Engine, liked: tuple[str, ...]) -> FloatArray:
    """The scores of the whole catalogue for somebody who likes these; most strangers like the same few."""
    return engine.score(
        Query(events=tuple(Event(item_id=i, user_id="s", event_type="like") for i in liked))
    )


# -- both -------------------------------------------------------------------------------------------------


def rows_of(shop: str, found: Found) -> list[dict[str, Any]]:
    """Means with intervals, and paired differences to rules of thumb."""
    rows = []
    for (method, n, metric), values in found.items():
        others = [name for name in AGAINST if (name, n, metric) in found]
        own = np.array(values)
        columns = np.column_stack([own, *(own - np.array(found[name, n, metric]) for name in others)])
        size = len(own)
        pieces = Pieces(user=np.arange(size), item=np.full(size, -1), share=np.ones(size))
        low, high = interval(resample(pieces, columns))
        told = [
            {"value": round(mean, 4), "low": round(least, 4), "high": round(most, 4)}
            for mean, least, most in zip(
                pieces.mean(columns).tolist(), low.tolist(), high.tolist(), strict=True
            )
        ]
        rows.append(
            {"shop": shop, "method": method, "asked": n, "metric": metric, "cases": size}
            | told[0]
            | {"against": dict(zip(others, told[1:], strict=True))}
        )
    return rows


def measure(
    shop: str, inner: bool, choosers: Mapping[str, QuestionChooser] = CHOOSERS
) -> list[dict[str, Any]]:
    """All seeds of one shop."""
    dataset, _ = read_shop(DATA / shop)
    found: Found = {}
    for seed in SEEDS[shop]:
        train = without(dataset, users=choose_users(dataset, seed)) if inner else dataset
        ask = choices if shop == "beauty" else ratings
        ask(train, seed + INNER * inner, SAMPLE[shop], choosers, found)
    return rows_of(shop, found)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("shops", nargs="*", default=list(SEEDS))
    parser.add_argument("--inner", action="store_true")
    given = parser.parse_args()
    for shop in given.shops:
        rows = measure(shop, given.inner)
        print(*rows, sep="\n", flush=True)
        if not given.inner:
            write(shop, rows)


def write(shop: str, rows: list[dict[str, Any]]) -> None:
    """Put the rows of a shop in the place of those it had."""
    old = json.loads(RESULT.read_text(encoding="utf-8"))["rows"] if RESULT.exists() else []
    kept = [*(row for row in old if row["shop"] != shop), *rows]
    report = {
        "command": "python benchmarks/onboarding.py",
        "seeds": SEEDS,
        "sample": SAMPLE,
        "rows": sorted(kept, key=lambda row: list(SEEDS).index(row["shop"])),
    }
    RESULT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
