"""The ways to score that `trials.py` asks: evidence weighed by the candidate, and heads for purchases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl
from scipy import sparse

from warmstart import Dataset
from warmstart.core import columns as c
from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.data.query import Query
from warmstart.evaluate.methods import fitted_encoder
from warmstart.recommend.evidence import EVENT_WEIGHTS
from warmstart.recommend.fused.parts import (
    DRIFT,
    KNN,
    PRIORS,
    PROJECTION,
    RECENT,
    SLOTS,
    TABLES,
    TASTE,
    WALK,
    amount,
    part_of,
    recent,
)
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.recommend.fused.weights import damping

TODAY: Final = "today"
DEPTH: Final = 20
READ: Final = tuple(dict.fromkeys(part_of(slot) for slot in SLOTS if slot not in PRIORS))
Scores = Callable[[Query], Mapping[str, FloatArray]]
"""For a question the scores of the catalogue under each trial, today's among them."""


def softmax(raw: FloatArray, weights: FloatArray, level: float, sharpness: float) -> FloatArray:
    """Each piece weighs exp(sharpness · what it says of the candidate over the part's norm)."""
    loud = weights[:, None] * np.exp(np.minimum(sharpness * raw / level, 30.0))
    found: FloatArray = (loud * raw).sum(axis=0) / loud.sum(axis=0) * weights.sum()
    return found


def power(raw: FloatArray, weights: FloatArray, level: float, exponent: float) -> FloatArray:
    """The power mean of what the pieces say, those that speak against aside."""
    del level
    mean = weights @ np.maximum(raw, 0.0) ** exponent / weights.sum()
    found: FloatArray = mean ** (1.0 / exponent) * weights.sum()
    return found


def strongest(raw: FloatArray, weights: FloatArray, level: float, most: int) -> FloatArray:
    """The sum over those pieces alone that say most of the candidate."""
    del level
    said = np.sort(weights[:, None] * raw, axis=0)[::-1]
    found: FloatArray = said[:most].sum(axis=0) * len(raw) / min(most, len(raw))
    return found


READINGS: Final[Mapping[str, Callable[[FloatArray, FloatArray, float], FloatArray]]] = {
    **{f"softmax {s:g}": partial(softmax, sharpness=s) for s in (1.0, 4.0)},
    **{f"power {p:g}": partial(power, exponent=p) for p in (0.5, 0.7, 2.0)},
    **{f"strongest {m}": partial(strongest, most=m) for m in (1, 2)},
}
WHERE: Final = {"tables": TABLES, "all parts": READ}


def attention(scorer: FusedScorer, train: Dataset) -> Scores:
    """Every reading in place of the plain sum, in the tables or in all parts that read a history."""
    del train
    return partial(_attended, scorer)


def _attended(scorer: FusedScorer, query: Query) -> dict[str, FloatArray]:
    positions, weights = scorer.history(query)
    today = scorer.score(query)
    parts, found = scorer._parts, {TODAY: today}
    kept, for_it = np.flatnonzero(weights > 0), weights[weights > 0]
    ones = [np.ones(1, dtype=np.float32)] * len(kept)
    raw = parts.raw([positions[[i]] for i in kept], ones, READ) if len(kept) else {}
    changes: dict[str, dict[str, FloatArray]] = {name: {} for name in READINGS}
    units = units_of(scorer, amount(weights))
    for slot, unit in units.items():
        own = raw.get(part_of(slot))
        if own is None:
            continue
        each = recent(weights)[kept] if slot.endswith(RECENT) else for_it
        plain = each @ own
        for name, read in READINGS.items():
            other = read(own, each, parts.norms[part_of(slot)])
            changes[name][slot] = unit * (levelled(other, plain) - plain)
    for name, by_slot in changes.items():
        for where, among in WHERE.items():
            moved = [change for slot, change in by_slot.items() if part_of(slot) in among]
            found[f"{name}, {where}"] = today + np.sum(moved, axis=0)
    return found


