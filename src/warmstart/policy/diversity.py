"""Lists in which one interest does not crowd out the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.component import State
from warmstart.core.errors import ConfigError
from warmstart.core.linear import FloatArray, IntArray, put_rows, top_positions, unit_rows
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.text import item_texts
from warmstart.roles.encoder import Encoder
from warmstart.roles.policy import Policy, certain


@dataclass(kw_only=True)
class DiversityPolicy(Policy):
    """Makes each next item both good and unlike those above it.

    Maximal marginal relevance (Carbonell and Goldstein, 1998): each place goes to the candidate with the
    largest (1 - diversity) * score - diversity * likeness, where the score runs from 0 to 1 over the
    candidates and likeness is the largest cosine with an item above. Candidates are the best `pool` * n.
    `diversity` 0 leaves the list as it is; 1 looks at nothing but likeness after the first item.

    Needs an encoder at `fit`. Serves visitors with several interests, where a list of ten of the same
    wastes nine places. It costs accuracy where one interest is all there is; nothing is left to chance, so
    all propensities stay what they were. Place it before an `ExposurePolicy`, whose promise it would break.
    """

    needs_encoder: ClassVar[bool] = True

    diversity: float = tunable(0.0, low=0.0, high=0.6)
    pool: int = 5

    def __post_init__(self) -> None:
        if not 0.0 <= self.diversity <= 1.0 or self.pool < 1:
            raise ConfigError(
                expected="diversity between 0 and 1, and a pool of at least 1",
                found=f"diversity {self.diversity!r}, pool {self.pool!r}",
                todo="0.2 is a light hand.",
            )

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        self._encoder = encoder
        self.vectors_ = self._encoded(dataset.items)

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded policy back the encoder that it was fitted with; only `add` needs it."""
        self._encoder = encoder

    def _encoded(self, items: pl.DataFrame) -> FloatArray:
        if self._encoder is None:
            raise ConfigError(
                expected="a fitted encoder for DiversityPolicy",
                found="none",
                todo="Call fit(dataset, encoder), or use_encoder after loading.",
            )
        return unit_rows(self._encoder.encode_items(item_texts(items)))

    def _add(self, items: pl.DataFrame) -> None:
        places = np.array([self._place[item_id] for item_id in items[c.ITEM_ID]], dtype=np.int64)
        self.vectors_ = put_rows(self.vectors_, places, self._encoded(items), len(self.item_ids_))

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        self._encoder = None

    def _shortlist(self, scores: FloatArray, n: int) -> IntArray:
        return top_positions(scores, n * self.pool if self.diversity else n)

    def _rerank(self, query: Query, items: ItemList, n: int) -> ItemList:
        self._check_fitted()
        candidates = items.take(range(min(n * self.pool, len(items))))
        order = self.order(candidates.scores, self._vectors(candidates.item_ids), n)
        shown = candidates.take(order)
        return replace(shown, propensities=certain(shown))

    def order(self, scores: FloatArray, vectors: FloatArray, n: int) -> list[int]:
        """Which of these candidates, best first, to show in each of `n` places; needs no fit.

        `vectors` has one row of length one (zero where nothing is known) for each score.
        """
        n = min(n, len(scores))
        if not self.diversity:
            return list(range(n))
        value = (1.0 - self.diversity) * _from_zero_to_one(scores)
        likeness = np.zeros(len(scores), dtype=np.float32)
        order: list[int] = []
        for _ in range(n):
            worth = value - self.diversity * likeness
            worth[order] = -np.inf
            order.append(int(worth.argmax()))
            likeness = np.maximum(likeness, vectors @ vectors[order[-1]])
        return order

    def _vectors(self, item_ids: tuple[str, ...]) -> FloatArray:
        """One row per item; unknown ones are like nothing."""
        places = np.array([self._place.get(item_id, -1) for item_id in item_ids], dtype=np.int64)
        vectors = np.zeros((len(places), self.vectors_.shape[1]), dtype=np.float32)
        vectors[places >= 0] = self.vectors_[places[places >= 0]]
        return vectors


def _from_zero_to_one(scores: FloatArray) -> FloatArray:
    """Scores moved and scaled; no opinion is worth 0."""
    known = scores[np.isfinite(scores)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    scaled: FloatArray = np.nan_to_num((scores - low) / ((high - low) or 1.0)).astype(np.float32)
    return scaled
