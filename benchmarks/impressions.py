"""What it says that an item was shown and left alone: impressions read as evidence, or ignored.

    python benchmarks/impressions.py [--quick]

Simulated shops that log impressions, three in English and three in Chinese; a fifth of the users is
withheld. Of a withheld user the events up to the k-th item that they opened or bought are known, with all
that was shown to them until then; asked is what they turn to afterwards for the first time. What was shown
in vain, and how far, says `evidence.left_alone`. It may be read

- around: as evidence with a weight against (or, where the shop teaches that, for) what is like it
- itself: as a reason to show that very item later; in the fused score as a share of the best score that
  there could be (`impression_discount`), in the taste posterior in standard deviations of the scores

nDCG@20, mean over users; intervals of the differences by bootstrap over users. The discount of the fused
score was chosen on other shops (seeds 0 to 2).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import polars as pl

from warmstart import Dataset, Event
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, IntArray, top_positions
from warmstart.data.query import Query
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.data.simulator.settings import ShopLanguage
from warmstart.data.splits import new_users
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.recommend.event_weights import learn_event_weights
from warmstart.recommend.evidence import EVENT_WEIGHTS, SHOWN, left_alone
from warmstart.recommend.few_shot.taste import TasteScorer
from warmstart.recommend.fused.parts import PRIORS, RECENT, SLOTS, amount, part_of
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.recommend.fused.weights import damping

RESULT = Path(__file__).resolve().parent / "results" / "impressions.json"
SHOPS = (("en", 10), ("en", 11), ("en", 12), ("zh", 13), ("zh", 14), ("zh", 15))
SHOTS, DEPTH, RESAMPLES = (0, 1, 3, 5, 10), 20, 1_000
IGNORED: Final = "ignored"
AROUND: Final = (-0.3, -0.1, -0.03)
DISCOUNTS: Final = (0.1, 0.3, 0.6)
OFF: Final = (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Question:
    """What is known of a user after `shots` items, and what they turned to afterwards."""

    shots: int
    known: tuple[Event, ...]
    wanted: tuple[str, ...]


def says(event: Event) -> bool:
    """Whether an event is evidence by itself."""
    return EVENT_WEIGHTS[event.event_type] > 0


def questions(events: Sequence[Event]) -> Iterator[Question]:
    """One user's questions, at each number of items after which three or more follow."""
    chosen = list(dict.fromkeys(str(event.item_id) for event in events if says(event)))
    first = {
        item: next(i for i, e in enumerate(events) if e.item_id == item and says(e)) for item in chosen
    }
    for shots in SHOTS:
        if len(chosen) >= shots + 3:
            end = first[chosen[shots - 1]] + 1 if shots else first[chosen[0]]
            yield Question(shots, tuple(events[:end]), tuple(chosen[shots:]))


def log_of(dataset: Dataset, users: frozenset[str]) -> Iterator[list[Event]]:
    """Each user's events with items, oldest first, users in the order of their ids."""
    rows = dataset.interactions.filter(pl.col(c.USER_ID).is_in(list(users)))
    for (user_id,), frame in rows.sort(c.USER_ID, maintain_order=True).group_by(
        c.USER_ID, maintain_order=True
    ):
        columns = frame.select(c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP, c.VALUE)
        yield [
            Event(user_id=str(user_id), item_id=str(item), event_type=kind, timestamp=at, value=value)
            for item, kind, at, value in columns.iter_rows()
        ]


Shown = tuple[IntArray, FloatArray]
"""Catalogue positions of what was shown in vain, and how far."""


def fused_scores(scorer: FusedScorer, known: Sequence[Event], left: Shown, around: float) -> FloatArray:
    """The fused score with what was left alone in its sums, but not in how much is known."""
    scores = scorer.score(Query(events=tuple(event for event in known if event.event_type not in SHOWN)))
    if not around or not len(left[0]):
        return scores
    known_amount = amount(scorer.history(Query(events=tuple(known)))[1])
    parts, units = scorer._parts, dict[str, FloatArray]()
    for slot, pair in zip(SLOTS, scorer._slots.at(known_amount), strict=True):
        if slot not in PRIORS and not slot.endswith(RECENT) and pair.any():
            unit = np.float32(around * damping(known_amount) / parts.norms[part_of(slot)])
            units[part_of(slot)] = np.multiply.outer(left[1], pair * unit).astype(np.float32)
    return scores + parts.mix(left[0], units)


def taste_scores(scorer: TasteScorer, known: Sequence[Event], left: Shown, around: float) -> FloatArray:
    """The taste posterior with what was left alone as examples, targets 0 where they speak against."""
    positions, weights = scorer.history(Query(events=tuple(known)))
    if around:
        positions = np.concatenate([left[0], positions])
        weights = np.concatenate([np.float32(around) * left[1], weights])
    return scorer._score_history(positions, weights)


