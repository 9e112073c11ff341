"""Items that go with those of a cart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, resized
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.recommend.base import TextScorer
from warmstart.recommend.complement.baskets import Baskets
from warmstart.recommend.complement.relations import Relations, RelationSettings
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.history import HistoryScorer
from warmstart.recommend.mixture import ItemMixture
from warmstart.roles.encoder import Encoder


@dataclass(frozen=True)
class Relation:
    """How an item is related to one of a cart.

    `share` is what this adds to its score, `lift` how many times more often than by chance the two go
    together, and `met` whether these very two ever did.
    """

    item_id: str
    share: float
    lift: float
    met: bool


@dataclass(kw_only=True)
class ComplementScorer(HistoryScorer):
    """What goes *with* the items of a cart, which is not what is *like* them.

    How much more often than by chance each item was taken together with those of the cart, shrunk
    towards what content predicts, times its popularity to a power (`relations.Relations`). Together means
    in one session, or near in a user's order where the log has no sessions; then it is directed:
    what comes after counts more than what came before. `strength` and `exponent` are learned from
    baskets held back when there are a thousand or more (`learn`).

    *Use it* for carts and beside an item; *not* for a user's next list, which has its own history of
    likes. *Serves*: hot and warm, new items through their text. *Cost*: a few seconds for a hundred
    thousand events; a query goes over the catalogue once per item of the cart.
    """

    strength: float = tunable(0.2, low=0.01, high=100.0, log=True)
    exponent: float = tunable(0.5, low=0.0, high=1.0)
    learn: bool = True
    seed: int = 0

    def fit_beside(self, owner: TextScorer, dataset: Dataset) -> Self:
        """Fit on the text features of another fitted scorer, which keeps and saves them."""
        self._take_ids(dataset.item_ids)
        self._encoder = None
        self._features = owner.features
        self._saved_features = None
        self._take_scale(dataset)
        self._fit_tables(dataset)
        self.borrowed_ = True
        return self

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        super()._fit(dataset, encoder)
        self.borrowed_ = False

    def refit(self, dataset: Dataset) -> None:
        """Learn the tables again from other events on the same items; text features stay."""
        self._check_fitted()
        self._take_scale(dataset)
        self._fit_tables(dataset)

    def _fit_tables(self, dataset: Dataset) -> None:
        counts = np.asarray(interaction_matrix(dataset).sum(axis=0), dtype=np.float32).ravel()
        settings = RelationSettings(
            strength=self.strength, exponent=self.exponent, learn=self.learn, seed=self.seed
        )
        self._mixture = ItemMixture.fit(self._features, counts, strength=0.0)
        self._saved_relations: State | None = None
        self._relations = Relations.fit(
            self._features, Baskets.of(dataset), counts, self._mixture, settings
        )

    def knows(self, query: Query) -> bool:
        """Whether anything was ever taken together, and anything of the query is in the catalogue."""
        return bool(self._relations.pairs.nnz) and len(self.history(query)[0]) > 0

    def has_events(self, item_id: str) -> bool:
        """Whether anyone had touched an item when the tables were fitted."""
        position, counts = self._place.get(item_id), self._mixture.counts
        return position is not None and position < len(counts) and bool(counts[position] > 0)

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        return self._known_only(self._relations.scores(positions, weights))

    def _known_only(self, scores: FloatArray) -> FloatArray:
        scores[np.diff(self._mixture.rows.indptr) == 0] = np.nan
        return scores

    def beyond_likeness(self, query: Query) -> FloatArray:
        """The scores divided by what mere likeness explains: what goes with, not what is alike."""
        return self._known_only(self._relations.scores(*self.history(query), beyond_likeness=True))

    def relate(
        self, query: Query, item_ids: Sequence[str], *, beyond_likeness: bool = False
    ) -> list[list[Relation]]:
        """For each item how it is related to each item of the query; `share`s sum to its score."""
        positions, weights = self.history(query)
        items = np.array([self._place[item_id] for item_id in item_ids], dtype=np.int64)
        parts = self._relations.pairwise(positions, weights, items, beyond_likeness=beyond_likeness)
        met = self._relations.met(positions, items) > 0
        return [
            [
                Relation(self.item_ids_[h], float(share), float(lift), bool(together))
                for h, share, lift, together in zip(
                    positions, parts.shares[:, column], parts.lifts[:, column], met[:, column], strict=True
                )
            ]
            for column in range(len(items))
        ]

    def _add(self, items: pl.DataFrame, positions: IntArray) -> None:
        if self.borrowed_:  # the owner of the features has taken the items in already
            self._put(positions)
        else:
            super()._add(items, positions)

    def _put(self, positions: IntArray) -> None:
        size = len(self.item_ids_)
        if self._features is None:
            self._mixture.rows = resized(self._mixture.rows, size, self._mixture.rows.shape[1])
        else:
            self._mixture.put(self._features, positions, size)
        self._relations.put(self._features, positions, size)

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved; without features that are another's."""
        parts = {"mixture": self._mixture.get_state(), "relations": self._relations.get_state()}
        kept = {"features": None} if self.borrowed_ else {}
        return super().get_state() | kept | parts

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave; `use_encoder` or `borrow` must follow before the first query."""
        own = dict(state)
        self._mixture = ItemMixture(**own.pop("mixture"))
        self._saved_relations = own.pop("relations")
        super().set_state(own)
        if self._saved_features is None and not self.borrowed_:
            self._take_relations()

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded scorer back the encoder that it was fitted with."""
        super().use_encoder(encoder)
        if encoder is not None and not self.borrowed_:
            self._take_relations()

    def borrow(self, owner: TextScorer) -> None:
        """Give a loaded scorer back the features that it was fitted beside."""
        self._features = owner.features
        self._take_relations()

    def _take_relations(self) -> None:
        if self._saved_relations is not None:
            self._relations = Relations.from_state(self._saved_relations, self._mixture, self._features)
            self._saved_relations = None
