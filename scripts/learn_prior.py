"""Learn the weights that a new shop starts from, on other shops; prints the tables of prior_weights.py.

    python scripts/learn_prior.py                    learn, and print the tables
    python scripts/learn_prior.py --judge            what today's tables earn on the same questions
    python scripts/learn_prior.py --without beauty   learn on the other shops only: do weights carry over?

Cold starts are cut from two public shops (in WARMSTART_DATA), without any user that the protocols ask
in seeds 0 to 2, and from two simulated ones, English and Chinese. Ascent is on the smooth nDCG of
`recommend.lessons`, each shop counting alike, from two starts, with and without the factors of what leads
to what, for the ascent finds different tops from them. Both are scaled to the same sum and averaged,
which keeps the weights regular. Today's tables were made so over several rounds, while the parts were still
changing: a new run gives tables that earn about the same, not the same tables.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from warmstart import Dataset, read_shop
from warmstart.core.progress import track
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.data.splits import choose_users, without
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.recommend.fused.lessons import Lessons
from warmstart.recommend.fused.parts import (
    DRIFT,
    FORWARD,
    KNN,
    LATE,
    NEXT,
    POPULARITY,
    PROJECTION,
    RECENT,
    TASTE,
    WALK,
    WORDS,
)
from warmstart.recommend.fused.prior_weights import FOR_KNOWN, FOR_NEW
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.recommend.fused.weights import KNOTS, SlotWeights, Table

DATA: Final = Path(
    os.environ.get("WARMSTART_DATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data")
)
PUBLIC: Final = ("beauty", "ml100k")
SIMULATED: Final = {"simulated-en": ("en", 1), "simulated-zh": ("zh", 2)}
QUESTIONS, STEPS, RATE, PULL, SOFTNESS, SUM = 200, 200, 0.03, 0.0005, 0.08, 4.0
PLAIN: Final = {KNN: 0.15, WALK: 0.35, WORDS: 0.12, PROJECTION: 0.13, POPULARITY: 0.5, LATE: 0.1}
FACTORS: Final = {
    DRIFT: 0.5,
    DRIFT + RECENT: 0.5,
    NEXT + RECENT: 0.2,
    FORWARD + RECENT: 0.2,
    TASTE + RECENT: 0.1,
}


def shop_of(name: str) -> Dataset:
    """A shop without the users that the protocols ask."""
    if name in SIMULATED:
        language, seed = SIMULATED[name]
        return simulate(
            SimulatorSettings(n_items=1500, n_users=2500, language=language, seed=seed)  # type: ignore[arg-type]
        ).dataset
    shop, _ = read_shop(DATA / name)
    return without(shop, users=frozenset().union(*(choose_users(shop, seed) for seed in range(3))))


def lessons_of(name: str) -> Lessons:
    """Cold starts cut from a shop."""
    shop = shop_of(name)
    scorer = FusedScorer(learn=False).fit(shop, CatalogueEncoder().fit(shop.item_texts))
    cut = scorer.lessons(shop, QUESTIONS)
    if cut is None:
        raise SystemExit(f"{name} has no cold starts to learn from")
    return cut


def ascend(shops: Sequence[Lessons], start: SlotWeights) -> SlotWeights:
    """Adam on the mean over shops of the objective relative to the start."""
    levels = [shop.objective(start) for shop in shops]
    values = start.values.astype(np.float64)
    mean, square = np.zeros_like(values), np.zeros_like(values)
    for step in track(range(1, STEPS + 1), "learning", total=STEPS):
        now = values.astype(np.float32)
        slopes = [shop.gradient(now, SOFTNESS) / level for shop, level in zip(shops, levels, strict=True)]
        slope = np.mean(slopes, axis=0) - PULL * (values - start.values)
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        rate = RATE * (1 - (step - 1) / STEPS)
        ahead = rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-5)
        values = np.maximum(values + ahead, 0.0)
    return SlotWeights(values.astype(np.float32))


def learn(shops: Sequence[Lessons]) -> SlotWeights:
    """The average of the weights found from both starts."""
    found = [ascend(shops, start_of(start)).values for start in (PLAIN, PLAIN | FACTORS)]
    scaled = [SUM * values / np.maximum(values.sum(axis=2, keepdims=True), 1e-9) for values in found]
    return SlotWeights(np.mean(scaled, axis=0).astype(np.float32))


def start_of(weights: Mapping[str, float]) -> SlotWeights:
    """The same weights whatever the evidence."""
    table: Table = {slot: [weight] * len(KNOTS) for slot, weight in weights.items()}
    return SlotWeights.of(table, table)


def main() -> None:
    """Learn or judge, and print."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--judge", action="store_true")
    asked.add_argument("--without", choices=(*PUBLIC, *SIMULATED), default=None)
    chosen = asked.parse_args()
    shops = {name: lessons_of(name) for name in track((*PUBLIC, *SIMULATED), "cutting", total=4)}
    teachers = [shop for name, shop in shops.items() if name != chosen.without]
    weights = SlotWeights.of(FOR_KNOWN, FOR_NEW) if chosen.judge else learn(teachers)
    for name, shop in shops.items():
        plain = shop.objective(start_of(PLAIN))
        print(f"{name:14} hand-set {plain:.4f}  weights {shop.objective(weights):.4f}")
    if not chosen.judge:
        for title, table in zip(("FOR_KNOWN", "FOR_NEW"), weights.as_tables(), strict=True):
            print(f"\n{title}")
            for slot, row in table.items():
                print(f"    {slot!r}: {[round(weight, 2) for weight in row]},")


if __name__ == "__main__":
    main()
