"""One additive score from everything that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

import numpy as np

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, principal_directions, unit_rows
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import Reason
from warmstart.data.query import Query
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.features import put_rows
from warmstart.recommend.history import HistoryScorer
from warmstart.recommend.mixture import ItemMixture
from warmstart.recommend.popularity import PopularityPrior
from warmstart.recommend.tables import content_projection, item_knn, rp3

KNN: Final = "bought together"
WALK: Final = "random walk"
KERNEL: Final = "alike"
WORDS: Final = "same words"
PROJECTION: Final = "chosen by the same people"
POPULARITY: Final = "popularity"
PARTS: Final = (KNN, WALK, KERNEL, WORDS, PROJECTION, POPULARITY)

_NORM_SAMPLE, _NORM_DEPTH, _SHARPNESS = 300, 20, 8.0


def _default_weights() -> dict[str, float]:
    return {KNN: 0.15, WALK: 0.35, KERNEL: 0.02, WORDS: 0.12, PROJECTION: 0.13, POPULARITY: 0.5}


@dataclass(kw_only=True)
class FusedScorer(HistoryScorer):
    """A weighted sum of co-purchase, content and popularity that serves every amount of evidence.

    The score of item j for history H is the sum over h in H, each with its evidence weight, of
    co-occurrence (shrunk item-kNN and a random walk), likeness of content (an exponential kernel, tf-idf,
    and a projection under which co-chosen items are alike), plus popularity as the prior. Sums, not
    means: evidence grows with the history while the prior stays put, so that one set of weights serves
    one event and a hundred. Without history the score is popularity alone. New items take part
    through `ItemMixture`.

    Each part is divided by its mean top-20 score over one-item histories before it is weighted, so that
    weights mean the same in every shop. `contributions` takes a score apart exactly.

    Use it by default. In a shop without any event its parts about co-occurrence are silent and it ranks
    by content; with neither events nor a history it has no opinion (NaN).
    """

    needs_encoder: ClassVar[bool] = True

    weights: dict[str, float] = field(default_factory=_default_weights)
    transfer_strength: float = 0.0
    popularity_ridge: float = 30.0
    projection_dim: int = 128
    seed: int = 0

    def _fit_tables(self, dataset: Dataset) -> None:
        features = self._text()
        interactions = interaction_matrix(dataset)
        counts = np.asarray(interactions.sum(axis=0), dtype=np.float32).ravel()
        self.knn_, self.walk_ = item_knn(interactions), rp3(interactions)
        self._mixture = ItemMixture.fit(features, counts, strength=self.transfer_strength)
        self._fit_projection(interactions)
        self._popularity = PopularityPrior.fit(counts, features, ridge=self.popularity_ridge)
        self._fit_prior_scale()
        self.norms_ = dict.fromkeys(PARTS, 1.0)
        self.norms_ = self._fit_norms(counts)

    def _fit_projection(self, interactions: object) -> None:
        content = self._text().content
        directions = principal_directions(content, 256)
        learned = content_projection(content @ directions, interactions, self.projection_dim)  # type: ignore[arg-type]
        self.projection_map_: FloatArray = np.asarray(directions @ learned, dtype=np.float32)
        self.projected_ = unit_rows(content @ self.projection_map_)

    def _fit_prior_scale(self) -> None:
        known = self._popularity.scores[~np.isnan(self._popularity.scores)]
        self.prior_centre_ = float(known.mean()) if known.size else 0.0
        self.prior_scale_ = (float(known.std()) if known.size else 0.0) or 1.0

    def _fit_norms(self, counts: FloatArray) -> dict[str, float]:
        """Mean top-20 score of each part over one-item histories (items with events, if there are any)."""
        rng = np.random.default_rng(self.seed)
        pool = np.flatnonzero(counts > 0) if (counts > 0).any() else np.arange(len(counts))
        sample = rng.choice(pool, size=min(_NORM_SAMPLE, len(pool)), replace=False)
        one = np.ones(1, dtype=np.float32)
        totals = dict.fromkeys(PARTS, 0.0)
        for item in sample:
            for name, scores in self._raw_parts(np.array([item]), one).items():
                others = np.delete(scores, item)
                depth = min(_NORM_DEPTH, len(others))
                totals[name] += float(np.sort(others)[-depth:].mean()) if depth else 0.0
        return {name: total / len(sample) if total > 0 else 1.0 for name, total in totals.items()}

    def _prior(self) -> FloatArray:
        scores: FloatArray = (self._popularity.scores - self.prior_centre_) / self.prior_scale_
        return np.nan_to_num(scores, nan=0.0)

    def _raw_parts(self, positions: IntArray, weights: FloatArray) -> dict[str, FloatArray]:
        features = self._text()
        words = features.tfidf @ (features.tfidf[positions].T @ weights)
        projected = self.projected_ @ (weights @ self.projected_[positions])
        return {
            KNN: self._mixture.spread(self.knn_, positions, weights),
            WALK: self._mixture.spread(self.walk_, positions, weights),
            KERNEL: _kernel(features.content, features.content[positions]) @ weights,
            WORDS: np.maximum(words, 0.0),
            PROJECTION: np.maximum(projected, 0.0),
            POPULARITY: self._prior(),
        }

    def parts(self, query: Query) -> dict[str, FloatArray]:
        """The normalised parts of the score, before weights, each over the whole catalogue."""
        positions, weights = self.history(query)
        return {name: raw / self.norms_[name] for name, raw in self._raw_parts(positions, weights).items()}

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        return self._mix(self._raw_parts(positions, weights), self.weights)

    def _mix(self, raw: Mapping[str, FloatArray], mixing: Mapping[str, float]) -> FloatArray:
        total = np.zeros(len(self.item_ids_), dtype=np.float32)
        for name, scores in raw.items():
            total += np.float32(mixing[name] / self.norms_[name]) * scores
        return total

    def score_with(self, query: Query, mixing: Mapping[str, float]) -> FloatArray:
        """Scores under other weights of the parts, for questions other than "what next"."""
        positions, weights = self.history(query)
        return self._mix(self._raw_parts(positions, weights), mixing)

    def refit(self, dataset: Dataset) -> None:
        """Learn the tables again from other events on the same items; text features stay."""
        self._check_fitted()
        self._fit_tables(dataset)

    def _score(self, query: Query) -> FloatArray:
        positions, weights = self.history(query)
        if len(positions):
            return self._score_history(positions, weights)
        if np.isnan(self._popularity.scores).all():
            return np.full(len(self.item_ids_), np.nan, dtype=np.float32)
        return np.float32(self.weights[POPULARITY] / self.norms_[POPULARITY]) * self._prior()

    def contributions(
        self, query: Query, item_ids: Sequence[str], mixing: Mapping[str, float] | None = None
    ) -> list[tuple[Reason, ...]]:
        """For each item what each piece of evidence adds to its score, largest first.

        The values of one item sum to its score under `mixing` (by default the scorer's own weights).
        """
        mixing = self.weights if mixing is None else mixing
        items = np.array([self._place[item_id] for item_id in item_ids], dtype=np.int64)
        positions, weights = self.history(query)
        evidence = [self.item_ids_[position] for position in positions]
        shares = self._pairwise(positions, weights, items)
        prior = self._prior()[items]
        return [
            tuple(sorted(self._reasons(mixing, shares, evidence, column, prior), key=_by_size))
            for column in range(len(items))
        ]

    def _reasons(
        self,
        mixing: Mapping[str, float],
        shares: Mapping[str, FloatArray],
        evidence: Sequence[str],
        column: int,
        prior: FloatArray,
    ) -> Iterator[Reason]:
        unit = {name: mixing[name] / self.norms_[name] for name in PARTS}
        yield Reason(kind=POPULARITY, value=unit[POPULARITY] * float(prior[column]))
        for name, matrix in shares.items():
            for item_id, share in zip(evidence, matrix[:, column].tolist(), strict=True):
                if share and unit[name]:
                    yield Reason(kind=name, value=unit[name] * share, item_id=item_id)

    def _pairwise(self, positions: IntArray, weights: FloatArray, items: IntArray) -> dict[str, FloatArray]:
        """What each history item adds to each of `items`, by part: shape (history, items)."""
        if not len(positions):
            return {}
        features, by_row = self._text(), weights[:, None]
        words = np.asarray((features.tfidf[positions] @ features.tfidf[items].T).todense())
        return {
            KNN: by_row * self._mixture.pairwise(self.knn_, positions, items),
            WALK: by_row * self._mixture.pairwise(self.walk_, positions, items),
            KERNEL: by_row * _kernel(features.content[positions], features.content[items]),
            WORDS: _clipped(by_row * words),
            PROJECTION: _clipped(by_row * (self.projected_[positions] @ self.projected_[items].T)),
        }

    def _put(self, positions: IntArray) -> None:
        features, size = self._text(), len(self.item_ids_)
        self._mixture.put(features, positions, size)
        self.projected_ = put_rows(
            self.projected_, positions, unit_rows(features.content[positions] @ self.projection_map_), size
        )
        self._popularity.put(features, positions, size)

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        return super().get_state() | {
            "mixture": self._mixture.get_state(),
            "popularity": self._popularity.get_state(),
        }

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave; `use_encoder` must follow before the first query."""
        own = dict(state)
        self._mixture = ItemMixture(**own.pop("mixture"))
        self._popularity = PopularityPrior(**own.pop("popularity"))
        super().set_state(own)


def _kernel(left: FloatArray, right: FloatArray) -> FloatArray:
    """exp(8 (cosine - 1)) for all pairs of rows."""
    values: FloatArray = np.exp(_SHARPNESS * (left @ right.T - 1.0))
    return values


def _clipped(shares: FloatArray) -> FloatArray:
    """Shares of sums that count only when positive, a column each."""
    return np.where(shares.sum(axis=0) > 0, shares, np.float32(0.0))


def _by_size(reason: Reason) -> float:
    return -abs(reason.value)
