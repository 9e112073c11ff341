"""The engine a shop talks to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from warmstart.core import columns as c
from warmstart.core.errors import InputError, NotFittedError
from warmstart.core.linear import BoolArray, FloatArray
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList, Reason, ScoredItem
from warmstart.data.query import Query
from warmstart.data.records import Event, Item, item_from_row, items_frame
from warmstart.encoders.auto import choose_encoder
from warmstart.engine import persistence
from warmstart.engine.asking import Memory
from warmstart.engine.event_log import EventLog
from warmstart.engine.explaining import by_evidence, in_words, main_source
from warmstart.engine.forgetting import without_user
from warmstart.engine.goes_with import Beside, same_thing_again
from warmstart.engine.listing import checked_size, explained, serving, touched
from warmstart.engine.merging import merge
from warmstart.engine.personal_search import PersonalSearch
from warmstart.engine.settings import EngineSettings
from warmstart.engine.shelves import Shelves
from warmstart.engine.showing import Showing
from warmstart.engine.stages import Stages
from warmstart.engine.typical import typical_scores
from warmstart.engine.wish import Constraints, Wished
from warmstart.roles.encoder import Encoder
from warmstart.search.sentence import Wish

Filters = Mapping[str, Any]
Weights = Mapping[str, float]


class Engine:
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
        self._dataset: Dataset | None = None

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

    def _take(self, dataset: Dataset, stages: Stages) -> None:
        self._dataset = dataset
        self._stages = stages
        self._log = EventLog(dataset.events)
        self._remember()
        self._shelves = Shelves(dataset)
        self._typical: FloatArray | None = None
        self._count()

    def refresh(self) -> None:
        """Learn the shop-wide tables again, with all events observed since the fit."""
        self._dataset = self.dataset
        self._log = EventLog(self._dataset.events)
        self._remember()
        self._stages.refit(self._dataset)

    # -- evidence ---------------------------------------------------------------------------------

    def add(self, items: Item | Iterable[Item]) -> None:
        """Take in new items, and new facts about known ones; they are live at once."""
        frame = items_frame([items] if isinstance(items, Item) else items)
        self._dataset = self._known().with_items(frame)
        self._stages.add(frame)
        self._shelves.put(self._dataset, frame)
        self._showing.add(frame)
        self._typical = None

    def observe(self, events: Event | Iterable[Event]) -> None:
        """Take in events; each bears on its user's next answer.

        The shop-wide tables (what goes with what, popularity) follow at the next `refresh`.
        """
        self._known()
        for event in [events] if isinstance(events, Event) else events:
            self._log.append(event)
            self._showing.update([event])

    def forget(self, user_id: str) -> int:
        """Remove a user's events, reviews, queries and attributes, and all that was learned from them.

        Afterwards the engine is what it would be had the user never come. Returns the number of events.
        """
        dataset = self._known()
        removed, was_fitted = self._log.remove(user_id)
        self._dataset = without_user(dataset, self._log.fitted, user_id)
        self._remember()
        if len(self._dataset.queries) < len(dataset.queries):
            self._shelves = Shelves(self._dataset)
        if was_fitted:
            self._stages.refit(self._dataset)
        self._count()
        return removed

    def merge(self, visitor_id: str, user_id: str) -> int:
        """Give an anonymous visitor's evidence to the user they turned out to be; returns how many events.

        It is then as if the user had done it all; shop-wide tables follow at the next `refresh`.
        """
        self._dataset, moved = merge(self._known(), self._log, visitor_id, user_id)
        self._remember()
        return moved

    # -- questions --------------------------------------------------------------------------------

    def search(
        self,
        text: str,
        *,
        user_id: str | None = None,
        n: int = 10,
        filters: Filters | None = None,
        exclude: Iterable[str] = (),
        events: Sequence[Event] = (),
        sentence: bool = False,
    ) -> ItemList:
        """The `n` items that answer a query best, with regard to the searcher's taste when known.

        With `sentence` refusals and price bounds in the words are obeyed (`search.sentence`).
        """
        wish = self._shelves.wish(text) if sentence else Wish(text=text)
        query = self._asking().query(
            text=wish.text, user_id=user_id, events=events, filters=filters, exclude=exclude
        )
        personal = PersonalSearch.of(query, self._allowed(query), self._stages, self.settings)
        limits = Constraints(wish, self._stages, self._shelves)
        items = personal.listed(limits.apply(personal.scores, checked_size(n))[0], n, self._told)
        return replace(items, warnings=limits.warnings + self._warnings(query))

    def recommend(
        self,
        user_id: str | None = None,
        *,
        n: int = 10,
        filters: Filters | None = None,
        exclude: Iterable[str] = (),
        events: Sequence[Event] = (),
        text: str = "",
        exposure: float | None = None,
        diversity: float | None = None,
        context: Mapping[str, Any] | None = None,
        interests: bool = False,
    ) -> ItemList:
        """The `n` items a user may want next; for a stranger, what most people want.

        `text` is a wish in a sentence (`search.sentence`), whose limits hold; `exposure` then rests.
        `events` is further evidence, such as the clicks of a session without a user. Items that the user
        already touched are left out; those only shown to them (impressions) are not. `exposure` is the
        share of places for new and thin items (`ExposurePolicy`), `diversity` how unlike each other the
        items are to be (`DiversityPolicy`), by default as in the settings: with either the order is not
        that of the scores alone. `context` is the scene: `time` and whatever else the shop's events tell
        of (device, store); what the users table says of a user is added to it. With `interests` the list
        serves each interest of the history (`interests.interest_list`).
        """
        query = self._asking().query(
            user_id=user_id, events=events, filters=filters, exclude=exclude, context=context
        )
        allowed = self._allowed(query, without=touched(query.events))
        if text.strip():
            wished = Wished.of(self._shelves, text, query, self._stages, self.settings)
            items = wished.listed(allowed, checked_size(n), self._told)
            return replace(items, warnings=items.warnings + self._warnings(query))
        scores = self.score(query)
        if interests:
            allowed = serving(self._stages.scorer, query, scores, allowed, checked_size(n))
        showing = self._showing.asking(exposure=exposure, diversity=diversity)
        return self._ranked(query, np.where(allowed, scores, np.float32("nan")), n, showing)

    def similar(
        self,
        item_id: str,
        *,
        n: int = 10,
        filters: Filters | None = None,
        exclude: Iterable[str] = (),
        diversity: float = 0.0,
    ) -> ItemList:
        """The `n` items most like one item; with `diversity` not all of them like each other."""
        query = self._asking().query(anchors=[item_id], filters=filters, exclude=exclude)
        return self._around(query, n, diversity)

    def complement(
        self, item_id: str, *, n: int = 10, filters: Filters | None = None, exclude: Iterable[str] = ()
    ) -> ItemList:
        """The `n` items that go with one item and are not the same thing again."""
        again = same_thing_again(self._stages.complement, self._known().items, item_id)
        query = self._asking().query(anchors=[item_id], filters=filters, exclude={*exclude, *again})
        return self._beside(query, n, beyond_likeness=True)

    def cart(
        self,
        item_ids: Sequence[str],
        *,
        n: int = 10,
        filters: Filters | None = None,
        exclude: Iterable[str] = (),
    ) -> ItemList:
        """The `n` items that go best with those in a cart."""
        return self._beside(self._asking().query(anchors=item_ids, filters=filters, exclude=exclude), n)

    def score(self, query: Query) -> FloatArray:
        """The scores that `recommend` ranks by, for every item in catalogue order."""
        scores = self._stages.scorer.score(query)
        return self._typical_scores() if np.isnan(scores).all() else scores

    def ranking(self, query: Query, n: int = 20, exposure: float | None = None) -> FloatArray:
        """Scores in the order of `recommend`: its list of `n` first, then the rest by `score`.

        For measuring what a shop gets. Filters and availability are left to who measures.
        """
        showing = self._showing.asking(exposure=exposure, diversity=None)
        return showing.ranking(query, self.score(query), n, self._stages.scorer)

    def explain(
        self,
        item_id: str,
        *,
        user_id: str | None = None,
        text: str = "",
        events: Sequence[Event] = (),
        context: Mapping[str, Any] | None = None,
    ) -> ScoredItem:
        """Why an item has the score it has: reasons that sum to the score, largest first.

        Errors: `UnknownIdError` for an item that is not in the catalogue.
        """
        self._shelves.check_known(item_id)
        query = self._asking().query(text=text, user_id=user_id, events=events, context=context)
        if text:
            position = int(self._stages.scorer.positions([item_id])[0])
            allowed = self._allowed(query)
            allowed[position] = True  # sold out or not: the question is why it would be found
            personal = PersonalSearch.of(query, allowed, self._stages, self.settings)
            reasons, score = personal.contributions([position])[0], float(personal.scores[position])
        else:
            reasons = self._stages.scorer.contributions(query, [item_id])[0]
            score = sum(reason.value for reason in reasons)
        told = self._told(reasons, query, item_id)
        return ScoredItem(
            item_id=item_id, score=score, source=main_source(reasons), propensity=1.0, reasons=told
        )

    def suggest(self, prefix: str, n: int = 8) -> list[str]:
        """Completions of what a shopper is typing."""
        self._known()
        return self._shelves.suggest(prefix, n)

    def item(self, item_id: str) -> Item | None:
        """What the shop knows of an item; None when it is unknown."""
        rows = self._known().items.filter(self._known().items[c.ITEM_ID] == item_id)
        return item_from_row(rows.row(0, named=True)) if len(rows) else None

    # -- keeping ----------------------------------------------------------------------------------

    def save(self, folder: str | Path) -> Path:
        """Save to a folder, atomically: a crash on the way leaves what was saved before."""
        dataset = replace(self._known(), events=self._log.fitted)
        saved = persistence.Saved(
            dataset=dataset, since=self._log.since(), settings=self.settings, stages=self._stages
        )
        return persistence.save(Path(folder), saved)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Load what `save` wrote. Errors: `ArtifactError` when it is missing, damaged or too new."""
        saved = persistence.load(Path(folder))
        engine = cls(saved.settings)
        engine._take(saved.dataset, saved.stages)
        engine._log.restore(saved.since)
        engine._count()
        return engine

    # -- facts ------------------------------------------------------------------------------------

    @property
    def dataset(self) -> Dataset:
        """All facts the engine holds now, events observed since the fit included."""
        return self._known().with_events(self._log.since())

    def events_of(self, user_id: str) -> tuple[Event, ...]:
        """What the engine knows a user did, oldest first."""
        self._known()
        return self._log.events_of(user_id)

    def describe(self) -> dict[str, Any]:
        """What this engine is made of, as plain values."""
        dataset = self._known()
        return {
            "shop": dataset.name,
            "items": len(dataset.items),
            **self._log.describe(),
            "users": dataset.events[c.USER_ID].n_unique(),
            "encoder": {**self._stages.describe_encoder(), "dim": self._stages.encoder.dim},
            "weights": self._stages.scorer.weights_from,
            "settings": self.settings.settings(),
        }

    # -- inside -----------------------------------------------------------------------------------

    def _known(self) -> Dataset:
        if self._dataset is None:
            raise NotFittedError("Engine")
        return self._dataset

    def _remember(self) -> None:
        self._memory = Memory(self._log, self._known().users)

    def _asking(self) -> Memory:
        self._known()
        return self._memory

    def _allowed(self, query: Query, without: Iterable[str] = ()) -> BoolArray:
        """Rules: filters, availability and exclusions; they come last and always hold."""
        return self._shelves.allowed(query.filters, {*query.exclude, *query.anchors, *without})

    def _told(self, reasons: Sequence[Reason], query: Query, item_id: str) -> tuple[Reason, ...]:
        return in_words(reasons, query, self._shelves.titles, item_id, self._stages.scorer.has_events)

    def _around(self, query: Query, n: int, diversity: float = 0.0) -> ItemList:
        known = len(self._stages.scorer.positions(query.anchors)) > 0
        mixing = self.settings.similar_weights if known else None
        scores = self._stages.scorer.score_with(query, mixing) if mixing else self.score(query)
        scores = np.where(self._allowed(query), scores, np.float32("nan"))
        return self._ranked(query, scores, n, self._showing.for_likeness(diversity), mixing)

    def _beside(self, query: Query, n: int, *, beyond_likeness: bool = False) -> ItemList:
        if not self._stages.complement.knows(query):
            return self._around(query, n)
        most, titles = self.settings.reasons_per_item, self._shelves.titles
        beside = Beside(self._stages.complement, titles, most, beyond_likeness)
        return beside.listed(query, self._allowed(query), checked_size(n), self._warnings(query))

    def _ranked(
        self, query: Query, scores: FloatArray, n: int, showing: Showing, mixing: Weights | None = None
    ) -> ItemList:
        scorer, most = self._stages.scorer, self.settings.reasons_per_item
        items = showing.shown(query, scores, n, scorer)
        parts = scorer.contributions(query, items.item_ids, mixing)
        reasons = [
            self._told(by_evidence(found, most), query, item_id)
            for item_id, found in zip(items.item_ids, parts, strict=True)
        ]
        return explained(items, parts, reasons, self._warnings(query))

    def _count(self) -> None:
        self._showing = Showing.fit(self.settings, self.dataset)

    def _warnings(self, query: Query) -> tuple[str, ...]:
        """Which signals were missing."""
        shop = () if len(self._log) else ("shop_without_events",)
        return shop + self._shelves.missing_signals(query)

    def _typical_scores(self) -> FloatArray:
        if self._typical is None:
            self._typical = typical_scores(self._stages.scorer.content, seed=self._stages.scorer.seed)
        return self._typical
