"""The parts of the fused score, fitted: what each piece of evidence says about each item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, principal_directions, put_rows, unit_rows
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.mixture import ItemMixture
from warmstart.recommend.popularity import PopularityPrior
from warmstart.recommend.tables import content_projection, item_knn, rp3

KNN: Final = "bought together"
WALK: Final = "random walk"
KERNEL: Final = "alike"
WORDS: Final = "same words"
PROJECTION: Final = "chosen by the same people"
POPULARITY: Final = "popularity"
FIRST: Final = "popularity at first"
PARTS: Final = (KNN, WALK, KERNEL, WORDS, PROJECTION, POPULARITY, FIRST)

_NORM_SAMPLE, _NORM_DEPTH, _SHARPNESS, _CONTENT_DIM = 300, 20, 8.0, 256


@dataclass(frozen=True, kw_only=True)
class PartSettings:
    """How the parts are fitted."""

    transfer_strength: float = 0.0
    popularity_ridge: float = 30.0
    projection_dim: int = 128
    seed: int = 0


@dataclass
class FittedParts:
    """Co-occurrence, content and popularity of one shop.

    Each part gives every item of the catalogue a number for a weighted history. All but the two of
    popularity are sums over the history. `norms` are the parts' mean top-20 scores over one-item
    histories; divided by them the parts mean the same in every shop.
    """

    features: ItemFeatures
    knn: sparse.csr_matrix
    walk: sparse.csr_matrix
    mixture: ItemMixture
    projection_map: FloatArray
    projected: FloatArray
    popularity: PopularityPrior
    centre: float
    scale: float
    norms: dict[str, float]

    @classmethod
    def fit(cls, features: ItemFeatures, interactions: sparse.csr_matrix, settings: PartSettings) -> Self:
        """Fit all tables to who chose what; `interactions` has shape (users, items)."""
        counts = np.asarray(interactions.sum(axis=0), dtype=np.float32).ravel()
        directions = principal_directions(features.content, _CONTENT_DIM)
        learned = content_projection(features.content @ directions, interactions, settings.projection_dim)
        projection_map: FloatArray = np.asarray(directions @ learned, dtype=np.float32)
        popularity = PopularityPrior.fit(counts, features, ridge=settings.popularity_ridge)
        known = popularity.scores[~np.isnan(popularity.scores)]
        parts = cls(
            features=features,
            knn=item_knn(interactions),
            walk=rp3(interactions),
            mixture=ItemMixture.fit(features, counts, strength=settings.transfer_strength),
            projection_map=projection_map,
            projected=unit_rows(features.content @ projection_map),
            popularity=popularity,
            centre=float(known.mean()) if known.size else 0.0,
            scale=(float(known.std()) if known.size else 0.0) or 1.0,
            norms=dict.fromkeys(PARTS, 1.0),
        )
        parts.norms = parts._fit_norms(counts, settings.seed)
        return parts

    def _fit_norms(self, counts: FloatArray, seed: int) -> dict[str, float]:
        """Mean top score of each part over one-item histories (of items with events, if there are any).

        The top is 20 items, or a tenth of a small catalogue.
        """
        rng = np.random.default_rng(seed)
        pool = np.flatnonzero(counts > 0) if (counts > 0).any() else np.arange(len(counts))
        sample = rng.choice(pool, size=min(_NORM_SAMPLE, len(pool)), replace=False)
        one = np.ones(1, dtype=np.float32)
        totals = dict.fromkeys(PARTS, 0.0)
        depth = max(1, min(_NORM_DEPTH, len(counts) // 10))
        for item in sample:
            for name, scores in self.raw(np.array([item]), one).items():
                others = np.sort(np.delete(scores, item))[-depth:]
                totals[name] += float(others.mean()) if others.size else 0.0
        norms = {name: total / len(sample) if total > 0 else 1.0 for name, total in totals.items()}
        # Popularity is in standard deviations; a head of less than one says that there is no head.
        return norms | {name: max(norms[name], 1.0) for name in (POPULARITY, FIRST)}

    @property
    def knows_popularity(self) -> bool:
        """Whether anything is known of any item's popularity."""
        return not bool(np.isnan(self.popularity.scores).all())

    def prior(self) -> FloatArray:
        """Standardised popularity; zero where unknown."""
        scores: FloatArray = (self.popularity.scores - self.centre) / self.scale
        return np.nan_to_num(scores, nan=0.0)

    def raw(self, positions: IntArray, weights: FloatArray) -> dict[str, FloatArray]:
        """Each part for a weighted history, before norms, over the whole catalogue."""
        features, prior = self.features, self.prior()
        words = features.tfidf @ (features.tfidf[positions].T @ weights)
        projected = self.projected @ (weights @ self.projected[positions])
        return {
            KNN: self.mixture.spread(self.knn, positions, weights),
            WALK: self.mixture.spread(self.walk, positions, weights),
            KERNEL: _kernel(features.content, features.content[positions]) @ weights,
            WORDS: np.maximum(words, 0.0),
            PROJECTION: np.maximum(projected, 0.0),
            POPULARITY: prior,
            FIRST: prior / _amount(weights),
        }

    def mix(self, positions: IntArray, weights: FloatArray, mixing: Mapping[str, float]) -> FloatArray:
        """The weighted sum of the normalised parts."""
        total = np.zeros(len(self.projected), dtype=np.float32)
        for name, scores in self.raw(positions, weights).items():
            total += np.float32(mixing.get(name, 0.0) / self.norms[name]) * scores
        return total

    def prior_share(self, weights: FloatArray, mixing: Mapping[str, float]) -> FloatArray:
        """What popularity adds to the score of every item, given the weights of a history."""
        always = mixing.get(POPULARITY, 0.0) / self.norms[POPULARITY]
        at_first = mixing.get(FIRST, 0.0) / self.norms[FIRST] / _amount(weights)
        share: FloatArray = np.float32(always + at_first) * self.prior()
        return share

    def pairwise(self, positions: IntArray, weights: FloatArray, items: IntArray) -> dict[str, FloatArray]:
        """What each history item adds to each of `items`, by part, before norms: (history, items)."""
        if not len(positions):
            return {}
        features, by_row = self.features, weights[:, None]
        words = np.asarray((features.tfidf[positions] @ features.tfidf[items].T).todense())
        return {
            KNN: by_row * self.mixture.pairwise(self.knn, positions, items),
            WALK: by_row * self.mixture.pairwise(self.walk, positions, items),
            KERNEL: by_row * _kernel(features.content[positions], features.content[items]),
            WORDS: _clipped(by_row * words),
            PROJECTION: _clipped(by_row * (self.projected[positions] @ self.projected[items].T)),
        }

    def put(self, positions: IntArray, size: int) -> None:
        """Take in items whose features are there already, in a catalogue that now has `size` items."""
        self.mixture.put(self.features, positions, size)
        projected = unit_rows(self.features.content[positions] @ self.projection_map)
        self.projected = put_rows(self.projected, positions, projected, size)
        self.popularity.put(self.features, positions, size)

    def get_state(self) -> State:
        """Everything but the features, as a tree that can be saved."""
        return {
            "knn": self.knn,
            "walk": self.walk,
            "mixture": self.mixture.get_state(),
            "projection_map": self.projection_map,
            "projected": self.projected,
            "popularity": self.popularity.get_state(),
            "centre": self.centre,
            "scale": self.scale,
            "norms": self.norms,
        }

    @classmethod
    def from_state(cls, state: State, features: ItemFeatures) -> Self:
        """Take back what `get_state` gave."""
        own: dict[str, Any] = dict(state)
        mixture, popularity = ItemMixture(**own.pop("mixture")), PopularityPrior(**own.pop("popularity"))
        return cls(features=features, mixture=mixture, popularity=popularity, **own)


def _amount(weights: FloatArray) -> float:
    """How much evidence a history holds; at least one piece."""
    return max(float(np.abs(weights).sum()), 1.0)


def _kernel(left: FloatArray, right: FloatArray) -> FloatArray:
    """exp(8 (cosine - 1)) for all pairs of rows."""
    values: FloatArray = np.exp(_SHARPNESS * (left @ right.T - 1.0))
    return values


def _clipped(shares: FloatArray) -> FloatArray:
    """Shares of sums that count only when positive, a column each."""
    return np.where(shares.sum(axis=0) > 0, shares, np.float32(0.0))
