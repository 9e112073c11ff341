"""What the neural scorers share: material in, early stopping, numpy arrays out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar, Final, Generic, Protocol, TypeVar

import numpy as np

from warmstart.core.extras import load_torch
from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.history import HistoryScorer
from warmstart.recommend.neural.layers import Weights
from warmstart.recommend.neural.material import Material, row_means

_TOP: Final = 20


class Trainable(Protocol):
    """What a network learns from."""

    @property
    def order(self) -> IntArray:
        """Catalogue positions of the items that are learned from."""

    @property
    def basis(self) -> FloatArray:
        """What turns catalogue content into the content that the network sees."""

    @property
    def n_train(self) -> int:
        """How much there is to learn from."""

    @property
    def n_held(self) -> int:
        """How much is held back for early stopping."""


M = TypeVar("M", bound=Trainable)


@dataclass(kw_only=True)
class TrainedScorer(HistoryScorer, Generic[M]):
    """Base of scorers with a network in numpy arrays: what is kept of it, early stopping, new items.

    torch (extra `lm`) is needed to fit, not to load, ask or add. `patience` epochs without a better quality
    on what is held back end the training, and the best epoch is kept. A new one writes `_material`,
    `_n_epochs`, `_epochs`, `_quality`, `_item_vectors` and `_score_history`.
    """

    needs_encoder: ClassVar[bool] = True
    tuning_trials: ClassVar[int] = 1
    """Too slow to fit for more on two cores: measured with the defaults."""
    answers_strangers: ClassVar[bool] = False
    """Whether a user without any history gets scores."""

    seed: int = 0
    patience: int = 3

    def _fit_tables(self, dataset: Dataset) -> None:
        torch = load_torch(type(self).__name__)
        material = self._material(dataset)
        self.basis_ = material.basis
        self.weights_: Weights = {}
        self.own_ = np.zeros((len(self.item_ids_), 0), dtype=np.float32)
        self.hot_ = np.zeros(len(self.item_ids_), dtype=np.bool_)
        if material.n_train:
            self._train(torch, material)
        self.vectors_ = self._vectors(np.arange(len(self.item_ids_)))

    def _train(self, torch: ModuleType, material: M) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.weights_ = self._best_epoch(torch, material)
        own = self.weights_.pop("own")
        self.own_ = np.zeros((len(self.item_ids_), own.shape[1]), dtype=np.float32)
        self.own_[material.order] = own
        self.hot_[material.order] = True

    def _best_epoch(self, torch: ModuleType, material: M) -> Weights:
        """The weights of the best epoch; of the last where nothing is held back to tell."""
        best: Weights = {}
        highest, waited = -1.0, 0
        for weights in track(self._epochs(torch, material), type(self).__name__, total=self._n_epochs()):
            reached = self._quality(weights, material) if material.n_held else highest + 1.0
            waited = 0 if reached > highest or not best else waited + 1
            if not waited:
                best, highest = weights, reached
            if waited >= self.patience:
                break
        return best

    def _vectors(self, positions: IntArray) -> FloatArray:
        """Vectors of the items at these positions, NaN for those that nothing is known of."""
        content, hot = self.content[positions], self.hot_[positions]
        if not self.weights_:
            return np.full((len(positions), 1), np.nan, dtype=np.float32)
        vectors = self._item_vectors(self.weights_, self.own_[positions], content @ self.basis_, hot)
        vectors[~hot & ~content.any(axis=1)] = np.nan
        return vectors.astype(np.float32)

    def _put(self, positions: IntArray) -> None:
        self.own_, self.hot_ = self._grown(self.own_), self._grown(self.hot_)
        self.vectors_ = self._grown(self.vectors_)
        self.vectors_[positions] = self._vectors(positions)

    def _score(self, query: Query) -> FloatArray:
        positions, weights = self.history(query)
        if not self.weights_ or not (len(positions) or self.answers_strangers):
            return np.full(len(self.item_ids_), np.nan, dtype=np.float32)
        return self._score_history(positions, weights)

    @abstractmethod
    def _material(self, dataset: Dataset) -> M:
        """What to learn from."""

    @abstractmethod
    def _n_epochs(self) -> int:
        """How many epochs there are at most."""

    @abstractmethod
    def _epochs(self, torch: ModuleType, material: M) -> Iterator[Weights]:
        """Train; after each epoch give all weights. "own" holds what is known of each item by itself."""

    @abstractmethod
    def _quality(self, weights: Weights, material: M) -> float:
        """How well those held back are answered with these weights."""

    @abstractmethod
    def _item_vectors(
        self, weights: Weights, own: FloatArray, content: FloatArray, hot: BoolArray
    ) -> FloatArray:
        """Item vectors. Rows of `own` are zero where `hot` is false."""


@dataclass(kw_only=True)
class NeuralScorer(TrainedScorer[Material]):
    """Base of scorers with an item tower and a user tower whose product is the score.

    A twentieth of the users, 500 at most and none where that is below 20, is held back: after each epoch
    half of their items is asked with and the other half looked for, once with the items as they are and
    once as if all were new. A new one writes `_n_epochs`, `_epochs`, `_item_vectors`, `_inputs` and
    `_encode_users`.
    """

    def _material(self, dataset: Dataset) -> Material:
        return Material.of(dataset.item_texts, self.content, interaction_matrix(dataset), self.seed)

    def _quality(self, weights: Weights, material: Material) -> float:
        """nDCG@20 of the held-back users, averaged over items as they are and items as if new."""
        hot = np.ones(len(material.order), dtype=np.bool_)
        own = weights["own"]
        users = self._encode_users(
            weights, row_means(material.asked) @ self._inputs(weights, own, material.content, hot)
        )
        known = self._item_vectors(weights, own, material.content, hot)
        as_new = self._item_vectors(weights, np.zeros_like(own), material.content, ~hot)
        return float(np.mean([_ndcg(users @ items.T, material) for items in (known, as_new)]))

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        content = self.content[positions] @ self.basis_
        inputs = self._inputs(self.weights_, self.own_[positions], content, self.hot_[positions])
        pooled = weights @ inputs / max(float(np.abs(weights).sum()), 1e-12)
        scores: FloatArray = self.vectors_ @ self._encode_users(self.weights_, pooled[None, :])[0]
        return scores

    @abstractmethod
    def _inputs(self, weights: Weights, own: FloatArray, content: FloatArray, hot: BoolArray) -> FloatArray:
        """What each item of a history tells the user tower, to be averaged over the history."""

    @abstractmethod
    def _encode_users(self, weights: Weights, pooled: FloatArray) -> FloatArray:
        """User vectors from averaged inputs."""


def _ndcg(scores: FloatArray, material: Material) -> float:
    """Mean nDCG@20 over the held-back users; what they were asked with is struck out."""
    scores[material.asked.nonzero()] = -np.inf
    n = min(_TOP, scores.shape[1])
    top = np.argpartition(-scores, n - 1, axis=1)[:, :n]
    top = np.take_along_axis(top, np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1), axis=1)
    discounts = 1.0 / np.log2(np.arange(2, n + 2))
    hits = np.asarray(material.wanted.todense())[np.arange(len(top))[:, None], top] > 0
    ideal = np.cumsum(discounts)[np.minimum(np.diff(material.wanted.indptr), n) - 1]
    return float(np.mean((hits * discounts).sum(axis=1) / ideal))
