"""The engine a shop talks to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from pathlib import Path
from typing import Any, Self

import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.core.ids import Ids
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item, item_from_row, items_frame, profiles_frame
from warmstart.data.text import says_something_new
from warmstart.encoders.auto import choose_encoder
from warmstart.engine import persistence
from warmstart.engine.asking import Memory
from warmstart.engine.event_log import EventLog
from warmstart.engine.forgetting import without_user
from warmstart.engine.merging import merge
from warmstart.engine.packed_events import PackedEvents
from warmstart.engine.questions import Questions
from warmstart.engine.settings import EngineSettings
from warmstart.engine.shelves import Shelves
from warmstart.engine.showing import Showing
from warmstart.engine.stages import Stages
from warmstart.engine.typical import grown
from warmstart.policy.exposure import SAYS_NOTHING
from warmstart.recommend.features import ItemFeatures
from warmstart.roles.encoder import Encoder


class Engine(Questions):
    """Search and recommendations for one shop, from its first minute.

    Fit it on a `Dataset`, then ask. Every event told to `observe` bears on that user's next answer, every
    item told to `add` is found at once, and `forget` leaves no trace. Unknown users and items are legal in
    every question: the answer then rests on what is known, and `ItemList.warnings` says what was missing.

    >>> from warmstart import Dataset, Engine, Event, Item
    >>> shop = Dataset.from_records([
    ...     Item(item_id="kettle", title="Steel water kettle"),
    ...     Item(item_id="teapot", title="Glass teapot for green tea"),
    ...     Item(item_id="tea", title="Green tea, loose leaves"),
    ... ])
    >>> engine = Engine().fit(shop, encoder="catalogue")
    >>> engine.search("green tea", n=1).item_ids
    ('tea',)
    >>> engine.observe(Event(user_id="ann", item_id="tea", event_type="click"))
    >>> engine.recommend("ann", n=1).item_ids
    ('teapot',)
    """

    def __init__(self, settings: EngineSettings | None = None) -> None:
        self.settings = settings or EngineSettings()
        self._dataset = None
        self.notes: dict[str, Any] = {}

    # -- learning ---------------------------------------------------------------------------------

    def fit(self, dataset: Dataset, *, encoder: str | Encoder = "auto") -> Self:
        """Learn a shop.

        `encoder` is "auto", the name of a registered encoder, `name:folder-or-hub-name`, or an encoder.
        Errors: `InputError` for a shop without items.
        """
        if not len(dataset.items):
            raise InputError(
                expected="a shop with at least one item", found="none", todo="Check the items file."
            )
        chosen, why = (encoder, "given") if isinstance(encoder, Encoder) else choose_encoder(encoder)
        self._take(dataset, Stages.fit(dataset, self.settings, chosen, why))
        return self

    def _take(self, dataset: Dataset, stages: Stages, log: PackedEvents | None = None) -> None:
        self._log = EventLog(PackedEvents.of(dataset.events) if log is None else log)
        self._dataset = _eventless(dataset)
        self._stages = stages
        self._remember()
        self._ids = Ids(dataset.item_ids)
        stages.share_ids(self._ids)
        self._shelves = Shelves(dataset, self._ids)
        self._typical = None
        self._trending = None
        self._count()

    def refresh(self) -> None:
        """Learn the shop-wide tables again, with all events observed since the fit."""
        dataset = self.dataset
        self._log = EventLog(PackedEvents.of(dataset.events))
        self._remember()
        self._stages.refit(dataset)

    # -- evidence ---------------------------------------------------------------------------------

    def add(self, items: Item | Iterable[Item]) -> None:
        """Take in new items, and new facts about known ones; they are live at once."""
        frame = items_frame([items] if isinstance(items, Item) else items)
        telling = frame.filter(says_something_new(self._known().items, frame, self._ids.places))
        self._dataset = self._known().with_items(frame, self._ids.places)
        if len(telling):
            self._stages.add(telling)
            self._typical = grown(self._typical, len(self._ids))
        self._shelves.put(self._dataset, frame)
        self._showing.add(frame)
        if self._trending is not None:
            self._trending.add(frame[c.ITEM_ID])

    def observe(self, events: Event | Iterable[Event]) -> None:
        """Take in events; each bears on its user's next answer.

        The shop-wide tables (what goes with what, popularity) follow at the next `refresh`.
        """
        self._known()
        for event in [events] if isinstance(events, Event) else events:
            self._log.append(event)
            self._showing.update([event])
            if self._trending is not None:
                self._trending.update(event)

    def know(self, profiles: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in the attributes of users, by user_id, in place of those they had; they count at once."""
        frame = profiles_frame(profiles)
        others = self._known().users.filter(~pl.col(c.USER_ID).is_in(frame[c.USER_ID].implode()))
        self._dataset = self._known().having(users=pl.concat([others, frame]))
        self._memory.know(frame, self._dataset.users)

    def forget(self, user_id: str, *, relearn: bool = True) -> int:
        """Remove a user's events, reviews, queries and attributes, and all that was learned from them.

        Afterwards the engine is what it would be had the user never come. Returns the number of events.
        Without `relearn` what goes with what and what is popular, counted over all users, keep what they
        took from this one until the next `refresh`: for a service that relearns beside its answers.
        """
        dataset, known = self._known(), self.events_of(user_id)
        _, was_fitted = self._log.remove(user_id)
        self._dataset = without_user(dataset, user_id)
        self._remember()
        if len(self._dataset.queries) < len(dataset.queries):
            self._shelves.forget_queries(self._dataset)
        if was_fitted and relearn:
            self._stages.refit(self._fitted())
        self._showing.take_back(known)
        self._trending = None
        return len(known)

    def take_back(self, user_id: str, places: int | Iterable[int] = -1) -> tuple[Event, ...]:
        """Undo some of what a user did, as though it had never been observed; returns those events.

        `places` count in `events_of(user_id)`: 0 is the oldest event, -1 the one that came last. The user's
        other events stay as they are, and the next answer rests on them alone. For a click by mistake, or
        a piece of evidence that somebody does not want to count; whoever wants to be gone is told to
        `forget`. What goes with what and what is popular, where they were learned from such an event,
        follow at the next `refresh`. Errors: `InputError` where there is no such event.

        >>> from warmstart import Dataset, Engine, Event, Item
        >>> shop = Dataset.from_records([
        ...     Item(item_id="tea", title="Green tea, loose leaves"),
        ...     Item(item_id="pot", title="Glass teapot for green tea"),
        ...     Item(item_id="rod", title="Fishing rod"),
        ... ])
        >>> engine = Engine().fit(shop, encoder="catalogue")
        >>> engine.observe([Event(user_id="ann", item_id=i, event_type="click") for i in ("tea", "rod")])
        >>> [event.item_id for event in engine.take_back("ann")]
        ['rod']
        >>> [event.item_id for event in engine.events_of("ann")]
        ['tea']
        """
        self._known()
        held = len(self._log.events_of(user_id))
        wanted = [places] if isinstance(places, int) else list(places)
        for place in wanted:
            if not -held <= place < held:
                raise InputError(
                    expected=f"the place of one of the {held} events of the user",
                    found=str(place),
                    todo="See events_of(user_id); 0 is the oldest.",
                )
        taken = self._log.take_back(user_id, {place % held for place in wanted})
        self._showing.take_back(taken)
        self._trending = None
        return taken

    def merge(self, visitor_id: str, user_id: str) -> int:
        """Give an anonymous visitor's evidence to the user they turned out to be; returns how many events.

        It is then as if the user had done it all; shop-wide tables follow at the next `refresh`.
        """
        self._dataset, moved = merge(self._known(), self._log, visitor_id, user_id)
        self._remember()
        return moved

    # -- keeping ----------------------------------------------------------------------------------

    def save(self, folder: str | Path, *, notes: Mapping[str, Any] | None = None) -> Path:
        """Save to a folder, atomically: a crash on the way leaves what was saved before.

        `notes` are JSON values of the caller's own, kept with it. Returns the folder of the new version.
        """
        self.notes = dict(self.notes if notes is None else notes)
        saved = persistence.Saved(
            dataset=self._fitted(),
            since=self._log.since(),
            settings=self.settings,
            stages=self._stages,
            notes=self.notes,
        )
        return persistence.save(Path(folder), saved)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Load what `save` wrote. Errors: `ArtifactError` when it is missing, damaged or too new."""
        saved = persistence.load(Path(folder))
        engine = cls(saved.settings)
        engine._take(saved.dataset, saved.stages, saved.log)
        engine._log.restore(saved.since)
        engine._count()
        engine.notes = dict(saved.notes)
        return engine

    # -- facts ------------------------------------------------------------------------------------

    @property
    def dataset(self) -> Dataset:
        """All facts the engine holds now, events observed since the fit included."""
        return self._known().having(events=self._log.frame())

    @property
    def item_features(self) -> ItemFeatures:
        """What the engine read in the texts: a row for each item of `dataset`, in its order.

        For what learns from texts beside the engine, which need not be read again. Items that are
        added later are not in it, but a known one may say something else in it. Leave its arrays alone.
        """
        self._known()
        return copy(self._stages.scorer.features)

    def events_of(self, user_id: str) -> tuple[Event, ...]:
        """What the engine knows a user did, oldest first."""
        self._known()
        return self._log.events_of(user_id)

    def since_fit(self) -> pl.DataFrame:
        """The events observed since the fit, in the order in which they came.

        The shop-wide tables have not learned from them until the next `refresh`: good to measure with.
        """
        self._known()
        return self._log.since()

    def user_ids(self) -> set[str]:
        """Everybody of whom the engine knows anything."""
        dataset = self._known()
        tables = (dataset.users, dataset.reviews, dataset.queries)
        named = {user_id for table in tables for user_id in table[c.USER_ID].drop_nulls().unique()}
        return named | self._log.user_ids()

    def describe(self) -> dict[str, Any]:
        """What this engine is made of, as plain values."""
        dataset = self._known()
        return {
            "shop": dataset.name,
            "items": len(dataset.items),
            **self._log.describe(),
            "encoder": {**self._stages.describe_encoder(), "dim": self._stages.encoder.dim},
            "weights": self._stages.scorer.weights_from,
            "settings": self.settings.settings(),
        }

    def item(self, item_id: str) -> Item | None:
        """What the shop knows of an item; None when it is unknown."""
        items, place = self._known().items, self._shelves.place(item_id)
        return None if place is None else item_from_row(items.row(place, named=True))

    # -- inside ----------------------------------------------------------------------------------

    def _remember(self) -> None:
        self._memory = Memory(self._log, self._known().users)

    def _count(self) -> None:
        self._showing = Showing.fit(self.settings, self._log.item_counts(SAYS_NOTHING), self._ids)

    def _fitted(self) -> Dataset:
        """The shop as the tables were learned from it."""
        return self._known().having(events=self._log.fitted.frame())


def _eventless(dataset: Dataset) -> Dataset:
    """The shop without its events, which the log keeps in less room."""
    return dataset.having(events=dataset.events.clear())
