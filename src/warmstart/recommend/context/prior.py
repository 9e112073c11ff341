"""Context as evidence: what is chosen more often than usual at this hour, in this place, by such people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from warmstart.core.component import State
from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.recommend.base import TextScorer
from warmstart.recommend.context.lifts import (
    LiftModel,
    Shrinkage,
    centred,
    counted,
    main_directions,
    shares_of,
    text_lifts,
)
from warmstart.recommend.context.sightings import SeenContexts, read_contexts
from warmstart.recommend.context.values import ContextValues
from warmstart.recommend.context.weighing import best_shrinkage, feature_weights, folds_of
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.popularity import PopularityPrior


@dataclass
class ContextPrior:
    """How much likelier than usual each item is in a context, as a log: add it to a log-popularity.

    The interface, for a scorer that adds it as one more part (it stays as it is):

        prior = ContextPrior.fit(dataset, features)        # features None: no text, new items get zero
        prior.lift(context, user) -> (items,)              # zero where nothing is known or learned
        prior.contributions(context, user, positions)      # {"device: mobile": (positions,)}, adds up
        prior.put(features, positions, size); prior.get_state(); ContextPrior.from_state(state)
        prior.speaks(context, user)                        # whether the lift is other than zero

    `context` is `Query.context`: `time` (Unix seconds or ISO text) gives part of day, weekday or weekend,
    month and season; every other key that the shop's events or users' profiles had is understood by its
    name. `user` are attributes known of the asker; the context goes before them. Units are those of
    log(users): in a score where popularity counts as w (log(1 + users) - centre) / scale, the
    lift counts as w / scale; counted so it helped, or did no harm, after any number of events.

    The model is naive Bayes with care: log p(item | context) = log p(item) + the sum over features of
    w_f times a shrunk log-lift. Each lift is shrunk towards what the item's text predicts, and that
    towards zero (`LiftModel`); how far, and whether to believe the feature at all, is chosen by the
    likelihood of held-out users (`best_shrinkage`), and so are the weights w_f, because features overlap
    (`feature_weights`). In a shop without contexts nothing is learned and it costs nothing.

    Needs: events with contexts or timestamps, or users with attributes. Serves: every item, 0 events
    included, when there is text. Cost: a table of values x items floats; fit is seconds.
    """

    values: ContextValues
    directions: FloatArray
    has_events: BoolArray
    n_items: int
    weights: dict[str, float] = field(default_factory=dict)
    tables: dict[str, FloatArray] = field(default_factory=dict)
    maps: dict[str, FloatArray] = field(default_factory=dict)
    offsets: dict[str, FloatArray] = field(default_factory=dict)

    @classmethod
    def fit(cls, dataset: Dataset, features: ItemFeatures | None, *, seed: int = 0) -> Self:
        """Learn which features of the shop's contexts matter, and the lifts of their values."""
        seen = read_contexts(dataset)
        directions = main_directions(None if features is None else features.content)
        has_events = np.zeros(len(dataset.item_ids), dtype=np.bool_)
        has_events[seen.hot] = True
        prior = cls(ContextValues(), directions, has_events, len(has_events))
        content = None if features is None else features.content[seen.hot] @ directions
        folds = folds_of(seen.n_users, seed)
        chosen = {
            name: shrinkage
            for name, rows in seen.values.rows.items()
            if (shrinkage := best_shrinkage(seen.sightings[name], len(rows), seen.n_items, content, folds))
        }
        for name, weight in sorted(feature_weights(seen, chosen, content, folds, seed).items()):
            if weight > 0:
                prior._learn(name, seen, content, chosen[name], weight)
        prior.put(features, np.flatnonzero(~has_events), len(has_events))
        return prior

    def _learn(
        self,
        name: str,
        seen: SeenContexts,
        content: FloatArray | None,
        shrinkage: Shrinkage,
        weight: float,
    ) -> None:
        self.values.rows[name] = rows = seen.values.rows[name]
        if name in seen.values.edges:
            self.values.edges[name] = seen.values.edges[name]
        counts = counted(seen.sightings[name], len(rows), seen.n_items)
        model = LiftModel.of(counts, content)
        text_map = model.map(shrinkage.text)
        lifts = weight * model.lifts(model.by_text(text_map), shrinkage.items)
        table = centred(lifts, shares_of(counts))
        self.weights[name] = weight
        self.tables[name] = np.zeros((len(rows), self.n_items), dtype=np.float32)
        self.tables[name][:, seen.hot] = table
        self.maps[name] = text_map.astype(np.float32)
        self.offsets[name] = (lifts[:, 0] - table[:, 0]).astype(np.float32)

    def lift(self, context: Mapping[str, Any], user: Mapping[str, Any] | None = None) -> FloatArray:
        """Log-lift of every item, shape (items,); zeros when nothing known was ever learned about."""
        total = np.zeros(self.n_items, dtype=np.float32)
        for name, row in self._rows(context, user):
            total += self.tables[name][row]
        return total

    def contributions(
        self, context: Mapping[str, Any], user: Mapping[str, Any] | None, positions: IntArray
    ) -> dict[str, FloatArray]:
        """What each value adds to the lift of some items, such as {"season: winter": (positions,)}."""
        named = {
            name: {row: value for value, row in rows.items()} for name, rows in self.values.rows.items()
        }
        return {
            f"{name}: {named[name][row]}": self.tables[name][row][positions]
            for name, row in self._rows(context, user)
        }

    def speaks(self, context: Mapping[str, Any], user: Mapping[str, Any] | None = None) -> bool:
        """Whether anything was learned about this context."""
        return bool(self._rows(context, user))

    def _rows(self, context: Mapping[str, Any], user: Mapping[str, Any] | None) -> list[tuple[str, int]]:
        scene = self.values.scene(context, user) if self.tables and (context or user) else {}
        return [
            (name, self.values.rows[name][value]) for name in self.tables for value in scene.get(name, ())
        ]

    def put(self, features: ItemFeatures | None, positions: IntArray, size: int) -> None:
        """Predict for those at `positions` that had no events; the catalogue now has `size` items."""
        old = positions < len(self.has_events)
        new = positions[~(old & self.has_events[np.where(old, positions, 0)])]
        for name, table in self.tables.items():
            grown = np.zeros((len(table), size), dtype=np.float32)
            grown[:, : table.shape[1]] = table
            if features is not None:
                by_text = text_lifts(features.content[new] @ self.directions, self.maps[name])
                grown[:, new] = self.weights[name] * by_text - self.offsets[name][:, None]
            self.tables[name] = grown
        self.n_items = size

    def get_state(self) -> State:
        """Everything, as a tree that can be saved."""
        return {**vars(self), "values": self.values.get_state()}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Take back what `get_state` gave."""
        own: dict[str, Any] = dict(state)
        return cls(values=ContextValues(**own.pop("values")), **own)


@dataclass(kw_only=True)
class ContextScorer(TextScorer):
    """Popularity as it is in the question's context: what people choose at this hour, here, at this age.

    log(1 + users) plus `ContextPrior.lift`. The same for everyone in the same context, so it answers
    strangers; without a context, or in a shop whose contexts say nothing about items, it is popularity.
    Use it where all that is known of a visitor is the scene, and beside popularity to see what scenes
    are worth. Attributes of the asker stand in the context under the names they have in the users table.
    """

    ridge: float = 30.0
    seed: int = 0

    def _fit_tables(self, dataset: Dataset) -> None:
        counts = np.asarray(interaction_matrix(dataset).sum(axis=0), dtype=np.float32).ravel()
        self._popularity = PopularityPrior.fit(counts, self._features, ridge=self.ridge)
        self._prior = ContextPrior.fit(dataset, self._features, seed=self.seed)

    @property
    def prior(self) -> ContextPrior:
        """What was learned about contexts."""
        self._check_fitted()
        return self._prior

    def _put(self, positions: IntArray) -> None:
        size = len(self.item_ids_)
        self._popularity.put(self._features, positions, size)
        self._prior.put(self._features, positions, size)

    def _score(self, query: Query) -> FloatArray:
        scores: FloatArray = self._popularity.scores + self._prior.lift(query.context)
        return scores

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        own = {"popularity": self._popularity.get_state(), "prior": self._prior.get_state()}
        return super().get_state() | own

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        own = dict(state)
        self._popularity = PopularityPrior(**own.pop("popularity"))
        self._prior = ContextPrior.from_state(own.pop("prior"))
        super().set_state(own)
