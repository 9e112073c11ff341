"""Matrix factorisation of implicit feedback by alternating least squares, as scorers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from warmstart.core.errors import MissingExtraError
from warmstart.core.linear import BoolArray, FloatArray, IntArray, randomised_svd
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.history import HistoryScorer
from warmstart.recommend.tables import ridge_map
from warmstart.roles.encoder import Encoder


@dataclass(kw_only=True)
class IalsScorer(HistoryScorer):
    """Inner products of learned user and item factors (iALS), users folded in from their history.

    Hu, Koren and Volinsky (2008), fitted by the library `implicit`; Rendle et al. (2022) show how much
    its quality hangs on `ridge`, `confidence` and a large `dim`. The alternation starts from the
    truncated singular value decomposition, so that the outcome does not hang on the order of the rows.
    A stranger with a history costs nothing more than an old user: the factor of any history is the
    closed form of one half step.

    Needs the extra `evaluate`, and events. Serves items with events; others get NaN (`IalsMapScorer`
    gives them factors). Cost: dim² multiplications per event and iteration on one core, 4 dim bytes per
    item.
    """

    serves_items: ClassVar[frozenset[str]] = frozenset({"hot"})

    dim: int = tunable(128, low=16, high=256, log=True)
    ridge: float = tunable(30.0, low=0.1, high=300.0, log=True)
    confidence: float = tunable(20.0, low=1.0, high=100.0, log=True)
    iterations: int = 15
    seed: int = 0

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        super()._fit(dataset, None)  # factors need no text

    def _fit_tables(self, dataset: Dataset) -> None:
        interactions = interaction_matrix(dataset)
        self.hot_: BoolArray = np.asarray(interactions.sum(axis=0)).ravel() > 0
        self.factors_ = self._factorise(interactions)
        self.gram_: FloatArray = self.factors_.T @ self.factors_

    def _factorise(self, interactions: sparse.csr_matrix) -> FloatArray:
        """Item factors, shape (items, dim); zeros for items without events."""
        factors = np.zeros((interactions.shape[1], self.dim), dtype=np.float32)
        hot = np.flatnonzero(self.hot_)
        if len(hot):
            chosen = sparse.csr_matrix(interactions[:, hot])
            factors[hot] = item_factors(
                chosen, self.dim, self.ridge, self.confidence, iterations=self.iterations, seed=self.seed
            )
        return factors

    def user_factor(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        """The factor of a user with this history, shape (dim,): Hu et al. (2008), equation 4.

        An item of weight w is liked (disliked, where w < 0) with confidence `confidence` |w|; all other
        items are not chosen, with confidence 1.
        """
        touched = self.factors_[positions].astype(np.float64)
        sure = self.confidence * np.abs(weights.astype(np.float64))
        system = self.gram_ + touched.T @ ((sure - 1.0)[:, None] * touched) + self.ridge * np.eye(self.dim)
        factor: FloatArray = np.linalg.solve(system, (sure * (weights > 0)) @ touched).astype(np.float32)
        return factor

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        scores: FloatArray = self.factors_ @ self.user_factor(positions, weights)
        scores[~self._known()] = np.nan
        return scores

    def _known(self) -> BoolArray:
        """Which items have a factor."""
        return self.hot_

    def _put(self, positions: IntArray) -> None:
        self.hot_ = self._grown(self.hot_, fill=False)
        self.factors_ = self._grown(self.factors_)


@dataclass(kw_only=True)
class IalsMapScorer(IalsScorer):
    """iALS, with the factors of items without events predicted from their text.

    Ridge regression from content vectors to factors, learned on the items with events: Gantner et al.,
    "Learning attribute-to-feature mappings for cold-start recommendations" (2010). Predicted factors are
    short, so that new items rarely reach the top of a list among old ones; ranked among themselves they
    do better.

    Needs the extra `evaluate`, an encoder, and events. Serves items with events and items with text.
    Cost: that of iALS and one ridge regression on the content vectors.
    """

    serves_items: ClassVar[frozenset[str]] = frozenset({"hot", "warm"})
    needs_encoder: ClassVar[bool] = True

    map_ridge: float = tunable(1.0, low=0.01, high=100.0, log=True)

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        HistoryScorer._fit(self, dataset, encoder)

    def _fit_tables(self, dataset: Dataset) -> None:
        super()._fit_tables(dataset)
        self.map_ = ridge_map(self.content[self.hot_], self.factors_[self.hot_], self.map_ridge)
        self._predict(np.flatnonzero(~self.hot_))

    def _predict(self, positions: IntArray) -> None:
        self.factors_[positions] = self.content[positions] @ self.map_[:-1] + self.map_[-1]

    def _known(self) -> BoolArray:
        return np.ones(len(self.factors_), dtype=np.bool_)

    def _put(self, positions: IntArray) -> None:
        super()._put(positions)
        self._predict(positions[~self.hot_[positions]])


def item_factors(
    interactions: sparse.csr_matrix,
    dim: int,
    ridge: float,
    confidence: float,
    *,
    iterations: int = 15,
    seed: int = 0,
) -> FloatArray:
    """Factors of the columns of `interactions`, shape (items, dim), by `implicit` on one thread.

    Starts from U √s and V √s of the truncated singular value decomposition; directions beyond the rank of
    the matrix stay zero.
    """
    try:
        import threadpoolctl
        from implicit.cpu.als import AlternatingLeastSquares
    except ImportError as error:
        raise MissingExtraError("iALS", "evaluate") from error
    left, s, right = randomised_svd(interactions, dim, seed=seed)
    with threadpoolctl.threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=dim,
            regularization=ridge,
            alpha=confidence,
            iterations=iterations,
            num_threads=1,
            random_state=seed,
        )
        model.user_factors = _padded(left * np.sqrt(s), dim)
        model.item_factors = _padded(right.T * np.sqrt(s), dim)
        model.fit(interactions, show_progress=False)
    factors: FloatArray = np.asarray(model.item_factors, dtype=np.float32)
    return factors


def _padded(factors: FloatArray, dim: int) -> FloatArray:
    return np.pad(factors, ((0, 0), (0, dim - factors.shape[1]))).astype(np.float32)
