"""RecTools: EASE and item neighbours, asked with a data set that holds the newcomer's events."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from peers.base import PeerMethod, load
from warmstart.core.linear import FloatArray
from warmstart.data.dataset import Dataset

NEWCOMER, ANOTHER = "newcomer", "another"


@dataclass(kw_only=True)
class RecToolsMethod(PeerMethod):
    """A RecTools model that reads the history from the data set it is asked with.

    Models that keep a vector per user (its ALS, BPR and SVD) answer for users of the training alone and
    would be silent here.
    """

    library: ClassVar[str] = "rectools"

    def _fit(self, dataset: Dataset, users: list[str], items: list[str]) -> None:
        self._rectools, self._pandas = load("rectools.dataset"), load("pandas")
        data = self._rectools.Dataset.construct(self._frame(users, items))
        self._items, self._n_hot = data.item_id_map, data.item_id_map.size
        self._model = self._make().fit(data)
        popularity = load("rectools.models").PopularModel().fit(data)
        anybody = users[:1]
        self._popular = self._answer(popularity.recommend(anybody, data, self._n_hot, filter_viewed=False))

    def _score(self, history: list[str]) -> FloatArray:
        if not history:
            return self._popular
        # RecTools cuts its matrix after the last item that somebody has: a second user keeps it whole.
        last = str(self._items.external_ids[-1])
        frame = self._frame([NEWCOMER] * len(history) + [ANOTHER], [*history, last])
        users = self._rectools.IdMap.from_values(np.array([NEWCOMER, ANOTHER]))
        interactions = self._rectools.Interactions.from_raw(frame, users, self._items)
        asked = self._rectools.Dataset(users, self._items, interactions)
        return self._answer(self._model.recommend([NEWCOMER], asked, self._n_hot, filter_viewed=False))

    def _answer(self, recommended: Any) -> FloatArray:
        columns = self._rectools.dataset.Columns
        return self._spread(recommended[columns.Item].to_list(), recommended[columns.Score].to_numpy())

    def _frame(self, users: list[str], items: list[str]) -> Any:
        columns = self._rectools.dataset.Columns
        names = (columns.User, columns.Item, columns.Weight, columns.Datetime)
        values = (users, items, 1.0, "2000-01-01")
        return self._pandas.DataFrame(dict(zip(names, values, strict=True)))

    @abstractmethod
    def _make(self) -> Any:
        """The untrained model."""


@dataclass(kw_only=True)
class RecToolsEase(RecToolsMethod):
    """EASE (Steck, 2019)."""

    name: str = "rectools-ease"
    regularization: float = 500.0

    def _make(self) -> Any:
        return load("rectools.models").EASEModel(
            regularization=self.regularization, recommend_n_threads=1, recommend_use_gpu_ranking=False
        )


@dataclass(kw_only=True)
class RecToolsKnn(RecToolsMethod):
    """Item neighbours of the library `implicit` (TF-IDF weights), as RecTools wraps them."""

    name: str = "rectools-knn"
    neighbours: int = 100

    def _make(self) -> Any:
        knn = load("implicit.nearest_neighbours").TFIDFRecommender(K=self.neighbours, num_threads=1)
        return load("rectools.models").ImplicitItemKNNWrapperModel(knn)
