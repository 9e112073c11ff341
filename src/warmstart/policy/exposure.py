"""Room for items that nobody, or hardly anybody, has touched yet."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.component import State
from warmstart.core.errors import ConfigError
from warmstart.core.ids import Ids
from warmstart.core.linear import BoolArray, FloatArray, IntArray, top_positions
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.policy.chance import nth_probability, question_key, uniform
from warmstart.policy.deserved import Spectrum
from warmstart.roles.encoder import Encoder
from warmstart.roles.policy import Policy, certain

EXPOSURE: Final = "exposure"
"""Source of an item that stands in a list because of the policy."""

SAYS_NOTHING: Final = frozenset({"impression", "ad_impression", "search"})


@dataclass(kw_only=True)
class ExposurePolicy(Policy):
    """Gives new and thin items the share of every list that was asked for, and logs the propensity.

    An item qualifies while it has fewer than `thin_below` events, those observed since the fit counted
    (impressions and searches do not count): 1 means items without any event, 6 also those with one to
    five, and `at_least` 1 leaves the places to the latter alone.

    Of a list of n, share * n places belong to them: the whole part always, one more with the probability
    of the rest. The draw is a hash of `seed`, the user and their evidence, so that the same question has
    the same answer while users differ; the expected share is exact and no list is off by one item or
    more. Places are spread evenly, `depth` of the way down each of the equal stretches of the list (1,
    the last of each, loses least for what it brings), and go to the best qualifying items in order. Such
    items that the ranking shows anyway count. A share that was asked for is kept both ways: what is
    beyond it gives way to the next best, unless `exact` is off; then, and with `share` None, it is a floor.

    With `rest` above 0 each item that is to be brought up sits out with that chance, drawn for each user
    and item: the places go round among more items, and the log can tell what each of them is worth.

    `share` None asks for what these items can be expected to be worth (`Spectrum.deserved`: their part of
    the catalogue when they are new, next to nothing when they are stock that nobody took), at most
    `most`. A share of 0 leaves every list as it is.

    Needs nothing but event counts. Serves every list long enough to spare places: at n * share below 1
    some lists show one such item and most show none. Cost: docs/how-to/exposure.md; most where they are
    stock that nobody wants.
    """

    share: float | None = None
    most: float = 0.07
    thin_below: int = 1
    at_least: int = 0
    depth: float = tunable(1.0, low=0.0, high=1.0)
    exact: bool = True
    rest: float = tunable(0.0, low=0.0, high=0.5)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("share", "most", "depth", "rest"):
            _check_share(name, getattr(self, name))

    @property
    def asked(self) -> float:
        """The share in force."""
        self._check_fitted()
        return (
            min(self.most, self._spectrum.deserved(self.at_least, self.thin_below))
            if self.share is None
            else self.share
        )

    def qualifies(self, item_ids: Iterable[str]) -> BoolArray:
        """Which of these items are new or thin now; unknown ones are new."""
        self._check_fitted()
        counts = [int(self.counts_[self._place[i]]) if i in self._place else 0 for i in item_ids]
        return self._between(np.array(counts, dtype=np.int64))

    def asking(self, share: float) -> ExposurePolicy:
        """The same policy with another share, for one question: what was learned is not copied."""
        _check_share("share", share)
        self._check_fitted()
        self._own()  # found once for all questions
        other = copy.copy(self)
        other.share = share
        return other

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        rows = dataset.interactions.filter(~pl.col(c.EVENT_TYPE).is_in(SAYS_NOTHING))
        self._take_counts(dict(rows.group_by(c.ITEM_ID).len().iter_rows()))

    def counting(self, ids: Ids, counts: Mapping[str, int]) -> Self:
        """The same policy fitted to the number of events of each item, those that say nothing left out.

        It holds the `ids` of the catalogue themselves, as in `share_ids`.
        """
        self._ids = ids
        self._take_counts(counts)
        return self

    def _take_counts(self, counts: Mapping[str, int]) -> None:
        self.counts_ = np.array([counts.get(i, 0) for i in self.item_ids_], dtype=np.int64)
        self._count()

    def _add(self, items: pl.DataFrame) -> None:
        missing = len(self.item_ids_) - len(self.counts_)
        self.counts_ = np.concatenate([self.counts_, np.zeros(missing, dtype=np.int64)])
        self._count()

    def _count(self) -> None:
        self._spectrum = Spectrum.of(self.counts_, self.thin_below)
        self._known_own: IntArray | None = None

    def _update(self, feedback: Iterable[Event]) -> None:
        for event in feedback:
            place = None if event.item_id is None else self._place.get(event.item_id)
            if place is not None and event.event_type not in SAYS_NOTHING:
                self._spectrum.moved(int(self.counts_[place]))
                self.counts_[place] += 1
                if self.counts_[place] in (self.at_least, self.thin_below):
                    self._known_own = None

    def take_back(self, feedback: Iterable[Event]) -> None:
        """Undo what `update` took in."""
        self._check_fitted()
        for event in feedback:
            place = None if event.item_id is None else self._place.get(event.item_id)
            if place is not None and event.event_type not in SAYS_NOTHING:
                self.counts_[place] -= 1
        self._count()

    def _between(self, counts: IntArray) -> BoolArray:
        between: BoolArray = (counts >= self.at_least) & (counts < self.thin_below)
        return between

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        self.counts_ = np.array(self.counts_, dtype=np.int64)
        self._count()

    def _shortlist(self, scores: FloatArray, n: int) -> IntArray:
        best = top_positions(scores, n)
        if not self.asked:
            return best
        own = self._own()
        if self._held and np.isin(best, own).any():  # some may have to give way to the next others
            others = scores.copy()
            others[own] = np.nan
            best = top_positions(others, n)
        both = np.union1d(best, own[top_positions(scores[own], n)])
        return both[np.argsort(-scores[both], kind="stable")]

    def _rerank(self, query: Query, items: ItemList, n: int) -> ItemList:
        own = self.qualifies(items.item_ids)
        extras = np.flatnonzero(own)[int(own[:n].sum()) : n].tolist()
        key = question_key(query, self.seed)
        whole, part = divmod(round(self.asked * n, 9), 1.0)
        plans = [(1.0 - part, self._plan(own, n, int(whole)))]
        plans += [(part, self._plan(own, n, int(whole) + 1))] if part else []
        _, drawn = plans[-1 if uniform(key) < part else 0]
        brought = sorted(extras, key=lambda extra: self._sits_out(key, items.item_ids[extra]))
        order = [place if place >= 0 else brought[-place - 1] for place in drawn]
        shown = items.take(order)
        chances = [
            sum(weight * self._chance(plan[place], item, extras) for weight, plan in plans)
            for place, item in enumerate(order)
        ]
        sources = shown.sources or ("",) * n
        return replace(
            shown,
            sources=tuple(
                EXPOSURE if i >= n and own[i] else s for i, s in zip(order, sources, strict=True)
            ),
            propensities=certain(shown) * np.array(chances, dtype=np.float32),
        )

    def _own(self) -> IntArray:
        """Catalogue positions of the items that qualify."""
        if self._known_own is None:
            self._known_own = np.flatnonzero(self._between(self.counts_)).astype(np.int64)
        return self._known_own

    @property
    def _held(self) -> bool:
        return self.exact and bool(self.share)

    def _plan(self, own: BoolArray, n: int, quota: int) -> list[int]:
        return _plan(own, n, quota, self.depth, held=self._held)

    def _sits_out(self, key: str, item_id: str) -> bool:
        return self.rest > 0.0 and uniform(key, item_id) < self.rest

    def _chance(self, planned: int, item: int, extras: Sequence[int]) -> float:
        """How likely the candidate `item` fills a place of a plan."""
        if planned >= 0 or item not in extras:
            return float(planned == item)
        return nth_probability(extras.index(item) + 1, -planned, len(extras), self.rest)


def _check_share(name: str, value: float | None) -> None:
    if value is not None and not 0.0 <= value <= 1.0:
        raise ConfigError(
            expected=f"{name} between 0 and 1", found=repr(value), todo="0.1 is a tenth of a list."
        )


def _plan(own: BoolArray, n: int, quota: int, depth: float, *, held: bool) -> list[int]:
    """What to show in each of `n` places, when `quota` of them should hold candidates of `own`.

    Candidates by number; -1, -2, ... stand for the first, second, ... of those brought up for it. More
    than the quota stay when they are there anyway, unless it is to be `held`.

    >>> _plan(np.array([False, False, True, False, True, True]), 4, 2, 1.0, held=False)
    [0, 1, 2, -1]
    >>> _plan(np.array([True, True, True, False, False, False]), 4, 1, 1.0, held=True)
    [0, 3, 4, 5]
    """
    natural, others = np.flatnonzero(own[:n]).tolist(), np.flatnonzero(~own).tolist()
    wanted = min(max(quota, n - len(others)), int(own.sum()))
    natural = natural[:wanted] if held else natural
    short = max(wanted - len(natural), 0)
    taken = {*natural, *_free_places(n, quota, depth, natural, short)}
    mine, rest = iter([*natural, *range(-1, -short - 1, -1)]), iter(others)
    return [next(mine if place in taken else rest) for place in range(n)]


def _free_places(n: int, quota: int, depth: float, natural: Sequence[int], short: int) -> list[int]:
    """`short` more places: the evenly spread ones that are free, from the end of the list."""
    stretch = n / max(quota, 1)
    spread = [int(round(i * stretch + depth * (stretch - 1), 9)) for i in range(quota)]
    wanted = [place for place in dict.fromkeys(reversed(spread)) if place not in natural]
    others = [place for place in reversed(range(n)) if place not in natural and place not in wanted]
    return (wanted + others)[:short]
