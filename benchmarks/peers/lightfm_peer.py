"""LightFM: factors of users and items as sums of factors of what they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from peers.base import PeerMethod, load
from warmstart.core.analysis import terms
from warmstart.core.linear import BoolArray, FloatArray
from warmstart.core.vocabulary import Vocabulary, count_terms
from warmstart.data.dataset import Dataset
from warmstart.data.text import item_texts


@dataclass(kw_only=True)
class LightFmHybrid(PeerMethod):
    """Kula, "Metadata embeddings for user and item cold-start recommendations" (2015), with WARP.

    An item is itself and its words, a user the items touched, so that one model answers for users and
    items that it was not trained on; new items are their words alone. LightFM cannot fold in a user whose
    factors are an identity of their own, which is why users have none here.
    """

    library: ClassVar[str] = "lightfm"
    name: str = "lightfm"
    dim: int = 32
    epochs: int = 10
    learning_rate: float = 0.05
    min_items: int = 2
    """Words in fewer items than this are left out."""

    def _fit(self, dataset: Dataset, users: list[str], items: list[str]) -> None:
        columns = np.array([self._place[item_id] for item_id in items])
        rows = np.unique(users, return_inverse=True)[1]
        shape = (int(rows.max()) + 1, len(self._item_ids))
        events = sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
        features = self._item_features(dataset, np.asarray(events.sum(axis=0)).ravel() > 0)
        model = load("lightfm").LightFM(
            no_components=self.dim, loss="warp", learning_rate=self.learning_rate, random_state=self.seed
        )
        model.fit(events, user_features=_shares(events), item_features=features, epochs=self.epochs)
        self._model = model
        self._biases, self._factors = model.get_item_representations(features)

    def _score(self, history: list[str]) -> FloatArray:
        positions = [self._place[item_id] for item_id in history]
        ones = np.ones(len(positions), dtype=np.float32)
        shape = (1, len(self._item_ids))
        own = sparse.csr_matrix((ones, ([0] * len(positions), positions)), shape=shape)
        _, user = self._model.get_user_representations(_shares(own))
        scores: FloatArray = (self._factors @ user[0] + self._biases).astype(np.float32)
        return scores

    def _item_features(self, dataset: Dataset, hot: BoolArray) -> sparse.csr_matrix:
        counts = count_terms([terms(text) for text in item_texts(dataset.items)], Vocabulary(), grow=True)
        common = np.asarray((counts > 0).sum(axis=0)).ravel() >= self.min_items
        words = (counts[:, common] > 0).astype(np.float32)
        return _shares(sparse.hstack([sparse.diags(hot.astype(np.float32)), words], format="csr"))


def _shares(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows that sum to one, as LightFM's own data set builds them; empty rows stay empty."""
    total = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1.0)
    return sparse.csr_matrix(sparse.diags((1.0 / total).astype(np.float32)) @ counts, dtype=np.float32)
