"""LensKit: item neighbours and matrix factorisation, both asked with the history in the query."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from peers.base import PeerMethod, load
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray
from warmstart.data.dataset import Dataset


@dataclass(kw_only=True)
class LensKitMethod(PeerMethod):
    """A LensKit scorer; where it says nothing about any item, LensKit's popularity answers."""

    library: ClassVar[str] = "lenskit"

    def _fit(self, dataset: Dataset, users: list[str], items: list[str]) -> None:
        data, pandas = load("lenskit.data"), load("pandas")
        options = load("lenskit.training").TrainingOptions(rng=self.seed)
        interactions = data.from_interactions_df(pandas.DataFrame({c.USER_ID: users, c.ITEM_ID: items}))
        self._catalogue = data.ItemList(item_ids=self._item_ids)
        self._new_query, self._new_list = data.RecQuery, data.ItemList
        self._scorer = self._make()
        self._popularity = load("lenskit.basic").PopScorer()
        self._scorer.train(interactions, options)
        self._popularity.train(interactions, options)

    def _score(self, history: list[str]) -> FloatArray:
        if history:
            query = self._new_query(history_items=self._new_list(item_ids=history))
            scores = self._array(self._scorer(query, self._catalogue))
            if not np.isnan(scores).all():
                return scores
        return self._array(self._popularity(self._catalogue))

    def _array(self, answer: Any) -> FloatArray:
        return np.asarray(answer.scores(), dtype=np.float32)

    @abstractmethod
    def _make(self) -> Any:
        """The untrained scorer."""


@dataclass(kw_only=True)
class LensKitKnn(LensKitMethod):
    """Item-based nearest neighbours for implicit feedback (Deshpande and Karypis, 2004)."""

    name: str = "lenskit-knn"
    neighbours: int = 20

    def _make(self) -> Any:
        knn = load("lenskit.knn")
        return knn.ItemKNNScorer(max_nbrs=self.neighbours, feedback="implicit")


@dataclass(kw_only=True)
class LensKitAls(LensKitMethod):
    """Implicit matrix factorisation (Hu, Koren and Volinsky, 2008); users are solved for when asked."""

    name: str = "lenskit-als"
    dim: int = 50
    epochs: int = 10
    regularization: float = 0.1
    weight: float = 40.0

    def _make(self) -> Any:
        return load("lenskit.als").ImplicitMFScorer(
            embedding_size=self.dim,
            epochs=self.epochs,
            regularization=self.regularization,
            weight=self.weight,
        )
