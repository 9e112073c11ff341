"""What is believed about the tastes of a stranger before the first question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
from scipy import sparse

from warmstart.core import columns as c
from warmstart.core.linear import BoolArray, FloatArray, IntArray, principal_directions, randomised_svd
from warmstart.data.dataset import Dataset
from warmstart.data.rating_states import ratings_of
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.heads.gaussian import GaussianHead
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.ratings.factor import FactorRater
from warmstart.recommend.tables import ridge_map
from warmstart.roles.few_shot_head import Evidence, Task, Values

_USERS: Final = 2_000
"""How many users the prior of a shop without ratings is learned from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a stranger said of an item.

    `value` is a rating, or 1 and 0 for "interesting" and "not"; None for "don't know".
    """

    item_id: str
    value: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Tastes:
    """Items as vectors, and a Gaussian belief about a stranger's liking: y = offset + x·w + noise.

    `vectors` has a row per item and begins with a 1 (generosity, a liking for everything); `covariance` is
    that of w over all users, `noise` the variance of an answer. `counts` says how many users have to do
    with an item, `known` (users, items) who; `levels` how many gave each answer (items, answers), empty
    where nobody rates. `everyone` says that anybody can answer about anything, as about whether a
    thing looks interesting; otherwise only who has had it can.
    """

    item_ids: tuple[str, ...]
    vectors: Values
    covariance: Values
    noise: float
    counts: Values
    known: sparse.csr_matrix
    levels: Values
    everyone: bool
    askable: BoolArray
    """What can be asked about: sold out items and such without a name cannot."""

    @classmethod
    def of_ratings(cls, dataset: Dataset, rater: FactorRater) -> Self:
        """From a rater fitted on the shop: its factors, predicted from text for items nobody rated."""
        rater_place = {item_id: i for i, item_id in enumerate(rater.item_ids_)}
        order = [rater_place[item_id] for item_id in dataset.item_ids]
        ratings = ratings_of(dataset)
        place = {item_id: i for i, item_id in enumerate(dataset.item_ids)}
        items = np.array([place[item_id] for item_id in ratings[c.ITEM_ID]], dtype=np.int64)
        users = ratings[c.USER_ID].rank("dense").to_numpy().astype(np.int64) - 1
        values = ratings[c.VALUE].to_numpy()
        scale, given = np.unique(values, return_inverse=True)
        levels = np.zeros((len(place), len(scale)))
        np.add.at(levels, (items, given), 1.0)
        known = _who(users, items, len(place))
        return cls(
            item_ids=dataset.item_ids,
            vectors=rater.factors_[order],
            covariance=rater.prior_covariance_,
            noise=rater.noise_,
            counts=levels.sum(axis=1),
            known=known,
            levels=levels,
            everyone=False,
            askable=_askable(dataset),
        )

    @classmethod
    def of_choices(cls, dataset: Dataset, features: ItemFeatures, *, dim: int = 32, seed: int = 0) -> Self:
        """From who chose what: factors of the interactions, predicted from text for items nobody chose.

        `features` has a row for each item of the shop.

        An answer is 1 where a user chose an item and 0 for others; the prior is learned from users and as
        many items that they did not choose, drawn by popularity.
        """
        known = interaction_matrix(dataset)
        vectors = _choice_vectors(known, features, dim, seed)
        head = GaussianHead(strength=30.0, seed=seed)
        tasks = list(_choice_tasks(known, vectors, seed))
        covariance, noise = np.eye(vectors.shape[1]), 1.0
        if tasks:
            head.fit(tasks)
            covariance, noise = head.covariance_, head.noise_
        return cls(
            item_ids=dataset.item_ids,
            vectors=vectors,
            covariance=covariance,
            noise=noise,
            counts=np.asarray(known.sum(axis=0), dtype=np.float64).ravel(),
            known=known,
            levels=np.zeros((len(vectors), 0)),
            everyone=True,
            askable=_askable(dataset),
        )

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each item stands."""
        return {item_id: i for i, item_id in enumerate(self.item_ids)}

    @cached_property
    def importance(self) -> Values:
        """How much a better prediction for each item is worth: its share of all that happens, summing to 1.

        One is added to each count, so that new items count a little.
        """
        weights = self.counts + 1.0
        return np.asarray(weights / weights.sum())

    def positions(self, answers: Iterable[Answer]) -> IntArray:
        """Where the items of answers stand, each once, in ascending order; unknown ones are left out."""
        found = {self.place[answer.item_id] for answer in answers if answer.item_id in self.place}
        return np.array(sorted(found), dtype=np.int64)


def _askable(dataset: Dataset) -> BoolArray:
    named = dataset.items[c.TITLE].fill_null("").str.strip_chars() != ""
    in_stock = dataset.items[c.AVAILABLE].fill_null(value=True)
    return np.asarray((named & in_stock).to_numpy(), dtype=np.bool_)


def _who(users: IntArray, items: IntArray, n_items: int) -> sparse.csr_matrix:
    n_users = int(users.max() + 1) if len(users) else 0
    ones = np.ones(len(users), dtype=np.float32)
    matrix = sparse.csr_matrix((ones, (users, items)), shape=(n_users, n_items))
    matrix.data[:] = 1.0
    return matrix


def _choice_vectors(known: sparse.csr_matrix, features: ItemFeatures, dim: int, seed: int) -> Values:
    """A leading 1, then factors scaled to a mean length of 1 among the items that somebody chose."""
    _, s, right = randomised_svd(known, dim, seed=seed)
    factors = (s[:, None] * right).T.astype(np.float32)
    hot = np.asarray(known.sum(axis=0)).ravel() > 0
    content = features.content
    if hot.any() and not hot.all():
        weights = ridge_map(content[hot], factors[hot], 1.0)
        factors[~hot] = content[~hot] @ weights[:-1] + weights[-1]
    if not hot.any():
        factors = _leading(features, dim)
    length = float(np.linalg.norm(factors[hot] if hot.any() else factors, axis=1).mean()) or 1.0
    return np.column_stack([np.ones(len(factors)), factors / length]).astype(np.float64)


def _leading(features: ItemFeatures, dim: int) -> FloatArray:
    """What says most about the catalogue; the catalogue's own encoder has that in its first columns."""
    if isinstance(features.encoder, CatalogueEncoder):
        return features.content[:, :dim]
    return features.content @ principal_directions(features.content, dim)


def _choice_tasks(known: sparse.csr_matrix, vectors: Values, seed: int) -> Iterable[Task]:
    rng = np.random.default_rng(seed)
    counts = np.asarray(known.sum(axis=0), dtype=np.float64).ravel()
    if not counts.any():
        return
    users = np.flatnonzero(np.diff(known.indptr) > 1)
    shares = (counts / counts.sum()).cumsum()
    shares /= shares[-1]
    for user in np.sort(rng.permutation(users)[:_USERS]):
        chosen = known.indices[known.indptr[user] : known.indptr[user + 1]]
        others = shares.searchsorted(rng.random(len(chosen)), side="right")  # each by its share
        rows = np.concatenate([chosen, others])
        targets = np.isin(rows, chosen).astype(np.float64)
        yield Task(support=Evidence.of(vectors[rows], targets), query=Evidence.none(vectors.shape[1]))
