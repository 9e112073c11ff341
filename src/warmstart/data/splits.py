"""Cuts of a shop's history that imitate a cold start.

Each cut gives a `Split`: a shop to train on and the questions to ask afterwards. What is withheld is
chosen by a hash of the seed and the id, so that it depends neither on the order of the rows nor on
the machine, and so that `new_both` withholds exactly the items of `new_items` and the users of
`new_users` for the same seed.

Events are counted as they stand in `Dataset.interactions`, repeats included. A target is an *item*:
touching it twice after the cut makes one target, and an item that the user touched before the cut
is none, because finding it again is not a discovery. Questions left without a target are dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, event_from_row

SHARE: Final = 0.2
SHOTS: Final = (0, 1, 2, 3, 5)
"""Events revealed of a new user; the targets are the same for each: what follows the fifth."""
MIN_EVENTS: Final = 8
HEAVY_SHOTS: Final = 10
"""Asked of heavier users only, with what follows the tenth as targets: not a continuation of `SHOTS`."""
MIN_HEAVY_EVENTS: Final = 13


@dataclass(frozen=True, kw_only=True, slots=True)
class Episode:
    """One question: what is known of a user, and the items that they turned to afterwards.

    `shots` is how many events are revealed of a new user, None when the user is an old one and
    `history` is all that training saw of them.
    """

    user_id: str
    shots: int | None
    history: tuple[Event, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Split:
    """A shop to train on, what was withheld from it, and the questions to ask."""

    name: str
    seed: int
    train: Dataset
    before: float | None = None
    """The moment of a temporal cut: training holds only what happened earlier. None for a random cut."""
    new_items: frozenset[str] = frozenset()
    new_users: frozenset[str] = frozenset()
    episodes: tuple[Episode, ...]

    def only_new_items(self) -> Self:
        """The same split with only withheld items as targets; episodes without one are dropped."""
        kept = (
            replace(episode, targets=tuple(t for t in episode.targets if t in self.new_items))
            for episode in self.episodes
        )
        return replace(self, episodes=tuple(episode for episode in kept if episode.targets))

    def sample(self, n: int) -> Self:
        """The same split with the questions of at most `n` users, chosen by hash."""
        users = {episode.user_id for episode in self.episodes}
        if len(users) <= n:
            return self
        chosen = frozenset(hash_order(users, f"{self.seed}:sample")[:n])
        return replace(self, episodes=tuple(e for e in self.episodes if e.user_id in chosen))


def new_items(dataset: Dataset, seed: int, share: float = SHARE) -> Split:
    """Withhold all events of a share of the items; ask every old user for the withheld ones.

    The items stay in the catalogue with their text. History is all training events of the user.
    """
    withheld = choose_items(dataset, seed, share)
    return new_items_split(dataset, without(dataset, items=withheld), seed, withheld)


def new_items_split(dataset: Dataset, train: Dataset, seed: int, withheld: frozenset[str]) -> Split:
    """The questions about `withheld` items for every user that `train` knows."""
    past = events_by_user(train)
    future = _items_by_user(dataset.interactions.filter(_among(c.ITEM_ID, withheld)))
    episodes = [
        Episode(user_id=user, shots=None, history=past[user], targets=targets)
        for user, targets in future.items()
        if user in past
    ]
    return _split("new-items", seed, train, episodes, items=withheld)


def new_users(dataset: Dataset, seed: int, share: float = SHARE) -> Split:
    """Withhold a share of the users; reveal the first few events of those who have enough of them."""
    withheld = choose_users(dataset, seed, share)
    train = without(dataset, users=withheld)
    return few_shot_split("new-users", dataset, train, seed, users=withheld)


def new_both(dataset: Dataset, seed: int, share: float = SHARE, *, every_target: bool = False) -> Split:
    """Both cuts at once: new users are asked for new items.

    The revealed events are whatever the user did first, with old items or new. `every_target` keeps
    the old items among the targets: the whole shop as a new user meets it.
    """
    items, users = choose_items(dataset, seed, share), choose_users(dataset, seed, share)
    train = without(dataset, items=items, users=users)
    split = few_shot_split("new-both", dataset, train, seed, items=items, users=users)
    return split if every_target else split.only_new_items()


def few_shot_split(
    name: str,
    dataset: Dataset,
    train: Dataset,
    seed: int,
    *,
    items: frozenset[str] = frozenset(),
    users: frozenset[str],
) -> Split:
    """The questions of withheld `users` at each number of shots, with all their later items as targets."""
    return _split(name, seed, train, _few_shot_episodes(dataset, users), items=items, users=users)


def warm(dataset: Dataset, seed: int = 0) -> Split:
    """Leave out the last event of every user who has at least two; nothing is drawn, `seed` is kept."""
    rows = dataset.events.with_row_index("row").filter(pl.col(c.ITEM_ID).is_not_null())
    last = rows.filter(
        (pl.len().over(c.USER_ID) > 1) & (pl.col("row") == pl.col("row").max().over(c.USER_ID))
    )
    events = dataset.events.with_row_index("row").join(last, on="row", how="anti").drop("row")
    pairs = last.select(c.USER_ID, c.ITEM_ID).sort(c.USER_ID)
    reviews, withheld = (
        table.join(pairs, on=[c.USER_ID, c.ITEM_ID], how="anti", maintain_order="left")
        for table in (dataset.reviews, dataset.withheld)
    )
    train = replace(dataset, events=events, reviews=reviews, withheld=withheld)
    past = events_by_user(train)
    episodes = [
        Episode(user_id=user, shots=None, history=past[user], targets=(item,))
        for user, item in pairs.iter_rows()
        if all(event.item_id != item for event in past[user])
    ]
    return _split("warm", seed, train, episodes)


SPLITS: Final[Mapping[str, Callable[[Dataset, int], Split]]] = {
    "new-items": new_items,
    "new-users": new_users,
    "new-both": new_both,
    "warm": warm,
}


def choose_items(dataset: Dataset, seed: int, share: float = SHARE) -> frozenset[str]:
    """The items that a seed withholds: a share of those that have events."""
    return _choose(dataset.interactions[c.ITEM_ID], f"{seed}:item", share)


def choose_users(dataset: Dataset, seed: int, share: float = SHARE) -> frozenset[str]:
    """The users that a seed withholds: a share of those that have events with an item."""
    return _choose(dataset.interactions[c.USER_ID], f"{seed}:user", share)


def _choose(ids: pl.Series, salt: str, share: float) -> frozenset[str]:
    if not 0 < share < 1:
        raise InputError(
            expected="a share between 0 and 1", found=repr(share), todo="Withhold a part, such as 0.2."
        )
    ordered = hash_order(ids.unique().to_list(), salt)
    return frozenset(ordered[: round(share * len(ordered))])


def hash_order(ids: Iterable[str], salt: str) -> list[str]:
    """The ids in an order that looks random and depends on nothing but them and `salt`.

    >>> hash_order(["a", "b", "c"], "0") == hash_order(["c", "a", "b"], "0")
    True
    """

    def key(name: str) -> bytes:
        return hashlib.blake2b(f"{salt}:{name}".encode(), digest_size=8).digest()

    return sorted(ids, key=lambda name: (key(name), name))


def _among(column: str, ids: Iterable[str]) -> pl.Expr:
    return pl.col(column).is_in(list(ids)).fill_null(value=False)


def without(
    dataset: Dataset, *, items: frozenset[str] = frozenset(), users: frozenset[str] = frozenset()
) -> Dataset:
    """The shop without what people did with these items, and without these users altogether."""
    kept = _without_items(dataset, items) if items else dataset
    return _without_users(kept, users) if users else kept


def _without_items(dataset: Dataset, withheld: frozenset[str]) -> Dataset:
    """All that was learned about these items from people goes; what the shop wrote stays."""
    kept = ~_among(c.ITEM_ID, withheld)
    return replace(
        dataset,
        events=dataset.events.filter(kept),
        reviews=dataset.reviews.filter(kept),
        judgments=dataset.judgments.filter(kept),
        withheld=dataset.withheld.filter(kept),
    )


def _without_users(dataset: Dataset, withheld: frozenset[str]) -> Dataset:
    kept = ~_among(c.USER_ID, withheld)
    return replace(
        dataset,
        events=dataset.events.filter(kept),
        reviews=dataset.reviews.filter(kept),
        queries=dataset.queries.filter(kept),
        users=dataset.users.filter(kept),
        withheld=dataset.withheld.filter(kept),
    )


def _few_shot_episodes(dataset: Dataset, users: frozenset[str]) -> list[Episode]:
    """Questions for these users at each number of shots, in the order of `SHOTS`, then `HEAVY_SHOTS`."""
    histories = events_by_user(dataset, users)
    episodes = [
        episode
        for shots in SHOTS
        for user, events in histories.items()
        if len(events) >= MIN_EVENTS and (episode := _cut(user, events, shots, SHOTS[-1])).targets
    ]
    episodes += [
        episode
        for user, events in histories.items()
        if len(events) >= MIN_HEAVY_EVENTS
        and (episode := _cut(user, events, HEAVY_SHOTS, HEAVY_SHOTS)).targets
    ]
    return episodes


def _cut(user: str, events: Sequence[Event], shots: int, after: int) -> Episode:
    """Reveal `shots` events; the targets are the items first touched after event number `after`."""
    before = {event.item_id for event in events[:after]}
    later = dict.fromkeys(event.item_id for event in events[after:])
    targets = tuple(item for item in later if item is not None and item not in before)
    return Episode(user_id=user, shots=shots, history=tuple(events[:shots]), targets=targets)


def events_by_user(dataset: Dataset, users: frozenset[str] | None = None) -> dict[str, tuple[Event, ...]]:
    """Each user's events with items, in order; users sorted by id so that row order never matters."""
    rows = dataset.interactions
    if users is not None:
        rows = rows.filter(_among(c.USER_ID, users))
    rows = rows.sort(c.USER_ID, maintain_order=True)
    grouped: dict[str, list[Event]] = {}
    for row in rows.iter_rows(named=True):
        grouped.setdefault(row[c.USER_ID], []).append(event_from_row(row))
    return {user: tuple(events) for user, events in grouped.items()}


def _items_by_user(rows: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """The distinct items of each user, in order of first touch; users sorted by id."""
    grouped: dict[str, dict[str, None]] = {}
    for user, item in rows.sort(c.USER_ID, maintain_order=True).select(c.USER_ID, c.ITEM_ID).iter_rows():
        grouped.setdefault(user, {})[item] = None
    return {user: tuple(items) for user, items in grouped.items()}


def _split(
    name: str,
    seed: int,
    train: Dataset,
    episodes: Sequence[Episode],
    *,
    items: frozenset[str] = frozenset(),
    users: frozenset[str] = frozenset(),
) -> Split:
    return Split(
        name=name, seed=seed, train=train, new_items=items, new_users=users, episodes=tuple(episodes)
    )
