"""Cuts of a shop's ratings into the states of the MeLU paper: new users, new items, and both.

After Lee, Im, Jang, Cho and Chung, "MeLU: Meta-Learned User Preference Estimator for Cold-Start
Recommendation" (KDD 2019), section 4.1: of each user with 13 to 100 ratings in a state, ten ratings
drawn at random are asked for and the others are the support, in random order. The first k of the
support are revealed, or all when there are fewer, so every k is asked about the same ratings.

A shop may bring the states itself (`Dataset.withheld`); its events are then all training. Otherwise a
fifth of the users and a fifth of the items are withheld, chosen by the same hash as in `data.splits`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import polars as pl

from warmstart.core import columns as c
from warmstart.data.dataset import Dataset
from warmstart.data.guards import LeakageError
from warmstart.data.records import Event
from warmstart.data.schema import empty_table
from warmstart.data.splits import choose_items, choose_users, hash_order

ASKED: Final = 10
MIN_RATINGS: Final = 13
MAX_RATINGS: Final = 100
NEW_USERS: Final = "new users"
NEW_ITEMS: Final = "new items"
BOTH: Final = "both"


@dataclass(frozen=True, kw_only=True, slots=True)
class RatingCase:
    """One user of one state: the support in the order of its revelation, and the ratings asked for."""

    state: str
    user_id: str
    support: tuple[Event, ...]
    item_ids: tuple[str, ...]
    ratings: tuple[float, ...]

    def pairs(self) -> Iterator[tuple[str, str]]:
        """User and item of every rating of the case."""
        support = (str(event.item_id) for event in self.support)
        return ((self.user_id, item_id) for item_id in (*support, *self.item_ids))


@dataclass(frozen=True, kw_only=True)
class RatingSplit:
    """A shop to train on and the cases to ask.

    Errors: `LeakageError` when a rating of a case is in the training shop, as an event or as a review.
    """

    seed: int
    train: Dataset
    cases: tuple[RatingCase, ...]

    def __post_init__(self) -> None:
        _check_unseen(self.train, self.cases)

    @property
    def states(self) -> tuple[str, ...]:
        """The states that have cases, in order."""
        return tuple(dict.fromkeys(case.state for case in self.cases))

    def sample(self, n: int) -> Self:
        """The same split with at most `n` users of each state, chosen by hash."""
        kept: set[tuple[str, str]] = set()
        for state in self.states:
            users = {case.user_id for case in self.cases if case.state == state}
            kept |= {(state, user) for user in hash_order(users, f"{self.seed}:sample")[:n]}
        cases = tuple(case for case in self.cases if (case.state, case.user_id) in kept)
        return replace(self, cases=cases)


def ratings_of(dataset: Dataset) -> pl.DataFrame:
    """Who rated what how: user_id, item_id, value; the last where a user rated an item twice.

    Ratings are the events of type "rate" or "review" that carry a value.
    """
    rated = pl.col(c.EVENT_TYPE).is_in(["rate", "review"]) & pl.col(c.VALUE).is_finite()
    return (
        dataset.interactions.filter(rated)
        .select(c.USER_ID, c.ITEM_ID, c.VALUE)
        .unique([c.USER_ID, c.ITEM_ID], keep="last", maintain_order=True)
    )


def rating_states(dataset: Dataset, seed: int) -> RatingSplit:
    """The states that the shop brings in `withheld`, else those cut from its ratings.

    `seed` shuffles each user's ratings, and draws the withheld users and items where none are given.
    """
    if len(dataset.withheld):
        return _given_states(dataset, seed)
    return cut_states(dataset, seed)


def cut_states(dataset: Dataset, seed: int) -> RatingSplit:
    """Withhold a fifth of the users and of the items; their text and attributes stay.

    Training keeps the ratings of old items by old users. The states are the other three quarters of the
    table: new users × old items, old users × new items, new × new.
    """
    rated = replace(dataset, events=_rating_events(dataset))
    users, items = choose_users(rated, seed), choose_items(rated, seed)
    new_user, new_item = _among(c.USER_ID, users), _among(c.ITEM_ID, items)
    old = ~(new_user | new_item)
    train = replace(
        dataset,
        events=dataset.events.filter(old),
        reviews=dataset.reviews.filter(old),
        queries=dataset.queries.filter(~new_user),
        judgments=empty_table("judgments"),
        withheld=empty_table("withheld"),
    )
    table = ratings_of(dataset)
    parts = {
        NEW_USERS: table.filter(new_user & ~new_item),
        NEW_ITEMS: table.filter(~new_user & new_item),
        BOTH: table.filter(new_user & new_item),
    }
    cases = [case for state, part in parts.items() for case in _cases(part, state, seed)]
    return RatingSplit(seed=seed, train=train, cases=tuple(cases))


def _given_states(dataset: Dataset, seed: int) -> RatingSplit:
    train = replace(dataset, judgments=empty_table("judgments"), withheld=empty_table("withheld"))
    table = dataset.withheld.drop_nulls(c.VALUE).with_columns(pl.col(c.SPLIT).fill_null("test"))
    found = table[c.SPLIT].unique().to_list()
    usual = [state for state in (NEW_USERS, NEW_ITEMS, BOTH) if state in found]
    states = [*usual, *sorted(set(found) - set(usual))]
    parts = {state: table.filter(pl.col(c.SPLIT) == state) for state in states}
    cases = [case for state, part in parts.items() for case in _cases(part, state, seed)]
    return RatingSplit(seed=seed, train=train, cases=tuple(cases))


def _rating_events(dataset: Dataset) -> pl.DataFrame:
    pairs = ratings_of(dataset)
    return dataset.events.join(pairs, on=[c.USER_ID, c.ITEM_ID], how="semi", maintain_order="left")


def _cases(ratings: pl.DataFrame, state: str, seed: int) -> Iterator[RatingCase]:
    """The cases of the users with enough ratings and not too many, users sorted by id."""
    for (user_id,), rows in ratings.sort(c.USER_ID, maintain_order=True).group_by(
        c.USER_ID, maintain_order=True
    ):
        if MIN_RATINGS <= len(rows) <= MAX_RATINGS:
            values = dict(rows.select(c.ITEM_ID, c.VALUE).iter_rows())
            yield _case(state, str(user_id), values, seed)


def _case(state: str, user_id: str, values: dict[str, float], seed: int) -> RatingCase:
    order = hash_order(values, f"{seed}:{user_id}")
    support, asked = order[:-ASKED], order[-ASKED:]
    return RatingCase(
        state=state,
        user_id=user_id,
        support=tuple(
            Event(user_id=user_id, item_id=item_id, event_type="rate", value=values[item_id])
            for item_id in support
        ),
        item_ids=tuple(asked),
        ratings=tuple(values[item_id] for item_id in asked),
    )


def _among(column: str, ids: frozenset[str]) -> pl.Expr:
    return pl.col(column).is_in(list(ids)).fill_null(value=False)


def _check_unseen(train: Dataset, cases: Sequence[RatingCase]) -> None:
    asked = {pair for case in cases for pair in case.pairs()}
    for table in (train.interactions, train.reviews, train.withheld):
        seen = asked.intersection(table.select(c.USER_ID, c.ITEM_ID).iter_rows())
        if seen:
            user_id, item_id = min(seen)
            raise LeakageError(
                expected="no rating of the test among what is trained on",
                found=f"{len(seen)} that are in both, such as user {user_id!r} on item {item_id!r}",
                todo="Remove them from the events and reviews, or from the withheld ratings.",
            )