def units_of(scorer: FusedScorer, known: float) -> dict[str, FloatArray]:
    """What each slot that reads a history weighs for each item, norm and damping included."""
    own, at = scorer._parts.transfer.own, scorer._slots.at(known)
    return {
        slot: (own * pair[0] + (1 - own) * pair[1]) * damping(known) / scorer._parts.norms[part_of(slot)]
        for slot, pair in zip(SLOTS, at, strict=True)
        if slot not in PRIORS and pair.any()
    }


def levelled(values: FloatArray, plain: FloatArray) -> FloatArray:
    """Values whose top stands as high as that of the plain sum, so that no part gains or loses by it."""
    tops = top_of(values), top_of(plain)
    return values * np.float32(tops[1] / tops[0]) if min(tops) > 0 else plain


def top_of(values: FloatArray) -> float:
    """The mean of the highest."""
    return float(np.partition(values, -DEPTH)[-DEPTH:].mean())


def kinds(scorer: FusedScorer, train: Dataset) -> Scores:
    """Heads for purchases: tables from what is bought and from what is only looked at to what is bought,
    shrunk to today's; and the whole score taught by purchases alone, mixed with today's.
    """
    bought = replace(train, events=train.events.filter(pl.col(c.EVENT_TYPE) == "purchase"))
    alone = FusedScorer(learn=False, weights=scorer.weights_, new_weights=scorer.new_weights_)
    alone.fit(bought, fitted_encoder(train, "catalogue"))
    return partial(_headed, scorer, alone, Heads.fit(train))


@dataclass(frozen=True)
class Heads:
    """Co-occurrence by the kind of what is known, with purchases; and of everything with everything."""

    kinds: Mapping[str, tuple[sparse.csr_matrix, FloatArray]]
    sold: FloatArray
    pooled: sparse.csr_matrix
    counts: FloatArray
    tables: dict[tuple[str, float], sparse.csr_matrix] = field(default_factory=dict)

    @classmethod
    def fit(cls, train: Dataset) -> Heads:
        """Count."""
        bought, touched = matrices(train)
        looked = sparse.csr_matrix(touched - bought.multiply(touched))
        rows = {"bought": bought, "looked at": looked}
        return cls(
            {name: (without_itself(own.T @ bought), count(own)) for name, own in rows.items()},
            count(bought),
            without_itself(touched.T @ touched),
            count(touched),
        )

    def said(
        self, positions: IntArray, weights: FloatArray, is_bought: BoolArray, trust: float
    ) -> FloatArray:
        """What a history says of every item, each piece by the table of its kind."""
        total = np.zeros(len(self.counts), dtype=np.float32)
        for kind, own in (("bought", is_bought), ("looked at", ~is_bought)):
            if (kind, trust) not in self.tables:
                self.tables[kind, trust] = self.table(kind, trust)
            total += np.asarray(weights[own] @ self.tables[kind, trust][positions[own]]).ravel()
        return total

    def table(self, kind: str, trust: float) -> sparse.csr_matrix:
        """(own + trust · pooled) counts over the same of their roots, shrunk as today's table is."""
        together, counts = self.kinds[kind]
        own = np.sqrt(np.outer(counts, self.sold))
        pooled = np.sqrt(np.outer(self.counts, self.counts))
        shrinkage = 100.0 * (trust + own.sum() / pooled.sum())
        both = together.toarray() + trust * self.pooled.toarray()
        return sparse.csr_matrix((both / (own + trust * pooled + shrinkage)).astype(np.float32))


def count(matrix: sparse.csr_matrix) -> FloatArray:
    """Users of each item."""
    return np.asarray(matrix.sum(axis=0), dtype=np.float32).ravel()


def without_itself(matrix: Any) -> sparse.csr_matrix:
    """Without the diagonal."""
    found: sparse.csr_matrix = sparse.csr_matrix(matrix)
    found.setdiag(0)
    found.eliminate_zeros()
    return found