@dataclass(frozen=True)
class Asked:
    """The scorers of one shop, and the weight of an impression that it taught."""

    fused: FusedScorer
    taste: TasteScorer
    learned: float

    @classmethod
    def fit(cls, train: Dataset) -> Asked:
        """Both scorers with their defaults."""
        found, encoder = learn_event_weights(train), CatalogueEncoder().fit(train.item_texts)
        learned = found.weights.get("impression", 0.0) / max(found.weights.values()) if found.gain else 0.0
        return cls(FusedScorer().fit(train, encoder), TasteScorer().fit(train, encoder), learned)

    def answers(self, known: Sequence[Event]) -> Iterator[tuple[str, str, FloatArray]]:
        """Scorer, reading, and the scores of the catalogue under it."""
        shown = left_alone(known)
        shares = np.array(list(shown.values()), dtype=np.float32)
        left = self.fused.positions(list(shown)), shares
        around = {f"around, {weight:g}": weight for weight in AROUND} | {"around, learned": self.learned}
        for reading, weight in {IGNORED: 0.0, **around}.items():
            yield "fused", reading, fused_scores(self.fused, known, left, weight)
            yield "taste", reading, taste_scores(self.taste, known, left, weight)
        plain = taste_scores(self.taste, known, left, 0.0)
        for off in OFF:
            lowered = plain.copy()
            lowered[left[0]] -= np.float32(off * float(np.nanstd(plain))) * shares
            yield "taste", f"itself, {off:g} deviations", lowered
        default = self.fused.impression_discount
        for discount in DISCOUNTS:
            self.fused.impression_discount = discount
            yield "fused", f"itself, {discount:g}", self.fused.score(Query(events=tuple(known)))
        self.fused.impression_discount = default


def ndcg(scores: FloatArray, wanted: IntArray) -> float:
    """NDCG@20 of the catalogue without what was touched."""
    discounts = 1.0 / np.log2(np.arange(2, DEPTH + 2))
    return float(np.isin(top_positions(scores, DEPTH), wanted) @ discounts / discounts[: len(wanted)].sum())


def measure(language: str, seed: int, n_users: int) -> tuple[dict[Any, list[float]], float]:
    """NDCG of each user by scorer, shots and reading; and the weight that the shop taught."""
    settings = SimulatorSettings(
        n_users=n_users, language=cast("ShopLanguage", language), seed=seed, impressions=True
    )
    dataset = simulate(settings).dataset
    split = new_users(dataset, seed)
    asked = Asked.fit(split.train)
    found: dict[Any, list[float]] = {}
    for events in log_of(dataset, split.new_users):
        for question in questions(events):
            wanted = asked.fused.positions(question.wanted)
            touched = asked.fused.positions(sorted({str(e.item_id) for e in question.known if says(e)}))
            for scorer, reading, scores in asked.answers(question.known):
                scores[touched] = np.nan
                found.setdefault((scorer, question.shots, reading), []).append(ndcg(scores, wanted))
    return found, asked.learned


def summary(key: tuple[str, int, str], values: FloatArray, plain: FloatArray) -> dict[str, Any]:
    """The mean, and its difference from ignoring impressions with an interval."""
    gains = values - plain
    rng = np.random.default_rng(0)
    means = [float(rng.choice(gains, len(gains)).mean()) for _ in range(RESAMPLES)]
    low, high = np.quantile(means, (0.025, 0.975))
    return {
        "scorer": key[0],
        "shots": key[1],
        "reading": key[2],
        "users": len(values),
        "ndcg": round(float(values.mean()), 4),
        "difference": round(float(gains.mean()), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


def main(*, quick: bool = False) -> None:
    """Measure and write; `quick` measures one small shop and writes nothing."""
    pooled: dict[Any, list[float]] = {}
    learned = []
    for language, seed in SHOPS[: 1 if quick else None]:
        found, weight = measure(language, seed, 500 if quick else 3_000)
        learned.append({"language": language, "seed": seed, "weight": round(weight, 4)})
        print(learned[-1], flush=True)
        for key, values in found.items():
            pooled.setdefault(key, []).extend(values)
    rows = [
        summary(key, np.array(values), np.array(pooled[(*key[:2], IGNORED)]))
        for key, values in pooled.items()
    ]
    for row in rows:
        print(row, flush=True)
    if not quick:
        report = {
            "command": "python benchmarks/impressions.py",
            "shops": learned,
            "rows": rows,
        }
        RESULT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
