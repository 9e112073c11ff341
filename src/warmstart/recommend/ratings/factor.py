"""Biases, factors and text as one Gaussian belief, updated by each rating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.ratings.answers import Estimate, answered
from warmstart.recommend.ratings.attributes import UserAttributes
from warmstart.recommend.ratings.biases import Ratings, both_biases, places, user_ids
from warmstart.recommend.ratings.factorisation import (
    Factorisation,
    LinearPrior,
    factorise,
    posterior,
    weighted_ridge,
)
from warmstart.roles.encoder import Encoder
from warmstart.roles.rater import Rater

Values = npt.NDArray[np.float64]


@dataclass(kw_only=True)
class FactorRater(Rater):
    """Item level + user bias + factors, learned as Gaussian beliefs and updated in closed form.

    New items get level and factors from their content (the encoder's vectors and tf-idf), new users
    theirs from their attributes; each rating in the query then moves the user's belief by exact
    Bayesian regression, with the covariance of the training users as the prior. See
    `recommend.ratings.factorisation` for the model.

    The level of an item is its mean corrected for who rated it, not for taste: people rate what they
    expect to like, and an item asked about was chosen by the asker too. What the asker's own ratings
    say about taste is measured against the factor model, which has that selection taken out.

    Needs: ratings, an encoder; user attributes help a little. Serves: hot, warm and cold users and items.
    A user known from training is remembered by id, so that `query.events` should hold only newer ratings.
    Cost: `sweeps` passes with a (dim + 1)-square system per user and item: 640,000 ratings in about 10 s;
    below a millisecond per question. Memory: (dim + 1)² numbers for each user and item.
    See also: `UserBiasRater`, which it must beat; `MeluRater`, which learns the update by gradients.
    """

    needs_encoder: ClassVar[bool] = True

    dim: int = tunable(16, low=4, high=32)
    ridge: float = tunable(3.0, low=0.3, high=30.0, log=True)
    level_shrinkage: float = tunable(3.0, low=0.3, high=30.0, log=True)
    estimate: Estimate = "mean"
    attribute_ridge: float = 50.0
    sweeps: int = 6
    seed: int = 0

    def fit_on(self, dataset: Dataset, features: ItemFeatures) -> Self:
        """The same as `fit`, where the texts of these items have been read already."""
        place = {item_id: i for i, item_id in enumerate(dataset.item_ids)}
        ordered, ratings = self._begin(dataset)
        self._fit_on(ordered, ratings, features.content[[place[item_id] for item_id in ordered.item_ids]])
        return self

    def _fit(self, dataset: Dataset, ratings: pl.DataFrame, encoder: Encoder | None) -> None:
        content = np.zeros((len(dataset.items), 0), dtype=np.float32)
        if encoder is not None and len(dataset.items):
            content = ItemFeatures.fit(dataset.item_texts, encoder, seed=self.seed).content
        self._fit_on(dataset, ratings, content)

    def _fit_on(self, dataset: Dataset, ratings: pl.DataFrame, content: FloatArray) -> None:
        table = Ratings.of(ratings, len(dataset.items))
        self.user_ids_ = user_ids(ratings)
        self.levels_ = np.unique(table.value)
        self._attributes = UserAttributes.of(dataset.users)
        mean = table.mean(sum(self.scale_) / 2)
        found = factorise(
            table,
            mean,
            content,
            self._attributes.rows(self.user_ids_),
            dim=self.dim,
            sweeps=self.sweeps,
            item_ridge=self.ridge,
            user_ridge=self.attribute_ridge,
            seed=self.seed,
        )
        self._take_items(found, table, content)
        self._take_users(found)

    def _take_items(self, found: Factorisation, table: Ratings, content: FloatArray) -> None:
        """Each item's intercept, factors with a leading 1, level and doubt; last, an unknown item's."""
        hot = table.item_counts() > 0
        guessed = np.vstack([found.item_prior.means(content), found.item_prior.offset])
        parts = guessed.copy()
        parts[:-1][hot] = found.items.mean[hot]
        self.noise_ = found.noise
        self.intercept_ = found.mean + parts[:, 0]
        self.factors_ = np.column_stack([np.ones(len(parts)), parts[:, 1:]])
        self.level_ = self._levels(found, table, content)
        typical = np.concatenate([[1.0], found.user_prior.offset[1:]])
        seconds = np.outer(typical, typical)
        seconds[1:, 1:] += found.user_prior.covariance[1:, 1:]
        doubt = np.full(len(parts), np.sum(found.item_prior.covariance * seconds))
        doubt[:-1][hot] = np.einsum("nij,ij->n", found.items.covariance[hot], seconds)
        self.doubt_ = doubt

    def _levels(self, found: Factorisation, table: Ratings, content: FloatArray) -> Values:
        """The items' levels, those of new items by ridge regression on content; last, an unknown one's."""
        counts = table.item_counts()
        biases, _ = both_biases(table, found.mean, self.level_shrinkage, 5.0)
        hot = counts > 0
        if not hot.any():
            return np.full(len(biases) + 1, found.mean)
        slopes, offset = weighted_ridge(content[hot], biases[hot, None], counts[hot], self.ridge)
        guessed = (content @ slopes + offset)[:, 0]
        typical = float(np.average(biases[hot], weights=counts[hot]))
        return np.asarray(found.mean + np.append(np.where(hot, biases, guessed), typical))

    def _take_users(self, found: Factorisation) -> None:
        prior = found.user_prior
        self.prior_weights_, self.prior_offset_ = prior.weights, prior.offset
        self.prior_covariance_ = prior.covariance
        self.user_means_ = found.users.mean
        self.user_covariances_ = found.users.covariance.astype(np.float32)
        means = prior.means(self._attributes.rows(self.user_ids_))
        self.typical_ = means.mean(axis=0) if len(means) else prior.offset
        self._known = places(self.user_ids_)

    def _predict(self, query: Query, positions: IntArray) -> FloatArray:
        mean, covariance = self._belief(query)
        features = self.factors_[positions]
        expected = self.level_[positions] + features @ (mean - self.typical_)
        variance = np.einsum("ni,ij,nj->n", features, covariance, features)
        spread = np.sqrt(np.maximum(variance + self.doubt_[positions] + self.noise_, 0.0))
        return answered(expected, spread, self.levels_, self.estimate).astype(np.float32)

    def _belief(self, query: Query) -> tuple[Values, Values]:
        """What the asker wants, after their events: mean and covariance of bias and taste."""
        rated, values = self.evidence(query)
        known = self._known.get(query.user_id or "")
        if known is None:
            prior = LinearPrior(self.prior_weights_, self.prior_offset_, self.prior_covariance_)
            before = prior.means(self._attributes.row(query.user_id)[None])[0], prior.covariance
        else:
            before = self.user_means_[known], self.user_covariances_[known].astype(np.float64)
        return posterior(self.factors_[rated], values - self.intercept_[rated], *before, self.noise_)

    def get_state(self) -> dict[str, Any]:
        """What was learned, as a tree that can be saved."""
        if not self.is_fitted:
            return {}
        return super().get_state() | {"names": self._attributes.names, "users": self._attributes.users}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take back what `get_state` gave."""
        own = dict(state)
        self._attributes = UserAttributes(own.pop("names"), own.pop("users"))
        super().set_state(own)
        self._known = places(self.user_ids_)