def matrices(train: Dataset) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Who bought what, and who did anything that speaks for it."""
    place = {item: i for i, item in enumerate(train.item_ids)}
    number: dict[str, int] = {}
    cells: dict[bool, set[tuple[int, int]]] = {True: set(), False: set()}
    for user, item, kind in train.interactions.select(c.USER_ID, c.ITEM_ID, c.EVENT_TYPE).iter_rows():
        if item in place and EVENT_WEIGHTS[kind] > 0:
            cell = number.setdefault(user, len(number)), place[item]
            cells[False].add(cell)
            if kind == "purchase":
                cells[True].add(cell)
    shape = (len(number), len(place))
    made = []
    for only_bought in (True, False):
        rows, columns = np.array(sorted(cells[only_bought])).T
        made.append(sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape))
    return made[0], made[1]


TRUSTS: Final = (0.0, 0.3, 1.0)
SHARES: Final = (0.25, 0.5, 1.0)
HALF: Final = np.float32(0.5)
ALONE: Final = {"tables": TABLES, "taste and leads to": (TASTE, DRIFT), "content": (PROJECTION,)}
"""Parts that are taught by purchases, the others staying what they are."""


def _headed(scorer: FusedScorer, alone: FusedScorer, heads: Heads, query: Query) -> dict[str, FloatArray]:
    today, sold = scorer.score(query), alone.score(query)
    found = {TODAY: today}
    change = sold * np.float32(np.std(today) / np.std(sold)) - today
    for share in SHARES:
        found[f"taught by purchases, {share:.0%}"] = today + np.float32(share) * change
    positions, weights = scorer.history(query)
    found["popularity by purchases, 50%"] = today + HALF * change_of_priors(scorer, alone, amount(weights))
    changes = change_of_parts(scorer, alone, positions, weights)
    for name, among in ALONE.items():
        moved = [moves for part, moves in changes.items() if part in among]
        found[f"{name} by purchases, 50%"] = today + HALF * np.sum(moved, axis=0)
    bought = {event.item_id for event in query.events if event.event_type == "purchase"}
    is_bought = np.array([scorer.item_ids_[i] in bought for i in positions])
    parts, units = scorer._parts, units_of(scorer, amount(weights))
    plain = parts.raw([positions], [weights], (KNN, WALK))
    for trust in TRUSTS:
        said = parts.transfer.carried(heads.said(positions, weights, is_bought, trust)[None])[0]
        moved = [
            unit * (levelled(said, plain[slot][0]) - plain[slot][0])
            for slot, unit in units.items()
            if slot in (KNN, WALK)
        ]
        found[f"tables by kind, pooled {trust:g}"] = today + np.sum(moved, axis=0)
    return found


def change_of_parts(
    scorer: FusedScorer, other: FusedScorer, positions: IntArray, weights: FloatArray
) -> dict[str, FloatArray]:
    """What changes when a part is that of another scorer, its top as high as before."""
    found: dict[str, FloatArray] = {}
    read = {
        lately: [
            one._parts.raw([positions], [recent(weights) if lately else weights], READ)
            for one in (scorer, other)
        ]
        for lately in (False, True)
    }
    for slot, unit in units_of(scorer, amount(weights)).items():
        own, theirs = (parts[part_of(slot)][0] for parts in read[slot.endswith(RECENT)])
        found[part_of(slot)] = found.get(part_of(slot), 0) + unit * (levelled(theirs, own) - own)
    return found


def change_of_priors(scorer: FusedScorer, other: FusedScorer, known: float) -> FloatArray:
    """What changes when popularity is that among another's events."""
    own, at = scorer._parts.transfer.own, dict(zip(SLOTS, scorer._slots.at(known), strict=True))
    theirs = other._parts.priors()
    moved = [
        (own * at[name][0] + (1 - own) * at[name][1])
        * (theirs[name] / other._parts.norms[name] - values / scorer._parts.norms[name])
        for name, values in scorer._parts.priors().items()
    ]
    return np.asarray(np.sum(moved, axis=0), dtype=np.float32)
