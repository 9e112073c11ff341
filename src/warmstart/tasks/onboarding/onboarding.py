"""A short conversation with a stranger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Self

import numpy as np

from warmstart.core.errors import InputError, NotFittedError
from warmstart.data.dataset import Dataset
from warmstart.data.rating_states import ratings_of
from warmstart.data.records import Event
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.ratings.factor import FactorRater
from warmstart.roles.encoder import Encoder
from warmstart.tasks.onboarding.choosers import QuestionChooser, VarianceChooser
from warmstart.tasks.onboarding.tastes import Answer, Tastes


@dataclass(kw_only=True)
class Onboarding:
    """Which few items to ask a stranger about, one after the other, until more questions teach little.

    In a shop where people rate, a stranger rates what they know, and may say that they do not know an item;
    elsewhere they say whether it looks interesting. `events` turns answers into what `Engine.recommend`
    takes. Asking stops after `most` questions, or when the next one is expected to teach less than
    `least` times what the first one was.

    *Use it* for the first minute of a visitor who is willing to answer. *Not* instead of a first list: a
    click on a list costs a visitor nothing. *Cost*: a factor model of the shop at `fit` (seconds),
    items x dim² multiplications per question; `fit` reads all texts as well, `fit_on` does not.

    >>> from warmstart import Dataset, Event, Item
    >>> shop = Dataset.from_records(
    ...     [Item(item_id=i, title=i) for i in ("tea", "cup", "rod")],
    ...     [Event(user_id=u, item_id=i) for u, bought in {"a": ("tea", "cup"), "b": ("tea", "rod"),
    ...      "c": ("tea", "cup")}.items() for i in bought])
    >>> onboarding = Onboarding(most=2).fit(shop)
    >>> first = onboarding.next()
    >>> onboarding.next([Answer(item_id=first, value=1.0), Answer(item_id="rod", value=0.0)]) is None
    True
    """

    chooser: QuestionChooser = field(default_factory=VarianceChooser)
    most: int = 5
    least: float = 0.25

    def __post_init__(self) -> None:
        self._asking: QuestionChooser | None = None

    def fit(self, dataset: Dataset, encoder: Encoder | None = None) -> Self:
        """Learn the tastes of a shop's users. Without an encoder the catalogue's own words are read.

        Errors: `InputError` for a shop without items.
        """
        _check_items(dataset)
        encoder = encoder or CatalogueEncoder().fit(dataset.item_texts)
        if _is_rated(dataset):
            return self.take(Tastes.of_ratings(dataset, FactorRater().fit(dataset, encoder)))
        return self.take(Tastes.of_choices(dataset, ItemFeatures.fit(dataset.item_texts, encoder)))

    def fit_on(self, dataset: Dataset, features: ItemFeatures) -> Self:
        """The same where the texts have been read already, as by an engine: that is what takes long.

        `features` has a row for each item of the shop, as `Engine.item_features` has for `Engine.dataset`.
        Errors: `InputError` for a shop without items, and for features of others.
        """
        _check_items(dataset)
        if len(features.content) != len(dataset.items):
            raise InputError(
                expected=f"features of {len(dataset.items)} items",
                found=f"those of {len(features.content)}",
                todo="Take shop and features from the engine at the same time.",
            )
        if _is_rated(dataset):
            return self.take(Tastes.of_ratings(dataset, FactorRater().fit_on(dataset, features)))
        return self.take(Tastes.of_choices(dataset, features))

    def take(self, tastes: Tastes) -> Self:
        """Start from tastes learned elsewhere."""
        self.rates_ = not tastes.everyone
        self._asking = self.chooser.unfitted().fit(tastes)
        self._first = float(self._asking.worth().max())
        return self

    def next(
        self, answers: Sequence[Answer] = (), *, may_ask: Callable[[str], bool] = lambda _: True
    ) -> str | None:
        """The item to ask about after these answers; None when it is time to stop.

        `may_ask` says whether an item may be asked about, where that has changed since the fit.
        """
        if self._asking is None:
            raise NotFittedError("Onboarding")
        if len(answers) >= self.most:
            return None
        telling = takewhile(lambda found: found[1] > self.least * self._first, self._asking.ranked(answers))
        return next((item_id for item_id, _ in telling if may_ask(item_id)), None)

    def questions(self, n: int | None = None, answers: Sequence[Answer] = ()) -> list[str]:
        """`n` items to ask about at once, for a page that asks everything together; `most` when None."""
        if self._asking is None:
            raise NotFittedError("Onboarding")
        return self._asking.choose(self.most if n is None else n, answers)

    def events(self, answers: Sequence[Answer], user_id: str = "stranger") -> tuple[Event, ...]:
        """The answers as evidence for `Engine.observe` or `recommend(events=...)`.

        Ratings are ratings, "interesting" is a like. "Not interesting" becomes an impression, which
        lowers that item alone: most people want little of anything, and as a dislike it was measured to
        speak against too much.
        """
        kinds = {True: "like", False: "impression"}
        return tuple(
            Event(user_id=user_id, item_id=answer.item_id, event_type="rate", value=answer.value)
            if self.rates_
            else Event(user_id=user_id, item_id=answer.item_id, event_type=kinds[answer.value > 0])
            for answer in answers
            if answer.value is not None and np.isfinite(answer.value)
        )


def _check_items(dataset: Dataset) -> None:
    if not len(dataset.items):
        raise InputError(expected="items to ask about", found="none", todo="Fit it on a shop with items.")


def _is_rated(dataset: Dataset) -> bool:
    """Whether people say how they liked things, rather than just take them."""
    rated = len(ratings_of(dataset))
    return rated > 0 and 2 * rated >= len(dataset.interactions)
