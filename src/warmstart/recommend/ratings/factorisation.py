"""Ratings as products of what users want and what items have, each with a prior that text can inform.

    r_ui - mean = b_i + a_u + p_u . q_i + noise

Both sides are Gaussian: (b_i, q_i) around a linear function of the item's content, (a_u, p_u) around one
of the user's attributes, each with a full covariance that is learned. An item without ratings is then
what its content says, and a user without ratings what their attributes say: no case is special.

Mean-field variational Bayes (Lim and Teh, "Variational Bayesian approach to movie rating prediction",
KDD Cup 2007) with side information as in Park, Kim, Choi and Seo, "Hierarchical Bayesian matrix
factorization with side information" (IJCAI 2013): every step is in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from warmstart.core.linear import FloatArray, randomised_svd
from warmstart.recommend.ratings.biases import Ratings, both_biases

Values = npt.NDArray[np.float64]
_TINY: Final = 1e-6


@dataclass(frozen=True)
class LinearPrior:
    """Mean of the prior as a linear function of what is known beforehand, and its covariance."""

    weights: Values
    offset: Values
    covariance: Values

    def means(self, known: FloatArray) -> Values:
        """The prior mean of each row, shape (rows, parts)."""
        return np.asarray(known.astype(np.float64) @ self.weights + self.offset)

    @classmethod
    def vague(cls, width: int, parts: int) -> LinearPrior:
        """Before anything is learned: around zero."""
        return cls(np.zeros((width, parts)), np.zeros(parts), 0.1 * np.eye(parts))


@dataclass(frozen=True)
class Beliefs:
    """Means (rows, parts) and covariances (rows, parts, parts) of one side."""

    mean: Values
    covariance: Values


@dataclass(frozen=True)
class Factorisation:
    """What was learned. Parts of an item: its bias and factors; of a user: their bias and factors."""

    mean: float
    noise: float
    items: Beliefs
    users: Beliefs
    item_prior: LinearPrior
    user_prior: LinearPrior


@dataclass(frozen=True)
class _Side:
    """One side's ratings, rows first: ones where there is a rating, and the ratings less their mean."""

    ones: sparse.csr_matrix
    values: sparse.csr_matrix
    known: FloatArray
    weight: Values
    ridge: float
    own: int
    """The place of the own bias among (item bias, user bias, factors); the other's is known to be 1."""


def factorise(
    ratings: Ratings,
    mean: float,
    content: FloatArray,
    attributes: FloatArray,
    *,
    dim: int,
    sweeps: int,
    item_ridge: float,
    user_ridge: float,
    seed: int = 0,
) -> Factorisation:
    """Fit by alternating over users and items.

    `content` has a row per item and `attributes` one per user. The item prior weighs an item by its
    ratings, because what is asked for is rated as what was rated is, and popular items are better.
    """
    values = _matrix(ratings, ratings.value - mean)
    ones = _matrix(ratings, np.ones(len(ratings.value)))
    even = np.ones(ratings.n_users)
    of_users = _Side(ones, values, attributes, even, user_ridge, own=1)
    of_items = _Side(_turned(ones), _turned(values), content, ratings.item_counts(), item_ridge, own=0)
    item_side = _first_guess(ratings, mean, dim, seed)
    user_prior = LinearPrior.vague(attributes.shape[1], dim + 1)
    item_prior = LinearPrior.vague(content.shape[1], dim + 1)
    noise = 1.0
    for _ in range(sweeps):
        users, _ = _update(of_users, item_side, user_prior, noise)
        user_prior = _learn_prior(of_users, users, user_prior)
        user_side = _with_one(users, other=0)
        items, noise = _update(of_items, user_side, item_prior, noise)
        item_prior = _learn_prior(of_items, items, item_prior)
        item_side = _with_one(items, other=1)
    return Factorisation(mean, noise, items, users, item_prior, user_prior)


def _matrix(ratings: Ratings, values: Values) -> sparse.csr_matrix:
    shape = (ratings.n_users, ratings.n_items)
    return sparse.csr_matrix((values, (ratings.user, ratings.item)), shape=shape)


