"""What goes with what: directed relations between items, from counts and from content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.growing import GrowingRows
from warmstart.core.linear import FloatArray, IntArray
from warmstart.recommend.complement.baskets import Baskets
from warmstart.recommend.complement.lifts import ContentLift
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.mixture import ItemMixture

STRENGTHS: Final = (0.05, 0.1, 0.2, 1.0, 5.0, 20.0)
EXPONENTS: Final = (0.25, 0.5, 0.75, 1.0)
_QUESTIONS, _FEWEST, _HELD = 500, 100, 0.1
_RAREST, _WORK = 0.5, 80_000_000


@dataclass(frozen=True, kw_only=True)
class RelationSettings:
    """How relations are fitted.

    `strength` is how many expected pairs the prediction from content weighs, `exponent` how much
    popularity counts. With `learn` both are chosen on pairs that are held back, where there are enough.
    """

    strength: float = 0.2
    exponent: float = 0.5
    learn: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Pairwise:
    """Shares of scores and lifts, both of shape (cart, items)."""

    shares: FloatArray
    lifts: FloatArray


@dataclass
class Relations:
    """How much more often than by chance j goes with i, times how often j is taken at all.

    The score of j for i is p_j^exponent · (c_ij + strength · l_ij) / (e_ij + strength), where c_ij counts
    pairs, e_ij = out_i into_j / total is what chance would give, and l_ij is the lift that content
    predicts. This is the mean of λ when c ~ Poisson(λ e) and λ ~ Gamma with mean l and weight `strength`
    (DuMouchel, 1999): one formula for pairs met never, three and three hundred times, on either side.

    The predicted lift is `ContentLift`. New items take part in the counts through their neighbours in
    text (`ItemMixture`).
    """

    pairs: sparse.csr_matrix
    mixture: ItemMixture
    out: FloatArray
    into: FloatArray
    total: float
    taken: FloatArray
    lift: ContentLift
    strength: float
    exponent: float

    def __post_init__(self) -> None:
        self._rooms = {name: GrowingRows() for name in ("out", "into", "taken")}

    @classmethod
    def fit(
        cls,
        features: ItemFeatures | None,
        baskets: Baskets,
        counts: FloatArray,
        mixture: ItemMixture,
        settings: RelationSettings,
    ) -> Self:
        """Fit to what was taken together; `counts` is the number of users of each item."""
        fitted = cls._of(features, baskets.pairs(len(counts)), counts, mixture, settings)
        rng = np.random.default_rng(settings.seed)
        held = rng.permutation(len(baskets.histories))[: int(_HELD * len(baskets.histories))]
        asked = baskets.questions(held, rng)
        if settings.learn and len(asked) >= _FEWEST:
            most = max(_FEWEST, min(_QUESTIONS, _WORK // len(counts)))
            pairs = baskets.without(held).pairs(len(counts))
            inner = cls._of(features, pairs, counts, mixture, settings)
            fitted.strength, fitted.exponent = inner._best(asked[:: -(-len(asked) // most)])
        return fitted

    @classmethod
    def _of(
        cls,
        features: ItemFeatures | None,
        pairs: sparse.csr_matrix,
        counts: FloatArray,
        mixture: ItemMixture,
        settings: RelationSettings,
    ) -> Self:
        rows = mixture.rows
        out, into = (np.asarray(pairs.sum(axis=axis), dtype=np.float32).ravel() for axis in (1, 0))
        return cls(
            pairs=pairs,
            mixture=mixture,
            out=rows @ out,
            into=rows @ into,
            total=max(float(pairs.sum()), 1.0),
            taken=np.maximum(rows @ counts, _RAREST).astype(np.float32),
            lift=ContentLift.fit(features, pairs, seed=settings.seed),
            strength=settings.strength,
            exponent=settings.exponent,
        )

    def scores(
        self, positions: IntArray, weights: FloatArray, *, beyond_likeness: bool = False
    ) -> FloatArray:
        """For every item the weighted sum, over the items at `positions`, of how well it goes with them.

        `beyond_likeness` divides each lift by what mere likeness explains of it.
        """
        total = np.zeros(len(self.into), dtype=np.float32)
        for position, weight in zip(positions.tolist(), weights.tolist(), strict=True):
            lifts = self._lifts(position)
            if beyond_likeness:
                lifts /= self.lift.likeness(np.array([position]), slice(None))[0]
            total += np.float32(weight) * lifts
        scores: FloatArray = total * self.taken**self.exponent
        return scores

    def _lifts(self, position: int) -> FloatArray:
        one = np.ones(1, dtype=np.float32)
        counted = self.mixture.spread(self.pairs, np.array([position]), one)
        return self._shrunk(counted, self._expected(position), self.lift.row(position), self.strength)

    def _expected(self, position: int) -> FloatArray:
        expected: FloatArray = self.into * (self.out[position] / np.float32(self.total))
        return expected

    @staticmethod
    def _shrunk(
        counted: FloatArray, expected: FloatArray, predicted: FloatArray, strength: float
    ) -> FloatArray:
        lifts: FloatArray = (counted + np.float32(strength) * predicted) / (expected + np.float32(strength))
        return lifts

    def pairwise(
        self, positions: IntArray, weights: FloatArray, items: IntArray, *, beyond_likeness: bool = False
    ) -> Pairwise:
        """What each item of the cart adds to the score of each of `items`, and the lifts behind it."""
        counted = self.mixture.pairwise(self.pairs, positions, items)
        expected = np.outer(self.out[positions], self.into[items] / np.float32(self.total))
        lifts = self._shrunk(counted, expected, self.lift.block(positions, items), self.strength)
        if beyond_likeness:
            lifts = lifts / self.lift.likeness(positions, items)
        return Pairwise(weights[:, None] * lifts * self.taken[items] ** self.exponent, lifts)

    def met(self, positions: IntArray, items: IntArray) -> FloatArray:
        """How many pairs of these very items were counted, shape (cart, items); 0 for new ones."""
        old = self.pairs.shape[0]
        counts: FloatArray = np.zeros((len(positions), len(items)), dtype=np.float32)
        rows, columns = np.flatnonzero(positions < old), np.flatnonzero(items < old)
        block = self.pairs[positions[rows]][:, items[columns]]
        counts[np.ix_(rows, columns)] = np.asarray(block.todense())
        return counts

    def _best(self, questions: Sequence[tuple[int, int]]) -> tuple[float, float]:
        """Strength and exponent under which the held-back item stands highest.

        The mean over questions of 1 / log2(1 + rank), not cut at 20: shops with few baskets would
        otherwise be decided by a handful of hits.
        """
        reached = np.zeros((len(STRENGTHS), len(EXPONENTS)))
        popularity = [self.taken**exponent for exponent in EXPONENTS]
        for source, target in questions:
            one = np.ones(1, dtype=np.float32)
            counted = self.mixture.spread(self.pairs, np.array([source]), one)
            expected, predicted = self._expected(source), self.lift.row(source)
            for row, strength in enumerate(STRENGTHS):
                lifts = self._shrunk(counted, expected, predicted, strength)
                for column, popular in enumerate(popularity):
                    scores = lifts * popular
                    scores[source] = -np.inf
                    rank = 1 + np.count_nonzero(scores > scores[target])
                    reached[row, column] += 1.0 / np.log2(1.0 + rank)
        best = divmod(int(reached.argmax()), len(EXPONENTS))
        return STRENGTHS[best[0]], EXPONENTS[best[1]]

    def put(self, features: ItemFeatures | None, positions: IntArray, size: int) -> None:
        """Take in new items, or new text of known ones; `mixture` knows them already."""
        rows, old = self.mixture.rows[positions], self.pairs.shape[0]
        for name in ("out", "into"):  # rows hold nothing but items that are wholly themselves
            self._put(name, positions, rows @ getattr(self, name)[:old], size)
        self._put("taken", positions, np.maximum(rows @ self.mixture.counts[:old], _RAREST), size)
        self.lift.put(features, positions, size)

    def _put(self, name: str, positions: IntArray, values: FloatArray, size: int) -> None:
        setattr(self, name, self._rooms[name].put(getattr(self, name), positions, values, size))

    def get_state(self) -> State:
        """Everything but mixture and content, as a tree that can be saved."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {"mixture", "lift"}}
        return own | {"lift": self.lift.get_state()}

    @classmethod
    def from_state(cls, state: State, mixture: ItemMixture, features: ItemFeatures | None) -> Self:
        """Take back what `get_state` gave."""
        own: dict[str, Any] = dict(state)
        lift = ContentLift.from_state(own.pop("lift"), features)
        return cls(mixture=mixture, lift=lift, **own)
