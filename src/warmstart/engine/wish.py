"""A sentence as a profile: what is asked for in words, beside what a history says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from warmstart.core.linear import BoolArray, FloatArray, standardise, top_positions
from warmstart.data.item_list import ItemList, Reason
from warmstart.data.query import Query
from warmstart.engine.explaining import by_evidence
from warmstart.engine.listing import Told, explained, listed
from warmstart.engine.settings import EngineSettings
from warmstart.engine.shelves import Shelves
from warmstart.engine.stages import Stages
from warmstart.search.hybrid import Legs
from warmstart.search.sentence import Wish
from warmstart.search.sentence_family import in_shop_words
from warmstart.search.sentence_literal import says_any

REFUSED: Final = "refused"
UNPRICED: Final = "price unknown"
_BEST, _TINY = 20, 1e-6
_READ, _READ_PER_PLACE = 20, 4
"""How many of the best items that hold a refused word are read, to see whether they say "without" it."""
_LONGEST_LIST: Final = 1_000


@dataclass(frozen=True)
class Constraints:
    """Rules that a wish sets: bounds on the price, and what must not be.

    Items outside the bounds, and those that say of themselves what is refused, are left out. Items of
    unknown price come after all others, because nobody can promise their price; in a shop without any
    price the bounds cannot hold and are dropped with a warning.
    """

    wish: Wish
    stages: Stages
    shelves: Shelves

    def apply(self, scores: FloatArray, n: int) -> tuple[FloatArray, float]:
        """Scores with NaN for what is ruled out, and how much lower those of unknown price were put.

        Unpriced items are ruled out as well where `n` others remain.
        """
        found = np.where(self._refused(scores, n), np.float32("nan"), scores)
        if not self._bounded:
            return found, 0.0
        prices = self.shelves.prices
        unknown = np.isnan(prices)
        found = np.where(unknown | self._within(prices), found, np.float32("nan"))
        left = np.isfinite(found)
        if not (left & unknown).any() or int((left & ~unknown).sum()) >= n:
            return np.where(unknown, np.float32("nan"), found), 0.0
        gap = float(np.ptp(found[left])) + 1.0
        return np.where(unknown, found - np.float32(gap), found), gap

    def gap(self, scores: FloatArray, position: int) -> float:
        """How much lower an item stands for want of a price, where it is listed at all; mostly 0."""
        if not self._bounded or not np.isnan(self.shelves.prices[position]):
            return 0.0
        return self.apply(scores, _LONGEST_LIST)[1]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was understood, and what could not be."""
        told = [f"understood:{part}" for part in self.wish.understood()]
        if self.wish.price and not self._bounded:
            told.append("shop_without_prices")
        asked = self.wish.price.currency
        if self._bounded and asked:
            known = self.shelves.words.currencies
            if known and asked not in known:
                told.append(f"currency_not_converted:{asked}")
        return (*told, *(f"not_understood:{part}" for part in self.wish.unread))

    @property
    def _bounded(self) -> bool:
        return bool(self.wish.price) and bool(np.isfinite(self.shelves.prices).any())

    def _within(self, prices: FloatArray) -> BoolArray:
        mask = np.ones(len(prices), dtype=np.bool_)
        compare = {"gte": np.greater_equal, "gt": np.greater, "lte": np.less_equal, "lt": np.less}
        for kind, bound in self.wish.price.filters().items():
            mask &= compare[kind](prices, bound)
        return mask

    def _refused(self, scores: FloatArray, n: int) -> BoolArray:
        """Items that say what is refused; of those that hold its words the best are read, the rest go."""
        refused = np.zeros(len(scores), dtype=np.bool_)
        for thing in self.wish.without:
            holding = self.stages.retriever.lexical.holding(thing)
            held = np.where(holding, scores, np.float32("nan"))
            read = top_positions(held, _READ + _READ_PER_PLACE * n)
            said = says_any(self.shelves.texts_of(read), [thing])
            holding[read] = said
            refused |= holding
            refused[self.shelves.flagged(thing)] = True
        return refused


