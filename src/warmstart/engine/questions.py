"""What a fitted engine can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from warmstart.core import columns as c
from warmstart.core.errors import NotFittedError
from warmstart.core.ids import Ids
from warmstart.core.linear import BoolArray, FloatArray, top_positions
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList, Reason, ScoredItem
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.engine.asking import Memory
from warmstart.engine.boosting import Boost, shift, told
from warmstart.engine.event_log import EventLog
from warmstart.engine.explaining import SOURCES, by_evidence, in_words, main_source
from warmstart.engine.goes_with import Beside, same_thing_again
from warmstart.engine.listing import checked_size, explained, listed, serving, touched
from warmstart.engine.personal_search import PersonalSearch
from warmstart.engine.settings import EngineSettings
from warmstart.engine.shelves import Shelves
from warmstart.engine.showing import Showing
from warmstart.engine.stages import Stages
from warmstart.engine.trending import WANTED, Trending
from warmstart.engine.typical import Typical, laid_out
from warmstart.engine.wish import UNPRICED, Constraints, Wished
from warmstart.search.sentence import Wish

Filters = Mapping[str, Any]
Weights = Mapping[str, float]


class Questions:
    """The questions of an `Engine`, which holds what they are answered from."""

    settings: EngineSettings
    _dataset: Dataset | None
    _ids: Ids
    _stages: Stages
    _log: EventLog
    _memory: Memory
    _shelves: Shelves
    _showing: Showing
    _trending: Trending | None
    _typical: Typical | None

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
        boosts: Sequence[Boost] = (),
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
        raised = shift(boosts, self._shelves, personal.scores)
        scores = limits.apply(personal.scores + raised, checked_size(n))[0]
        items = self._boosted(personal.listed(scores, n, self._told), raised)
        return replace(items, warnings=limits.warnings + self._warnings(query, items))

    def legs(
        self,
        text: str,
        *,
        user_id: str | None = None,
        n: int = 10,
        filters: Filters | None = None,
        events: Sequence[Event] = (),
    ) -> dict[str, ItemList]:
        """Where the answer of `search` comes from: the list of each leg, of both, and the one shown.

        "lexical" ranks by the words, "dense" by their meaning (absent where the encoder knows none of
        them), "fused" by both, and "final" by these and the searcher's taste, with all reasons, which sum
        to the scores. To look into a search, not to serve it.
        """
        query = self._asking().query(text=text, user_id=user_id, events=events, filters=filters)
        personal = PersonalSearch.of(query, self._allowed(query), self._stages, self.settings)
        return personal.lists(checked_size(n), self._told)

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
        boosts: Sequence[Boost] = (),
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
            return replace(items, warnings=items.warnings + self._warnings(query, items))
        scores = self.score(query)
        if interests:
            allowed = serving(self._stages.scorer, query, scores, allowed, checked_size(n))
        showing = self._showing.asking(exposure=exposure, diversity=diversity)
        scores = np.where(allowed, scores, np.float32("nan"))
        raised = shift(boosts, self._shelves, scores)
        return self._boosted(self._ranked(query, scores + raised, n, showing), raised)

    def rank(
        self,
        item_ids: Sequence[str],
        *,
        user_id: str | None = None,
        text: str = "",
        events: Sequence[Event] = (),
        context: Mapping[str, Any] | None = None,
    ) -> ItemList:
        """These items, best first for this user or these words: nothing is added, hidden or left to chance.

        For a list that was chosen elsewhere. Items that the shop does not know are left out, with a warning
        each. Items touched or sold out keep the place of their score.
        """
        query = self._asking().query(text=text, user_id=user_id, events=events, context=context)
        known = [item_id for item_id in dict.fromkeys(item_ids) if item_id in self._shelves.titles]
        unknown = sorted(set(item_ids).difference(known))
        these = np.zeros(len(self._shelves.titles), dtype=np.bool_)
        these[self._stages.scorer.positions(known)] = True
        if text:
            personal = PersonalSearch.of(query, these, self._stages, self.settings)
            items = personal.listed(personal.scores, len(known), self._told)
        else:
            scores = np.where(these, self.score(query), np.float32("nan"))
            items = self._ranked(query, scores, len(known), self._showing.for_likeness(0.0))
        missing = tuple(f"unknown_item:{item_id}" for item_id in unknown)
        return replace(items, warnings=(*self._warnings(query, items), *missing))

    def trending(
        self, *, n: int = 10, filters: Filters | None = None, exclude: Iterable[str] = ()
    ) -> ItemList:
        """The `n` items that most was done with lately (`trending.Trending`); the same for everyone."""
        query = self._asking().query(filters=filters, exclude=exclude)
        if self._trending is None:
            wanted = Trending(self._ids)
            self._trending = wanted.learn(self._log.frame((c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP)))
        scores = np.where(self._allowed(query), self._trending.scores(), np.float32("nan"))
        ids, best = self._stages.scorer.item_ids_, top_positions(scores, checked_size(n))
        reasons = [(Reason(kind="trending", value=float(scores[i]), text=WANTED),) for i in best]
        shop = () if len(self._log) else ("shop_without_events",)
        items = listed(ids, best, scores, source="trending")
        return replace(items, reasons=tuple(reasons), warnings=shop + self._hopeless(query, items))

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
        sentence: bool = False,
        wish: str = "",
    ) -> ScoredItem:
        """Why an item has the score it has: reasons that sum to the score, largest first.

        Without words the score is that of `recommend`. `text` and `sentence` are as in `search`, and
        `wish` is the text of `recommend`: say what the list was asked with. What the limits of a sentence
        leave out is explained as though they let it in. Errors: `UnknownIdError` for an item that is not
        in the catalogue.
        """
        self._shelves.check_known(item_id)
        read = self._shelves.wish(text) if sentence else Wish(text=text)
        query = self._asking().query(text=read.text, user_id=user_id, events=events, context=context)
        if wish.strip():
            wished = Wished.of(self._shelves, wish, query, self._stages, self.settings)
            reasons = wished.explained(item_id, self._findable(query, item_id, touched(query.events)))
            score = sum(reason.value for reason in reasons)
        elif text:
            reasons, score = self._found(item_id, query, read)
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

    def warm_up(self) -> None:
        """Build now what the first of a kind would wait for: completions, filters, strangers, new items."""
        self._stages.add(self._known().items.clear())  # what was read from files gets room to grow
        self.suggest("a", 1)
        self._shelves.passing({"available": True})
        self.recommend(n=1)

    # -- inside ---------------------------------------------------------------------------------

    def _found(self, item_id: str, query: Query, read: Wish) -> tuple[tuple[Reason, ...], float]:
        """Why a search has an item where it has it, and its score there."""
        position = int(self._stages.scorer.positions([item_id])[0])
        allowed = self._findable(query, item_id)
        personal = PersonalSearch.of(query, allowed, self._stages, self.settings)
        reasons, score = personal.contributions([position])[0], float(personal.scores[position])
        gap = Constraints(read, self._stages, self._shelves).gap(personal.scores, position)
        if gap:
            reasons = (Reason(kind=UNPRICED, value=-gap), *reasons)
        return tuple(sorted(reasons, key=lambda reason: -abs(reason.value))), score - gap

    def _findable(self, query: Query, item_id: str, without: Iterable[str] = ()) -> BoolArray:
        """What may be shown, and this item, sold out or not: the question is why it would be found."""
        allowed = self._allowed(query, without)
        allowed[self._stages.scorer.positions([item_id])] = True
        return allowed

    def _known(self) -> Dataset:
        if self._dataset is None:
            raise NotFittedError("Engine")
        return self._dataset

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
        items = beside.listed(query, self._allowed(query), checked_size(n))
        return replace(items, warnings=self._warnings(query, items))

    def _ranked(
        self, query: Query, scores: FloatArray, n: int, showing: Showing, mixing: Weights | None = None
    ) -> ItemList:
        scorer, most = self._stages.scorer, self.settings.reasons_per_item
        items = showing.shown(query, scores, n, scorer)
        parts = scorer.contributions(query, items.item_ids, mixing, SOURCES)
        reasons = [
            self._told(by_evidence(found, most), query, item_id)
            for item_id, found in zip(items.item_ids, parts, strict=True)
        ]
        return explained(items, parts, reasons, self._warnings(query, items))

    def _boosted(self, items: ItemList, raised: FloatArray) -> ItemList:
        return told(items, raised, self._stages.scorer.positions(items.item_ids)) if raised.any() else items

    def _warnings(self, query: Query, items: ItemList) -> tuple[str, ...]:
        """Which signals were missing, and why there is nothing where filters leave nothing."""
        shop = () if len(self._log) else ("shop_without_events",)
        return shop + self._shelves.missing_signals(query) + self._hopeless(query, items)

    def _hopeless(self, query: Query, items: ItemList) -> tuple[str, ...]:
        return () if len(items) else self._shelves.hopeless(query.filters)

    def _typical_scores(self) -> FloatArray:
        self._typical = laid_out(self._typical, self._stages.scorer.content, self._stages.scorer.seed)
        return self._typical.scores
