"""Any few-shot head as a scorer: events are examples, items are vectors, a shopper is a subject."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import Reason
from warmstart.data.query import Query
from warmstart.recommend.few_shot.journeys import Journey, choices, journeys
from warmstart.recommend.few_shot.space import ItemSpace
from warmstart.recommend.history import HistoryScorer
from warmstart.roles.few_shot_head import Evidence, FewShotHead, Values

PRIOR: Final = "prior"
"""The kind of a reason that is no event: what everyone is expected to like."""
SPACE_SETTINGS: Final = ("damping", "content_weight", "popularity_exponent")


def examples(
    vectors: FloatArray, commonness: FloatArray, positions: IntArray, weights: FloatArray
) -> Evidence:
    """Events as examples: the target is 1 for and 0 against, the precision |weight| / commonness."""
    return Evidence.of(vectors[positions], weights > 0, np.abs(weights) / commonness[positions])


@dataclass(kw_only=True)
class FewShotScorer(HistoryScorer):
    """Base of scorers that ask a few-shot head, over items in one space of behaviour and content.

    An event on an item is an example: its vector, the target 1 (0 where the event speaks against the
    item) and a weight, which is that of the event's type or rating, over the item's rate to the power
    `rarity`: what everyone buys says little about anyone (inverse propensity weights, Schnabel et al.,
    2016). New items have vectors by their content and take part on both sides.

    A new one writes `_fit_head`, which learns from journeys and sets `_head`.
    """

    serves_items: ClassVar[frozenset[str]] = frozenset({"hot", "warm"})
    needs_encoder: ClassVar[bool] = True

    dim: int = 128
    content_dim: int = 128
    damping: float = tunable(0.25, low=0.0, high=0.5)
    content_weight: float = tunable(0.6, low=0.1, high=2.0, log=True)
    popularity_exponent: float = tunable(0.35, low=0.0, high=0.5)
    rarity: float = 0.5
    seed: int = 0

    def _fit_tables(self, dataset: Dataset) -> None:
        self._texts = dataset.item_texts
        self._fit_users(journeys(dataset, self._place, self._scale, self._texts))
        del self._texts

    def _fit_users(self, users: Sequence[Journey]) -> None:
        self.chosen_ = self._choose(users)
        self._space = self._space_of(users, self.chosen_["damping"])
        self._look()
        self._head = self._fit_head(users)

    def _choose(self, users: Sequence[Journey]) -> dict[str, float]:
        """The settings in use: those of the fields, or better ones found on users held out."""
        return {name: float(getattr(self, name)) for name in SPACE_SETTINGS}

    @abstractmethod
    def _fit_head(self, users: Sequence[Journey]) -> FewShotHead:
        """A head that has learned from these users, over `_vectors`."""

    @abstractmethod
    def _new_head(self) -> FewShotHead:
        """An unfitted head of the right kind, to load what was learned into."""

    def _space_of(self, users: Sequence[Journey], damping: float) -> ItemSpace:
        return ItemSpace.fit(
            self._text(),
            choices(users, len(self.item_ids_)),
            dim=self.dim,
            content_dim=self.content_dim,
            damping=damping,
            seed=self.seed,
        )

    def _look(self) -> None:
        """Take the vectors from the space."""
        self._vectors = self._space.vectors(
            self.chosen_["content_weight"], self.chosen_["popularity_exponent"]
        )
        self._rates = self._space.rates
        self._unknown = ~self._space.hot & ~self._space.content.any(axis=1)

    def evidence(self, query: Query) -> Evidence:
        """The query's events as examples, in order."""
        return self._examples(*self.history(query))

    def _examples(self, positions: IntArray, weights: FloatArray) -> Evidence:
        return examples(self._vectors, self._rates**self.rarity, positions, weights)

    def _score(self, query: Query) -> FloatArray:
        evidence = self.evidence(query)
        if not self._head.is_fitted or not (len(evidence) or self._space.hot.any()):
            return np.full(len(self.item_ids_), np.nan, dtype=np.float32)
        scores = self._answer(evidence).astype(np.float32)
        scores[self._unknown] = np.nan
        return scores

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        return self._answer(self._examples(positions, weights)).astype(np.float32)

    def _answer(self, evidence: Evidence) -> Values | FloatArray:
        """The head's mean for every item of the catalogue."""
        return self._head.predict(evidence, self._vectors)[0]

    def predict(self, query: Query, item_ids: Sequence[str]) -> tuple[Values, Values]:
        """Mean and variance of the score of known items; NaN where the head has no variance."""
        self._check_fitted()
        return self._head.predict(self.evidence(query), self._vectors[self.positions(item_ids)])

    def contributions(self, query: Query, item_ids: Sequence[str]) -> list[tuple[Reason, ...]]:
        """For each known item what the prior and each event add to its score, largest first.

        The values of one item sum to its score.
        """
        self._check_fitted()
        positions, weights = self.history(query)
        names = ["", *(self.item_ids_[position] for position in positions)]
        kinds = [PRIOR, *(type(self._head).__name__ for _ in positions)]
        parts = self._head.contributions(
            self._examples(positions, weights), self._vectors[self.positions(item_ids)]
        )
        return [_reasons(kinds, names, row) for row in parts]

    def _put(self, positions: IntArray) -> None:
        self._space.put(self._text(), positions, len(self.item_ids_))
        self._look()

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        return super().get_state() | {"space": self._space.get_state(), "head": self._head.get_state()}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave; `use_encoder` must follow before new items are added."""
        own = dict(state)
        self._space = ItemSpace(**own.pop("space"))
        self._head = self._new_head()
        self._head.set_state(own.pop("head"))
        super().set_state(own)
        self._look()


def _reasons(kinds: Sequence[str], names: Sequence[str], values: Values) -> tuple[Reason, ...]:
    parts = zip(kinds, names, values.tolist(), strict=True)
    found = [Reason(kind=kind, value=value, item_id=name) for kind, name, value in parts]
    return tuple(sorted(found, key=lambda reason: -abs(reason.value)))