@dataclass(frozen=True)
class Wished:
    """The score of every item for a wish and a history, and its exact parts.

    score = history (or the prior of a stranger) / its reach
          + wish_weight * (words + meaning of what is wanted) / its reach
          - refusal_weight * (likeness to each refused thing, where it is above the average) / its reach.

    The reach of scores is by how much the best of them stand above the middle of the catalogue. Best
    against best is what keeps one weight right for a stranger and for a long history, whose scores
    have longer tails. With a `wish_weight` above 1 the best match comes before what everybody buys.
    Likeness to the refused is measured along what it does not share with the wanted, so that "shoes
    without laces" does not speak against shoes: orthogonal negation (Widdows, 2003).
    """

    query: Query
    constraints: Constraints
    scores: FloatArray
    scale: float
    legs: Legs | None
    refusals: dict[str, FloatArray]
    most: int

    @classmethod
    def of(
        cls, shelves: Shelves, text: str, query: Query, stages: Stages, settings: EngineSettings
    ) -> Wished:
        """Read a sentence and score the whole catalogue for it."""
        wish = shelves.wish(text)
        base = stages.scorer.score(query)
        scale = 0.0 if np.isnan(base).all() else 1.0 / _reach(base)
        legs = _legs(wish, stages, settings.wish_weight)
        refusals = {
            thing: np.float32(-settings.refusal_weight) * _likeness(thing, wish.text, stages)
            for thing in wish.without
        }
        total = np.zeros(len(base), dtype=np.float32) if scale == 0.0 else np.float32(scale) * base
        for part in (*(legs.parts.values() if legs else ()), *refusals.values()):
            total = total + part
        rules = Constraints(wish, stages, shelves)
        return cls(query, rules, total, scale, legs, refusals, settings.reasons_per_item)

    def listed(self, allowed: BoolArray, n: int, told: Told) -> ItemList:
        """The `n` best items that are `allowed` and that the wish does not rule out."""
        scores, gap = self.constraints.apply(np.where(allowed, self.scores, np.float32("nan")), n)
        scorer = self.constraints.stages.scorer
        items = listed(scorer.item_ids_, top_positions(scores, n), scores)
        parts = self.contributions(items.item_ids, gap)
        reasons = [
            told(self._summary(found), self.query, item_id)
            for item_id, found in zip(items.item_ids, parts, strict=True)
        ]
        return explained(items, parts, reasons, self.constraints.warnings)

    def contributions(self, item_ids: Sequence[str], gap: float = 0.0) -> list[tuple[Reason, ...]]:
        """For each item the reasons that sum to its score, largest first.

        `gap` is by how much items of unknown price were put lower.
        """
        scorer = self.constraints.stages.scorer
        parts = scorer.contributions(self.query, item_ids) if self.scale else [()] * len(item_ids)
        return [
            tuple(sorted(self._reasons(position, own, gap), key=lambda reason: -abs(reason.value)))
            for position, own in zip(scorer.positions(item_ids).tolist(), parts, strict=True)
        ]

    def explained(self, item_id: str, allowed: BoolArray) -> tuple[Reason, ...]:
        """The reasons that sum to the score of one item, as it would be listed among those `allowed`."""
        position = int(self.constraints.stages.scorer.positions([item_id])[0])
        scores = np.where(allowed, self.scores, np.float32("nan"))
        return self.contributions([item_id], self.constraints.gap(scores, position))[0]

    def _reasons(self, position: int, own: Sequence[Reason], gap: float) -> Iterator[Reason]:
        yield from (replace(reason, value=self.scale * reason.value) for reason in own)
        legs = self.legs.parts if self.legs else {}
        yield from (Reason(kind=name, value=float(leg[position])) for name, leg in legs.items())
        yield from (Reason(kind=REFUSED, value=float(p[position])) for p in self.refusals.values())
        if gap and np.isnan(self.constraints.shelves.prices[position]):
            yield Reason(kind=UNPRICED, value=-gap)

    def _summary(self, reasons: Sequence[Reason]) -> tuple[Reason, ...]:
        """What words and meaning say for an item, the evidence that adds most, and what is missing."""
        legs = self.legs.parts if self.legs else {}
        said = [reason for reason in reasons if reason.kind in legs and reason.value > 0]
        rest = [reason for reason in reasons if reason.kind not in {*legs, REFUSED, UNPRICED}]
        unpriced = [reason for reason in reasons if reason.kind == UNPRICED]
        return (*said, *by_evidence(rest, self.most), *unpriced)[: self.most + 1]


def _legs(wish: Wish, stages: Stages, weight: float) -> Legs | None:
    """What words and meaning say of every item, found or not; None when nothing is asked for."""
    if not wish.text:
        return None
    text = in_shop_words(wish.text, stages.retriever.lexical.knows)
    legs = stages.retriever.legs(Query(text=text))
    total = sum(legs.parts.values(), np.zeros(len(legs.found), dtype=np.float32))
    unit = np.float32(weight / _reach(total))
    return replace(legs, parts={name: unit * part for name, part in legs.parts.items()})


def _reach(scores: FloatArray) -> float:
    """How far the best scores (twenty, or a tenth of a small catalogue) stand above the middle."""
    known = scores[np.isfinite(scores)]
    if not len(known):
        return 1.0
    best = known[top_positions(known, min(_BEST, max(len(known) // 10, 1)))]
    reach = float(best.mean() - np.median(known))
    return reach if reach > _TINY else 1.0


def _likeness(thing: str, wanted: str, stages: Stages) -> FloatArray:
    """How much more each item is like `thing` than the average is, along what `wanted` does not share."""
    dense = stages.retriever.dense
    likeness = dense.score(Query(text=thing))
    if wanted:
        vectors = stages.encoder.encode([thing, wanted], "query")
        shared = max(float(vectors[0] @ vectors[1]), 0.0)
        likeness = likeness - np.float32(shared) * dense.score(Query(text=wanted))
    above: FloatArray = np.maximum(np.nan_to_num(standardise(likeness)), 0.0).astype(np.float32)
    return above / np.float32(_reach(above))
