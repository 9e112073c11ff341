"""What happens in each leg: a list is shown, some of it is opened, perhaps one item is bought."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from warmstart.core.linear import BoolArray, IntArray
from warmstart.data.simulator.behaviour import buy_probability, cart_probability, click_probability
from warmstart.data.simulator.log import CART, CLICK, IMPRESSION, NONE, PURCHASE, SEARCH, VIEW, Log, join
from warmstart.data.simulator.products import Array, Goods
from warmstart.data.simulator.searches import Need, matches
from warmstart.data.simulator.sessions import Legs, Searches, season_height
from warmstart.data.simulator.settings import SimulatorSettings
from warmstart.data.simulator.shoppers import Shoppers

_SHOWN = 6
_CHUNK = 2048


def play_legs(
    settings: SimulatorSettings, goods: Goods, shoppers: Shoppers, legs: Legs, searches: Searches
) -> Log:
    """Play all legs, leaf by leaf."""
    stage = _Stage(settings.rng("visits"), goods, shoppers, legs, searches, settings.impressions)
    asked = np.flatnonzero(legs.need >= 0)
    logs = [stage.log(SEARCH, asked, np.full(len(asked), NONE, dtype=np.int64), np.zeros(len(asked)))]
    for leaf in np.unique(legs.leaf):
        sold = np.flatnonzero(goods.leaf[: goods.n_items] == leaf)
        here = np.flatnonzero(legs.leaf == leaf)
        for low in range(0, len(here), _CHUNK):
            logs += stage.play(here[low : low + _CHUNK], sold)
    return join(*logs)


@dataclass(frozen=True)
class _Stage:
    """Everything that playing a leg needs; `part` are rows of the legs, `sold` rows of the goods."""

    rng: np.random.Generator
    goods: Goods
    shoppers: Shoppers
    legs: Legs
    searches: Searches
    impressions: bool

    def log(self, kind: int, rows: IntArray, items: IntArray, delay: Array) -> Log:
        """Events of these legs, so many seconds after their start."""
        legs = self.legs
        return Log.of(
            kind,
            user=legs.user[rows],
            item=items,
            time=legs.time[rows] + delay,
            session=legs.session[rows],
            query=legs.need[rows],
        )

    def play(self, part: IntArray, sold: IntArray) -> Iterator[Log]:
        """Show a list in each leg, and yield what is done with it."""
        goods, legs = self.goods, self.legs
        utility = np.round(self.shoppers.tastes[legs.user[part]] @ goods.factors[sold].T, 6)
        utility += season_height(legs.time[part])[:, goods.style[sold]]
        shown = self._show(part, sold, utility)
        items, appeal = sold[shown], np.take_along_axis(utility, shown, axis=1)
        there = goods.created_at[items] <= legs.time[part, None]
        slots = np.arange(shown.shape[1], dtype=np.float64)
        opened = self.rng.random(shown.shape) < click_probability(appeal, slots)
        opened[:, 0] |= legs.is_first[part]
        opened &= there
        yield from self._openings(part, items, opened)
        if self.impressions:
            leg, place = np.nonzero(there & ~opened)
            yield self.log(IMPRESSION, part[leg], items[leg, place], np.full(len(leg), 5.0))
        yield from self._orders(part, items, np.where(opened, appeal, -np.inf))

    def _show(self, part: IntArray, sold: IntArray, utility: Array) -> IntArray:
        """The items each leg gets to see, best placed first.

        Lists favour what is famous and what fits the shopper; a search brings up what was asked for.
        """
        goods, legs = self.goods, self.legs
        wish = utility + goods.fame[sold] + 1.2 * (goods.style[sold] == legs.style[part, None])
        for i in np.flatnonzero(legs.need[part] >= 0).tolist():
            wish[i] += _asked(goods, self.searches.needs[legs.need[part[i]]], sold)
        wish[goods.created_at[sold] > legs.time[part, None]] = -np.inf
        wish += self.rng.gumbel(0, 1, wish.shape)
        width = min(_SHOWN, len(sold))
        near = np.sort(np.argpartition(-wish, width - 1, axis=1)[:, :width], axis=1)
        order = np.argsort(-np.take_along_axis(wish, near, axis=1), axis=1, kind="stable")
        return np.take_along_axis(near, order, axis=1)

    def _openings(self, part: IntArray, items: IntArray, opened: BoolArray) -> Iterator[Log]:
        """Openings half a minute apart: clicks when they come from a search, else views."""
        leg, place = np.nonzero(opened)
        delay = np.asarray(25.0 * np.cumsum(opened, axis=1)[leg, place], dtype=np.float64)
        searched = self.legs.need[part[leg]] >= 0
        for kind, mask in ((VIEW, ~searched), (CLICK, searched)):
            yield self.log(kind, part[leg[mask]], items[leg[mask], place[mask]], delay[mask])

    def _orders(self, part: IntArray, items: IntArray, appeal: Array) -> Iterator[Log]:
        """At most one item per leg goes into the cart: the one that appealed most."""
        best = np.argmax(appeal + self.rng.gumbel(0, 0.5, appeal.shape), axis=1)
        liked = np.maximum(appeal[np.arange(len(part)), best], -50.0)
        carted = self.rng.random(len(part)) < cart_probability(liked)
        bought = carted & (self.rng.random(len(part)) < buy_probability(liked))
        for kind, mask, delay in ((CART, carted, 225.0), (PURCHASE, bought, 260.0)):
            rows = np.flatnonzero(mask)
            yield self.log(kind, part[rows], items[rows, best[rows]], np.full(len(rows), delay))


def _asked(goods: Goods, need: Need, sold: IntArray) -> Array:
    """How much better a search places each item."""
    wishes = matches(need, goods, sold)
    return 1.8 * np.sum(wishes, axis=0) if wishes else np.zeros(len(sold))
