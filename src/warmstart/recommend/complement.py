"""Items that go with those of a cart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, resized
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.recommend.baskets import Baskets
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.history import HistoryScorer
from warmstart.recommend.mixture import ItemMixture
from warmstart.recommend.relations import Relations, RelationSettings
from warmstart.roles.encoder import Encoder


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

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        scores = self._relations.scores(positions, weights)
        scores[np.diff(self._mixture.rows.indptr) == 0] = np.nan
        return scores

    def _put(self, positions: IntArray) -> None:
        size = len(self.item_ids_)
        if self._features is None:
            self._mixture.rows = resized(self._mixture.rows, size, self._mixture.rows.shape[1])
        else:
            self._mixture.put(self._features, positions, size)
        self._relations.put(self._features, positions, size)

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        parts = {"mixture": self._mixture.get_state(), "relations": self._relations.get_state()}
        return super().get_state() | parts

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        own = dict(state)
        self._mixture = ItemMixture(**own.pop("mixture"))
        self._saved_relations = own.pop("relations")
        super().set_state(own)
        if self._saved_features is None:
            self._take_relations()

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded scorer back the encoder that it was fitted with."""
        super().use_encoder(encoder)
        if encoder is not None:
            self._take_relations()

    def _take_relations(self) -> None:
        if self._saved_relations is not None:
            self._relations = Relations.from_state(self._saved_relations, self._mixture, self._features)
            self._saved_relations = None
