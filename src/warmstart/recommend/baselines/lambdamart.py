"""Gradient-boosted trees that rank the candidates of simple scorers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.errors import MissingExtraError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.recommend.baselines.legs import Legs, candidates, mean_share, ranking_features
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.history import HistoryScorer

History = tuple[IntArray, FloatArray]
Lesson = tuple[FloatArray, IntArray]
"""The features of the candidates of one episode, and 1 for those that the user turned to."""

_SHOTS: Final = (1, 2, 3, 5, 10)
_HELD_USERS, _NEW_ITEMS, _FEWEST = 0.3, 0.1, 100
_TRAINED_DEPTH: Final = 50


@dataclass(kw_only=True)
class LambdaMartScorer(HistoryScorer):
    """LambdaMART over item neighbours, random walk, popularity and likeness of text.

    Burges, "From RankNet to LambdaRank to LambdaMART" (2010), by the library LightGBM: the set-up of most
    shops that learn to rank. It learns from cold starts cut from the shop's own history: 30 % of the
    users are kept from the legs, their first 1 to 10 items are known, and what they turned to later is
    to be ranked high; a tenth of the items is pretended new. Then the legs are fitted to everybody. The
    `depth` best items of each leg are ranked by the trees, all others stand below them. With fewer than
    100 such episodes nothing is learned and the mean of the legs ranks. A stranger gets popularity.

    Needs the extra `evaluate`, and events of some hundred users. Serves items with events, and with an
    encoder items with text; without one, unknown is NaN. Cost: half a minute of fitting with 20,000 users
    and 12,000 items, 5 to 10 milliseconds per query.
    """

    tuning_trials: ClassVar[int] = 1

    trees: int = tunable(120, low=50, high=400)
    leaves: int = tunable(7, low=4, high=31, log=True)
    learning_rate: float = tunable(0.05, low=0.01, high=0.2, log=True)
    depth: int = 200
    episodes: int = 4_000
    seed: int = 0

    def _fit_tables(self, dataset: Dataset) -> None:
        self._booster: Any = None
        lessons = list(self._lessons(self.histories(dataset)))
        self.ranker_: str | None = self._train(lessons) if len(lessons) >= _FEWEST else None
        self._legs = Legs.fit(self._features, interaction_matrix(dataset))

    def _lessons(self, histories: Sequence[History]) -> Iterator[Lesson]:
        """Episodes with something to find among the candidates, from users kept from the legs."""
        rng = np.random.default_rng(self.seed)
        usable = [history for history in histories if len(history[0]) > 1]
        order = rng.permutation(len(usable))
        n_held = int(_HELD_USERS * len(usable))
        if n_held < _FEWEST:
            return
        new = rng.random(len(self.item_ids_)) < _NEW_ITEMS
        chosen = [
            positions[(weights > 0) & ~new[positions]]
            for positions, weights in (usable[i] for i in order[n_held:])
        ]
        legs = Legs.fit(self._features, _matrix(chosen, len(self.item_ids_)))
        for turn, i in enumerate(order[: min(n_held, self.episodes)]):
            lesson = _lesson(legs, self._features, usable[i], _SHOTS[turn % len(_SHOTS)])
            if lesson is not None:
                yield lesson

    def _train(self, lessons: Sequence[Lesson]) -> str:
        """The trees, as LightGBM writes them."""
        lightgbm = _lightgbm()
        features, wanted = zip(*lessons, strict=True)
        data = lightgbm.Dataset(
            np.concatenate(features),
            label=np.concatenate(wanted),
            group=[len(rows) for rows in features],
        )
        trained: str = lightgbm.train(
            self._parameters(), data, num_boost_round=self.trees
        ).model_to_string()
        return trained

    def _parameters(self) -> dict[str, Any]:
        return {
            "objective": "lambdarank",
            "lambdarank_truncation_level": 20,
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": 50,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "seed": self.seed,
            "verbosity": -1,
        }

    def _score(self, query: Query) -> FloatArray:
        positions, weights = self.history(query)
        if len(positions):
            return self._score_history(positions, weights)
        return self._only_known(np.log1p(self._legs.counts))

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        scores = self._legs.scores(self._features, positions, weights)
        ranked = mean_share(scores)
        if self.ranker_ is not None:
            best = candidates(scores, self.depth, positions)
            found = self._trees().predict(ranking_features(scores, best, len(positions)), num_threads=1)
            ranked[best] = 2.0 + found - found.min(initial=0.0)
        return self._only_known(ranked)

    def _only_known(self, scores: FloatArray) -> FloatArray:
        return np.where(self._legs.known(self._features), scores, np.float32("nan"))

    def _trees(self) -> Any:
        if self._booster is None:
            self._booster = _lightgbm().Booster(model_str=self.ranker_)
        return self._booster

    def _put(self, positions: IntArray) -> None:
        self._legs.put(self._features, positions, len(self.item_ids_))

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        return super().get_state() | {"legs": self._legs.get_state()}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        own = dict(state)
        self._legs = Legs.from_state(own.pop("legs"))
        self._booster = None
        super().set_state(own)


def _lesson(legs: Legs, features: ItemFeatures | None, history: History, shots: int) -> Lesson | None:
    positions, weights = history
    shots = min(shots, len(positions) - 1)
    known, wanted = positions[:shots], positions[shots:][weights[shots:] > 0]
    scores = legs.scores(features, known, weights[:shots])
    chosen = candidates(scores, _TRAINED_DEPTH, known)
    found = np.isin(chosen, wanted).astype(np.int64)
    return (ranking_features(scores, chosen, shots), found) if found.any() else None


def _matrix(chosen: Sequence[IntArray], n_items: int) -> sparse.csr_matrix:
    """Ones at (user, item) for the items of each user."""
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in chosen])])
    indices = np.concatenate([np.zeros(0, dtype=np.int64), *chosen])
    ones = np.ones(len(indices), dtype=np.float32)
    return sparse.csr_matrix((ones, indices, indptr), shape=(len(chosen), n_items))


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError as error:
        raise MissingExtraError("LambdaMART", "evaluate") from error
    return lightgbm