def _turned(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    return sparse.csr_matrix(matrix.T)


def _first_guess(ratings: Ratings, mean: float, dim: int, seed: int) -> Beliefs:
    """Item biases, and the leading singular vectors of what biases leave; in full coordinates."""
    items, users = both_biases(ratings, mean, 3.0, 5.0)
    rest = ratings.value - mean - items[ratings.item] - users[ratings.user]
    _, _, right = randomised_svd(_matrix(ratings, rest).astype(np.float32), dim, seed=seed)
    full = np.zeros((ratings.n_items, dim + 2))
    full[:, 0], full[:, 1] = items, 1.0
    full[:, 2 : 2 + len(right)] = 0.3 * np.sqrt(ratings.n_items) * right.T
    return Beliefs(full, np.zeros((ratings.n_items, dim + 2, dim + 2)))


def _with_one(side: Beliefs, other: int) -> Beliefs:
    """In full coordinates (item bias, user bias, factors), with a certain 1 for the other side's bias."""
    own = _own_parts(side.mean.shape[1], other)
    rows, width = side.mean.shape[0], side.mean.shape[1] + 1
    mean, covariance = np.ones((rows, width)), np.zeros((rows, width, width))
    mean[:, own] = side.mean
    covariance[:, np.array(own)[:, None], own] = side.covariance
    return Beliefs(mean, covariance)


def _own_parts(parts: int, other: int) -> list[int]:
    return [1 - other, *range(2, parts + 1)]


def _update(side: _Side, others: Beliefs, prior: LinearPrior, noise: float) -> tuple[Beliefs, float]:
    """Posterior of one side given the other, and the noise that is then left."""
    width = others.mean.shape[1]
    seconds = others.mean[:, :, None] * others.mean[:, None, :] + others.covariance
    grams = np.asarray(side.ones @ seconds.reshape(len(seconds), width * width)).reshape(
        side.ones.shape[0], width, width
    )
    sums = np.asarray(side.values @ others.mean)
    other = 1 - side.own
    own = _own_parts(width - 1, other)
    precision = np.linalg.inv(prior.covariance)
    target = (sums[:, own] - grams[:, own, other]) / noise + prior.means(side.known) @ precision
    covariance = np.linalg.inv(grams[:, own][:, :, own] / noise + precision)
    found = Beliefs(np.einsum("nij,nj->ni", covariance, target), covariance)
    return found, _noise(side, found, grams, sums)


def _noise(side: _Side, found: Beliefs, grams: Values, sums: Values) -> float:
    """Expected squared error per rating."""
    full = _with_one(found, 1 - side.own)
    squares = np.einsum("ni,nij,nj->", full.mean, grams, full.mean)
    doubt = np.einsum("nij,nij->", full.covariance, grams)
    total = float(side.values.data @ side.values.data - 2 * np.sum(sums * full.mean) + squares + doubt)
    return max(total / max(side.values.nnz, 1), _TINY)


def _learn_prior(side: _Side, found: Beliefs, before: LinearPrior) -> LinearPrior:
    """Ridge regression of the means on what is known, and the covariance of what it leaves."""
    rated = side.weight > 0
    if not rated.any():
        return before
    known, mean = side.known[rated], found.mean[rated]
    weights, offset = weighted_ridge(known, mean, side.weight[rated], side.ridge)
    left = mean - known @ weights - offset
    spread = (left.T @ left + found.covariance[rated].sum(axis=0)) / len(left)
    return LinearPrior(weights, offset, spread + _TINY * np.eye(len(spread)))


def weighted_ridge(
    known: FloatArray, targets: Values, weight: Values, ridge: float
) -> tuple[Values, Values]:
    """Slopes and offset of weighted ridge regression; weights are scaled to a mean of 1."""
    share = (weight / weight.mean())[:, None]
    centre, middle = np.average(known, 0, weight), np.average(targets, 0, weight)
    apart = known.astype(np.float64) - centre
    gram = (apart * share).T @ apart + ridge * np.eye(known.shape[1])
    slopes = np.linalg.solve(gram, (apart * share).T @ (targets - middle))
    return slopes, middle - centre @ slopes


def posterior(
    features: Values, targets: Values, mean: Values, covariance: Values, noise: float
) -> tuple[Values, Values]:
    """Bayesian linear regression: mean and covariance of the weights after seeing the targets.

    The Gaussian-process head of a user: rows of `features` are what was rated, `targets` the ratings.
    """
    if not len(features):
        return mean, covariance
    gain = covariance @ features.T
    inner: Any = features @ gain + noise * np.eye(len(features))
    step = np.linalg.solve(inner, np.column_stack([targets - features @ mean, gain.T]))
    return mean + gain @ step[:, 0], covariance - gain @ step[:, 1:]
