"""Room for items that nobody, or hardly anybody, has touched yet."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.component import State
from warmstart.core.errors import ConfigError
from warmstart.core.linear import BoolArray, FloatArray, IntArray, top_positions
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.policy.deserved import Spectrum
from warmstart.roles.encoder import Encoder
from warmstart.roles.policy import Policy, certain

EXPOSURE: Final = "exposure"
"""Source of an item that stands in a list because of the policy."""

_SAYS_NOTHING: Final = frozenset({"impression", "ad_impression", "search"})


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
    items that the ranking shows anyway count, so that the share is a floor: where more are wanted on
    merit, more are shown.

    `share` None asks for what these items can be expected to be worth (`Spectrum.deserved`: their part of
    the catalogue when they are new, next to nothing when they are stock that nobody took), at most
    `most`. A share of 0 leaves every list as it is.

    Needs nothing but event counts. Serves every list long enough to spare places: at n * share below 1
    some lists show one such item and most show none. Cost: docs/how-to/exposure.md; most where they are
    stock that nobody wants.
    """

    share: float | None = None
    most: float = 0.1
    thin_below: int = 1
    at_least: int = 0
    depth: float = tunable(1.0, low=0.0, high=1.0)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("share", "most", "depth"):
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
        other = copy.copy(self)
        other.share = share
        return other

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        rows = dataset.interactions.filter(~pl.col(c.EVENT_TYPE).is_in(_SAYS_NOTHING))
        counted = dict(rows.group_by(c.ITEM_ID).len().iter_rows())
        self.counts_ = np.array([counted.get(i, 0) for i in self.item_ids_], dtype=np.int64)
        self._count()

    def _add(self, items: pl.DataFrame) -> None:
        missing = len(self.item_ids_) - len(self.counts_)
        self.counts_ = np.concatenate([self.counts_, np.zeros(missing, dtype=np.int64)])
        self._count()

    def _update(self, feedback: Iterable[Event]) -> None:
        for event in feedback:
            place = None if event.item_id is None else self._place.get(event.item_id)
            if place is not None and event.event_type not in _SAYS_NOTHING:
                self._spectrum.moved(int(self.counts_[place]))
                self.counts_[place] += 1

    def _between(self, counts: IntArray) -> BoolArray:
        between: BoolArray = (counts >= self.at_least) & (counts < self.thin_below)
        return between

    def _count(self) -> None:
        self._spectrum = Spectrum.of(self.counts_, self.thin_below)

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        self.counts_ = np.array(self.counts_, dtype=np.int64)
        self._count()

    def _shortlist(self, scores: FloatArray, n: int) -> IntArray:
        best = top_positions(scores, n)
        if not self.asked:
            return best
        own = np.where(self._between(self.counts_), scores, np.float32("nan"))
        both = np.union1d(best, top_positions(own, n))
        return both[np.argsort(-scores[both], kind="stable")]

    def _rerank(self, query: Query, items: ItemList, n: int) -> ItemList:
        own = self.qualifies(items.item_ids)
        whole, rest = divmod(round(self.asked * n, 9), 1.0)
        fewer = _order(own, n, int(whole), self.depth)
        more = _order(own, n, int(whole) + 1, self.depth) if rest else fewer
        drawn, chance = (more, rest) if _uniform(query, self.seed) < rest else (fewer, 1.0 - rest)
        same = np.array([a == b for a, b in zip(fewer, more, strict=True)], dtype=np.bool_)
        shown = items.take(drawn)
        sources = shown.sources or ("",) * n
        return replace(
            shown,
            sources=tuple(EXPOSURE if i >= n else s for i, s in zip(drawn, sources, strict=True)),
            propensities=(certain(shown) * np.where(same, 1.0, chance)).astype(np.float32),
        )


def _check_share(name: str, value: float | None) -> None:
    if value is not None and not 0.0 <= value <= 1.0:
        raise ConfigError(
            expected=f"{name} between 0 and 1", found=repr(value), todo="0.1 is a tenth of a list."
        )


def _order(own: BoolArray, n: int, quota: int, depth: float) -> list[int]:
    """Which candidates to show where, when at least `quota` of `n` should be among their `own`.

    >>> _order(np.array([False, False, False, False, True, True]), 4, 1, 1.0)
    [0, 1, 2, 4]
    """
    natural = np.flatnonzero(own[:n])
    others, candidates = np.flatnonzero(~own), np.flatnonzero(own)
    short = min(max(quota, n - len(others)), len(candidates)) - len(natural)
    if short <= 0:
        return list(range(n))
    taken = {*natural.tolist(), *_free_places(n, quota, depth, natural.tolist(), short)}
    mine, rest = iter(candidates.tolist()), iter(others.tolist())
    return [next(mine if place in taken else rest) for place in range(n)]


def _free_places(n: int, quota: int, depth: float, natural: Sequence[int], short: int) -> list[int]:
    """`short` more places: the evenly spread ones that are free, from the end of the list."""
    stretch = n / max(quota, 1)
    spread = [int(round(i * stretch + depth * (stretch - 1), 9)) for i in range(quota)]
    wanted = [place for place in dict.fromkeys(reversed(spread)) if place not in natural]
    others = [place for place in reversed(range(n)) if place not in natural and place not in wanted]
    return (wanted + others)[:short]


def _uniform(query: Query, seed: int) -> float:
    """A number in [0, 1) that belongs to who asks, what for, and what is known of them."""
    evidence = [(event.item_id, event.event_type) for event in query.events]
    context = sorted((name, repr(value)) for name, value in query.context.items())
    key = repr((seed, query.user_id, query.text, query.anchors, evidence, context))
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64
