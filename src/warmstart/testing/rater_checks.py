"""The laws of raters."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from warmstart.core.errors import NotFittedError
from warmstart.core.linear import FloatArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item, events_frame
from warmstart.roles.encoder import Encoder
from warmstart.roles.rater import Rater
from warmstart.testing.component_checks import same
from warmstart.testing.toys import LANGUAGES, Checkerboard, Language, WordEncoder, checkerboard, renamed
from warmstart.testing.trials import Trial

GHOST = "an item that nobody has"
_OLD = 12


def rated(toy: Checkerboard) -> Checkerboard:
    """The toy shop with ratings: users give 5 or 4 to items of their group, 2 or 1 to the others.

    Items at even places are the better ones. User u of a group has not rated its u-th item.
    """
    events = [
        _rating(f"{'ab'[group]}-user-{user:02d}", toy.item_id(side, place), group == side)
        for group, user in itertools.product((0, 1), range(_OLD))
        for side, place in itertools.product((0, 1), range(_OLD))
        if place != user
    ]
    shop = dataclasses.replace(toy.dataset, name="rated checkerboard", events=events_frame(events))
    return dataclasses.replace(toy, dataset=shop)


def _rating(user_id: str, item_id: str, own: bool) -> Event:
    good = int(item_id[-2:]) % 2 == 0
    value = (5.0 if good else 4.0) if own else (2.0 if good else 1.0)
    return Event(user_id=user_id, item_id=item_id, event_type="rate", value=value)


@dataclass(kw_only=True)
class RaterTrial(Trial[Rater]):
    """Fits on a toy shop with ratings, with an encoder whose cosines are exact."""

    def fit(self, component: Rater) -> Rater:
        """Fit on the toy shop."""
        return component.fit(self.toy.dataset, self.encoder)

    def fit_elsewhere(self, component: Rater) -> Rater:
        """Fit on half of the items, with all ratings."""
        dataset = self.toy.dataset
        return component.fit(Dataset(items=dataset.items[::2], events=dataset.events), self.encoder)

    @cached_property
    def encoder(self) -> Encoder:
        """The stand-in for a language model."""
        return WordEncoder().fit(self.toy.texts)

    def query(self, group: int, n: int) -> Query:
        """A stranger who rates as the group does, `n` items of each side, own ones first."""
        own = [_rating("stranger", self.toy.item_id(group, place), own=True) for place in range(n)]
        other = [_rating("stranger", self.toy.item_id(1 - group, place), own=False) for place in range(n)]
        pairs = zip(own, other, strict=True)
        return Query(user_id="stranger", events=tuple(event for pair in pairs for event in pair))

    @property
    def queries(self) -> list[Query]:
        """The questions asked by `answer`."""
        return [self.query(group, n) for group in (0, 1) for n in (0, 1, 3)] + [Query()]

    def answer(self, component: Rater) -> FloatArray:
        """Ratings, shape (queries, items)."""
        return self.answer_for(component, {})

    def answer_for(self, component: Rater, names: dict[str, str]) -> FloatArray:
        """Ratings of items that now have other names, in the old order."""
        asked = [names.get(item_id, item_id) for item_id in self.toy.dataset.item_ids]
        queries = [_renamed(query, names) for query in self.queries]
        return np.vstack([component.predict(query, asked) for query in queries])

    def answer_renamed(self) -> FloatArray:
        """Fitted on the renamed shop, asked about renamed items."""
        dataset, names = renamed(self.toy)
        return self.answer_for(self.factory().fit(dataset, self.encoder), names)


def _renamed(query: Query, names: dict[str, str]) -> Query:
    events = (dataclasses.replace(e, item_id=names.get(str(e.item_id), e.item_id)) for e in query.events)
    return dataclasses.replace(query, events=tuple(events))


def ratings_stay_on_the_scale(trial: RaterTrial) -> None:
    """A float32 between the worst and the best rating for every item, known or not; never NaN."""
    asked = [GHOST, *trial.toy.dataset.item_ids]
    for query in trial.queries:
        found = trial.fitted.predict(query, asked)
        if found.dtype != np.float32 or found.shape != (len(asked),):
            raise AssertionError(f"expected one float32 per item, found {found.dtype} {found.shape}")
        if not ((found >= 1.0) & (found <= 5.0)).all():
            raise AssertionError(f"ratings from 1 to 5 were given, {found} is predicted")


def one_by_one_equals_together(trial: RaterTrial) -> None:
    """The rating of an item does not depend on what else is asked."""
    item_ids = trial.toy.dataset.item_ids
    for query in trial.queries:
        whole = trial.fitted.predict(query, item_ids)
        same(np.hstack([trial.fitted.predict(query, [item_id]) for item_id in item_ids]), whole)
        if len(trial.fitted.predict(query, [])):
            raise AssertionError("no item must give no rating")


def what_is_no_rating_of_a_known_item_counts_for_nothing(trial: RaterTrial) -> None:
    """Ratings of unknown items and events without a rating change no answer."""
    toy = trial.toy
    nothing = (
        Event(user_id="stranger", item_id=GHOST, event_type="rate", value=1.0),
        Event(user_id="stranger", item_id=toy.item_id(0, 5), event_type="view"),
    )
    for query in trial.queries:
        other = dataclasses.replace(query, events=(*nothing, *query.events))
        same(
            trial.fitted.predict(other, toy.dataset.item_ids),
            trial.fitted.predict(query, toy.dataset.item_ids),
        )


def good_items_are_rated_higher(trial: RaterTrial) -> None:
    """A stranger is told a higher rating for what everybody rates higher."""
    toy = trial.toy
    for group in (0, 1):
        ratings = trial.fitted.predict(Query(), [toy.item_id(group, place) for place in range(_OLD)])
        if not ratings[::2].min() > ratings[1::2].max():
            raise AssertionError(f"good items {ratings[::2]}, others {ratings[1::2]}")


def a_shop_without_ratings_has_a_prior(trial: RaterTrial) -> None:
    """With no rating at all there is still an answer, and it is on the scale."""
    items = trial.toy.dataset.items
    for shop in (Dataset(items=items), Dataset.from_records([Item(item_id="only")])):
        found = trial.factory().fit(shop, trial.encoder).predict(Query(), [*shop.item_ids, GHOST])
        if not ((found >= 1.0) & (found <= 5.0)).all():
            raise AssertionError(f"expected ratings from 1 to 5, found {found}")


def rating_before_fit_is_an_error(trial: RaterTrial) -> None:
    """`predict` before `fit` is a `NotFittedError`."""
    try:
        trial.factory().predict(Query(), [GHOST])
    except NotFittedError:
        return
    raise AssertionError("use before fit must be a NotFittedError")


def taste_is_followed(trial: RaterTrial) -> None:
    """After one rating of each side a user is told more for their own side, new items included."""
    toy = trial.toy
    for group, n in itertools.product((0, 1), (1, 3)):
        ratings = trial.fitted.predict(trial.query(group, n), toy.dataset.item_ids)
        unseen = np.array([int(item_id[-2:]) >= n for item_id in toy.dataset.item_ids])
        for part in (unseen & (toy.new == 0), unseen & (toy.new == 1)):
            own, other = ratings[part & (toy.groups == group)], ratings[part & (toy.groups != group)]
            if not own.min() > other.max():
                raise AssertionError(f"own items {own}, the others {other}")


def rater_trials(factory: Callable[[], Rater]) -> dict[Language, RaterTrial]:
    """A trial per language."""
    return {
        language: RaterTrial(factory=factory, toy=rated(checkerboard(language))) for language in LANGUAGES
    }
