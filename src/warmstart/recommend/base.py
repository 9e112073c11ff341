"""The base of scorers that may read the items' text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from warmstart.core.component import State
from warmstart.core.errors import NotFittedError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.recommend.features import ItemFeatures
from warmstart.roles.encoder import Encoder
from warmstart.roles.scorer import Scorer


@dataclass(kw_only=True)
class TextScorer(Scorer):
    """Keeps the features of the items' text when fitted with an encoder; works without them too.

    A new one writes `_fit_tables`, `_score` and `_put`.
    """

    serves_items: ClassVar[frozenset[str]] = frozenset({"hot", "warm"})

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        self._features = None if encoder is None else ItemFeatures.fit(dataset.item_texts, encoder)
        self._saved_features: State | None = None
        self._fit_tables(dataset)

    def _add(self, items: pl.DataFrame, positions: IntArray) -> None:
        if self._features is not None:
            self._features.put(items, positions, len(self.item_ids_))
        self._put(positions)

    def _fit_tables(self, dataset: Dataset) -> None:
        """Learn what is to be learned beyond the features."""

    def _put(self, positions: IntArray) -> None:
        """Take in new items whose features are there already."""

    def _text(self) -> ItemFeatures:
        if self._features is None:
            raise NotFittedError(f"{type(self).__name__} with an encoder (use_encoder after loading)")
        return self._features

    @property
    def features(self) -> ItemFeatures:
        """What the text of each item says, kept up to date with the catalogue."""
        return self._text()

    @property
    def content(self) -> FloatArray:
        """Content vectors of all items, shape (items, dim)."""
        return self._text().content

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        features = None if self._features is None else self._features.get_state()
        return super().get_state() | {"features": features}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave; `use_encoder` must follow when there was an encoder."""
        own = dict(state)
        self._saved_features = own.pop("features")
        self._features = None
        super().set_state(own)

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded scorer back the encoder that it was fitted with."""
        super().use_encoder(encoder)
        if encoder is not None and self._saved_features is not None:
            self._features = ItemFeatures.from_state(self._saved_features, encoder)
            self._saved_features = None
