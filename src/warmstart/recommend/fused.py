"""One additive score from everything that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import Reason
from warmstart.data.query import Query
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.history import HistoryScorer
from warmstart.recommend.parts import (
    FIRST,
    KERNEL,
    KNN,
    POPULARITY,
    PROJECTION,
    WALK,
    WORDS,
    FittedParts,
    PartSettings,
)
from warmstart.recommend.weighing import learn_weights
from warmstart.roles.encoder import Encoder


def _default_weights() -> dict[str, float]:
    return {KNN: 0.15, WALK: 0.35, KERNEL: 0.02, WORDS: 0.12, PROJECTION: 0.13, POPULARITY: 0.5, FIRST: 0.0}


@dataclass(kw_only=True)
class FusedScorer(HistoryScorer):
    """A weighted sum of co-purchase, content and popularity that serves every amount of evidence.

    The score of item j for history H is the sum over h in H, each with its evidence weight, of
    co-occurrence (shrunk item-kNN and a random walk), likeness of content (an exponential kernel, tf-idf,
    and a projection under which co-chosen items are alike), plus popularity as the prior. Sums, not
    means: evidence grows with the history while the prior stays put, so that one set of weights serves
    one event and a hundred. Without history the score is popularity alone. New items take part
    through `ItemMixture`. `contributions` takes a score apart exactly.

    `weights` are where learning starts. With `learn` and enough users, cold starts cut from the shop's own
    history decide whether other weights serve it better (`weighing.learn_weights`); `weights_` are the ones
    in use.

    Use it by default. In a shop without any event its parts about co-occurrence are silent and it ranks
    by content; with neither events nor a history it has no opinion (NaN).
    """

    needs_encoder: ClassVar[bool] = True

    weights: dict[str, float] = field(default_factory=_default_weights)
    learn: bool = True
    transfer_strength: float = 0.0
    popularity_ridge: float = 30.0
    projection_dim: int = 128
    seed: int = 0

    def _fit_tables(self, dataset: Dataset) -> None:
        interactions = interaction_matrix(dataset)
        settings = PartSettings(
            transfer_strength=self.transfer_strength,
            popularity_ridge=self.popularity_ridge,
            projection_dim=self.projection_dim,
            seed=self.seed,
        )
        self._parts = FittedParts.fit(self._text(), interactions, settings)
        self._saved_parts: State | None = None
        self.weights_ = dict(self.weights)
        if self.learn:
            self.weights_ = learn_weights(self._text(), self.histories(dataset), settings, self.weights_)

    def parts(self, query: Query) -> dict[str, FloatArray]:
        """The normalised parts of the score, before weights, each over the whole catalogue."""
        norms = self._parts.norms
        return {name: raw / norms[name] for name, raw in self._parts.raw(*self.history(query)).items()}

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        return self._parts.mix(positions, weights, self.weights_)

    def _score(self, query: Query) -> FloatArray:
        positions, weights = self.history(query)
        if len(positions):
            return self._score_history(positions, weights)
        if not self._parts.knows_popularity:
            return np.full(len(self.item_ids_), np.nan, dtype=np.float32)
        return self._parts.prior_share(weights, self.weights_)

    def score_with(self, query: Query, mixing: Mapping[str, float]) -> FloatArray:
        """Scores under other weights of the parts, for questions other than "what next"."""
        return self._parts.mix(*self.history(query), mixing)

    def taste(self, query: Query) -> FloatArray:
        """What the history alone says of every item: the score without popularity."""
        return self.score_with(query, {**self.weights_, POPULARITY: 0.0, FIRST: 0.0})

    def refit(self, dataset: Dataset) -> None:
        """Learn the tables again from other events on the same items; text features stay."""
        self._check_fitted()
        self._take_scale(dataset)
        self._fit_tables(dataset)

    def contributions(
        self, query: Query, item_ids: Sequence[str], mixing: Mapping[str, float] | None = None
    ) -> list[tuple[Reason, ...]]:
        """For each item what each piece of evidence adds to its score, largest first.

        The values of one item sum to its score under `mixing` (by default the scorer's own weights).
        """
        mixing = self.weights_ if mixing is None else mixing
        items = np.array([self._place[item_id] for item_id in item_ids], dtype=np.int64)
        positions, weights = self.history(query)
        evidence = [self.item_ids_[position] for position in positions]
        units = {name: mixing.get(name, 0.0) / norm for name, norm in self._parts.norms.items()}
        shares = self._parts.pairwise(positions, weights, items)
        scaled = {name: units[name] * matrix for name, matrix in shares.items() if units[name]}
        prior = self._parts.prior_share(weights, mixing)[items]
        return [
            tuple(sorted(_reasons(evidence, scaled, float(prior[column]), column), key=_by_size))
            for column in range(len(items))
        ]

    def has_events(self, item_id: str) -> bool:
        """Whether anyone had touched an item when the tables were fitted."""
        position, counts = self._place.get(item_id), self._parts.mixture.counts
        return position is not None and position < len(counts) and bool(counts[position] > 0)

    def _put(self, positions: IntArray) -> None:
        self._parts.put(positions, len(self.item_ids_))

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        return super().get_state() | {"parts": self._parts.get_state()}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave; `use_encoder` must follow before the first query."""
        own = dict(state)
        self._saved_parts = own.pop("parts")
        super().set_state(own)

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded scorer back the encoder that it was fitted with."""
        super().use_encoder(encoder)
        if encoder is not None and self._saved_parts is not None:
            self._parts = FittedParts.from_state(self._saved_parts, self._text())
            self._saved_parts = None


def _reasons(
    evidence: Sequence[str], shares: Mapping[str, FloatArray], prior: float, column: int
) -> Iterator[Reason]:
    yield Reason(kind=POPULARITY, value=prior)
    for name, matrix in shares.items():
        for item_id, share in zip(evidence, matrix[:, column].tolist(), strict=True):
            if share:
                yield Reason(kind=name, value=share, item_id=item_id)


def _by_size(reason: Reason) -> float:
    return -abs(reason.value)
