"""Learn on other shops the weights that a new shop starts from; writes prior_weights.json.

    python scripts/learn_prior.py                    learn, and write the file
    python scripts/learn_prior.py --judge            what every teacher's weights earn in every shop

Three teachers: `beauty` (many products that few buy) and `ml100k` (few films that everybody rates), in
WARMSTART_DATA, without any user that `new-users` and `new-both` withhold in seeds 0 to 2 (`new-items` and
`warm` ask everybody, so there the own teacher has seen half of the users); and two simulated shops, English
and Chinese. Cold starts are cut from each; with `--judge` half of the users teach and the other half is
asked. Ascent is Adam on the smooth nDCG of some cold starts at a time, from the mean of the weights in the
file: a new run gives weights that earn about the same, not the same weights. For every knot they are scaled
to the same sum, so that no teacher speaks louder than another.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

import numpy as np

from warmstart import Dataset, read_shop
from warmstart.core.progress import track
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.data.splits import choose_users, without
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.recommend import fused
from warmstart.recommend.fused.lessons import Lessons
from warmstart.recommend.fused.prior_weights import PRIOR_FILE, prior_weights
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.recommend.fused.weights import SlotWeights

DATA: Final = Path(
    os.environ.get("WARMSTART_DATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data")
)
SIMULATED: Final = {"simulated-en": ("en", 1), "simulated-zh": ("zh", 2)}
TEACHERS: Final = {"beauty": ("beauty",), "ml100k": ("ml100k",), "simulated": tuple(SIMULATED)}
CUTS: Final = {"ml100k": 3}
"""A small shop is cut several times, other users and items each time."""
QUESTIONS, STEPS, BATCH, RATE, PULL, SOFTNESS, SUM = 2000, 250, 1200, 0.03, 0.0005, 0.08, 4.0
_APART: Final = 1_000_000


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
    cuts = []
    for seed in range(CUTS.get(name, 1)):
        scorer.seed = seed
        cut = scorer.lessons(shop, QUESTIONS)
        if cut is None:
            raise SystemExit(f"{name} has no cold starts to learn from")
        cuts.append(cut)
    return joined(cuts)


def joined(cuts: Sequence[Lessons]) -> Lessons:
    """Several cuts as one; users keep apart."""
    values = {
        field.name: np.concatenate([getattr(cut, field.name) for cut in cuts]) for field in fields(Lessons)
    }
    values["user"] = np.concatenate([cut.user + _APART * i for i, cut in enumerate(cuts)])
    return Lessons(**values)


def ascend(shops: Sequence[Lessons], start: SlotWeights) -> SlotWeights:
    """Adam on the mean over shops of the objective relative to the start."""
    rng = np.random.default_rng(0)
    shops = [shop.relative_to(start) for shop in shops]
    levels = [shop.objective(start) for shop in shops]
    values = start.values.astype(np.float64)
    mean, square = np.zeros_like(values), np.zeros_like(values)
    for step in track(range(1, STEPS + 1), "learning", total=STEPS):
        now = values.astype(np.float32)
        slopes = [
            some(shop, rng).gradient(now, SOFTNESS) / level
            for shop, level in zip(shops, levels, strict=True)
        ]
        slope = np.mean(slopes, axis=0) - PULL * (values - start.values)
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        rate = RATE * (1 - (step - 1) / STEPS)
        ahead = rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-5)
        values = np.maximum(values + ahead, 0.0)
    return scaled(values)


def some(shop: Lessons, rng: np.random.Generator) -> Lessons:
    """A batch of problems."""
    size = len(shop.user)
    return shop.only(np.sort(rng.choice(size, min(BATCH, size), replace=False)))


def scaled(values: np.ndarray) -> SlotWeights:
    """The same mixtures with the same sum at every knot; known and new items keep their proportion."""
    level = values.sum(axis=2).mean(axis=0)
    return SlotWeights((values * (SUM / np.maximum(level, 1e-9))[None, :, None]).astype(np.float32))


def write(found: Mapping[str, SlotWeights]) -> None:
    """The file that `prior_weights` reads."""
    tables = {
        name: {
            side: {slot: [round(weight, 3) for weight in row] for slot, row in table.items()}
            for side, table in zip(("known", "new"), weights.as_tables(), strict=True)
        }
        for name, weights in found.items()
    }
    path = Path(str(fused.__file__)).with_name(PRIOR_FILE)
    path.write_text(in_rows(tables) + "\n", encoding="utf-8")


def in_rows(tables: Mapping[str, Mapping[str, Mapping[str, list[float]]]]) -> str:
    """JSON with a line for each slot."""
    teachers = []
    for name, sides in tables.items():
        parts = []
        for side, table in sides.items():
            rows = ",\n".join(f"   {json.dumps(slot)}: {json.dumps(row)}" for slot, row in table.items())
            parts.append(f"  {json.dumps(side)}: {{\n{rows}\n  }}")
        teachers.append(f" {json.dumps(name)}: {{\n" + ",\n".join(parts) + "\n }")
    return "{\n" + ",\n".join(teachers) + "\n}"


def middle() -> SlotWeights:
    """The mean of today's weights."""
    return SlotWeights(np.mean([weights.values for weights in prior_weights().values()], axis=0))


def main() -> None:
    """Learn or judge."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--judge", action="store_true")
    judges = asked.parse_args().judge
    names = [name for taught in TEACHERS.values() for name in taught]
    shops = {name: lessons_of(name) for name in track(names, "cutting", total=len(names))}
    teach = {name: shop.only(shop.user % 2 == 0) if judges else shop for name, shop in shops.items()}
    found = {
        teacher: ascend([teach[name] for name in taught], middle()) for teacher, taught in TEACHERS.items()
    }
    if not judges:
        write(found)
        return
    found |= {"mean of all": SlotWeights(np.mean([one.values for one in found.values()], axis=0))}
    print(f"{'nDCG@20 of users not learned from':34}" + "".join(f"{name:>14}" for name in names))
    for teacher, weights in found.items():
        gains = [shops[name].only(shops[name].user % 2 == 1).objective(weights) for name in names]
        print(f"{teacher:34}" + "".join(f"{gain:14.4f}" for gain in gains))


if __name__ == "__main__":
    main()
