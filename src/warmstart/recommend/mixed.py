"""Scorers that carry what is known of items with events over to the others by content."""

from __future__ import annotations

from dataclasses import dataclass

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, resized
from warmstart.recommend.history import HistoryScorer
from warmstart.recommend.mixture import ItemMixture


@dataclass(kw_only=True)
class MixedScorer(HistoryScorer):
    """Base of scorers to whom an item without events is a mixture of its nearest neighbours in text.

    Without an encoder such items stay unknown. A new one calls `_fit_mixture` in `_fit_tables`, and reads
    `_mixture`.
    """

    def _fit_mixture(self, counts: FloatArray) -> None:
        """Find what each item is made of; `counts` says how many users took it."""
        self._mixture = ItemMixture.fit(self._features, counts, strength=0.0)

    def _put(self, positions: IntArray) -> None:
        if self._features is None:
            rows = self._mixture.rows
            self._mixture.rows = resized(rows, len(self.item_ids_), rows.shape[1])
        else:
            self._mixture.put(self._features, positions, len(self.item_ids_))

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        return super().get_state() | {"mixture": self._mixture.get_state()}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        own = dict(state)
        self._mixture = ItemMixture(**own.pop("mixture"))
        super().set_state(own)
