"""What follows a purchase: things that go with it, the next bag of the same, a rating, a return."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warmstart.core.linear import BoolArray, IntArray
from warmstart.data.simulator.behaviour import buy_probability, cart_probability, stars
from warmstart.data.simulator.log import CART, PURCHASE, RATE, RETURN, VIEW, Log, join
from warmstart.data.simulator.products import Array, Goods, columns
from warmstart.data.simulator.settings import DAY, SimulatorSettings
from warmstart.data.simulator.shoppers import Shoppers
from warmstart.data.simulator.vocabulary import vocabulary

_FOLLOWS, _FOLLOWS_CART, _BOOST = 0.55, 0.3, 1.5
_REPEATS, _MOST_REPEATS = 0.6, 6


def follow(settings: SimulatorSettings, goods: Goods, shoppers: Shoppers, log: Log) -> Log:
    """Add what goes with purchases and carts, then repeated purchases; drop what is bought twice."""
    extended = drop_second_purchases(goods, join(log, _companions(settings, goods, shoppers, log)))
    return _in_time(settings, join(extended, _repeats(settings, goods, extended)))


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """Ratings as columns; `fit` is the utility at purchase."""

    user: IntArray
    item: IntArray
    time: Array
    stars: Array


def rate(settings: SimulatorSettings, goods: Goods, shoppers: Shoppers, log: Log) -> tuple[Log, Ratings]:
    """Ratings of first purchases some days later, and returns of what disappointed."""
    rng = settings.rng("ratings")
    bought = np.flatnonzero(log.kind == PURCHASE)
    pairs = log.user[bought] * len(goods.products) + log.item[bought]
    _, first = np.unique(pairs, return_index=True)
    bought = np.sort(bought[first])
    bought = bought[rng.random(len(bought)) < settings.review_share]
    user, item = log.user[bought], log.item[bought]
    fit = np.round(utility_of(goods, shoppers, user, item), 6)
    quality = goods.factors[item, columns("quality").start]
    given = stars(quality, fit, rng.normal(0, 1, len(bought)))
    time = np.floor(log.time[bought] + rng.uniform(2, 9, len(bought)) * DAY)
    returned = (given <= 2) & (rng.random(len(bought)) < 0.4)
    kept = time < settings.end
    back = kept & returned
    rated = Log.of(RATE, user=user[kept], item=item[kept], time=time[kept], value=given[kept])
    sent_back = Log.of(RETURN, user=user[back], item=item[back], time=time[back] + 300.0)
    ratings = Ratings(user=user[kept], item=item[kept], time=time[kept], stars=given[kept])
    return _in_time(settings, join(log, rated, sent_back)), ratings


def utility_of(goods: Goods, shoppers: Shoppers, user: IntArray, item: IntArray) -> Array:
    """Utility of one item for one user, pair by pair."""
    return np.asarray(np.einsum("ij,ij->i", shoppers.tastes[user], goods.factors[item]), dtype=np.float64)


def drop_second_purchases(goods: Goods, log: Log) -> Log:
    """Nobody buys the same durable thing twice: drop later carts and purchases of it."""
    lasting = np.array([leaf.repeat_days is None for leaf in vocabulary().leaves])[goods.leaf[log.item]]
    rows = np.flatnonzero(np.isin(log.kind, (CART, PURCHASE)) & lasting)
    pair = log.user[rows] * len(goods.products) + log.item[rows]
    bought = log.kind[rows] == PURCHASE
    known, inverse = np.unique(pair, return_inverse=True)
    first = np.full(len(known), np.inf)
    np.minimum.at(first, inverse[bought], log.time[rows][bought])
    keep = np.ones(len(log), dtype=np.bool_)
    keep[rows[log.time[rows] > first[inverse]]] = False
    return log.take(keep)


def _companions(settings: SimulatorSettings, goods: Goods, shoppers: Shoppers, log: Log) -> Log:
    """Looks at, and purchases of, items that go with what was just bought or put into the cart."""
    rng = settings.rng("companions")
    tempting = np.flatnonzero(np.isin(log.kind, (PURCHASE, CART)))
    pull = np.where(log.kind[tempting] == PURCHASE, _FOLLOWS, _FOLLOWS_CART)
    has_partner = (goods.partners[log.item[tempting]] >= 0).any(axis=1)
    source = tempting[has_partner & (rng.random(len(tempting)) < pull)]
    item = _one_of_each(rng, goods.partners[log.item[source]])
    user = log.user[source]
    at_once = rng.random(len(source)) < 0.5
    later = np.floor(rng.uniform(1, 7, len(source))) * DAY
    time = log.time[source] + np.where(at_once, rng.uniform(30, 180, len(source)), later)
    fresh = 1 + log.session.max(initial=0) + np.arange(len(source))
    session = np.where(at_once, log.session[source], fresh)
    there = goods.created_at[item] <= time
    seen = Log.of(VIEW, user=user[there], item=item[there], time=time[there], session=session[there])
    appeal = np.round(utility_of(goods, shoppers, seen.user, seen.item), 6) + _BOOST
    return _orders(rng, seen, appeal)


def _one_of_each(rng: np.random.Generator, partners: IntArray) -> IntArray:
    """One partner per row, at random among those there are."""
    dice = np.where(partners >= 0, rng.random(partners.shape), -1.0)
    chosen: IntArray = partners[np.arange(len(partners)), np.argmax(dice, axis=1)]
    return chosen


def _orders(rng: np.random.Generator, seen: Log, appeal: Array) -> Log:
    """What was seen, and which of it went into the cart and was bought."""
    carted = rng.random(len(seen)) < cart_probability(appeal)
    bought = carted & (rng.random(len(seen)) < buy_probability(appeal))
    cart, purchase = seen.take(carted), seen.take(bought)
    return join(
        seen,
        Log.of(CART, user=cart.user, item=cart.item, time=cart.time + 40.0, session=cart.session),
        Log.of(
            PURCHASE,
            user=purchase.user,
            item=purchase.item,
            time=purchase.time + 90.0,
            session=purchase.session,
        ),
    )


def _repeats(settings: SimulatorSettings, goods: Goods, log: Log) -> Log:
    """Coffee, cat food and sunscreen run out: the same item again after some weeks."""
    rng, logs = settings.rng("repeats"), [log.take(np.empty(0, dtype=np.int64))]
    days = np.array([leaf.repeat_days or np.inf for leaf in vocabulary().leaves])[goods.leaf]
    source = np.flatnonzero((log.kind == PURCHASE) & np.isfinite(days[log.item]))
    user, item, time = log.user[source], log.item[source], log.time[source]
    session = 1 + log.session.max(initial=0) + np.arange(len(source))
    for _ in range(_MOST_REPEATS):
        wait = np.floor(days[item] * rng.uniform(0.7, 1.3, len(user))) * DAY
        time = time + wait + np.floor(rng.uniform(-3600, 3600, len(user)))
        again = (rng.random(len(user)) < _REPEATS) & (time < settings.end - 3600)
        user, item, time, session = user[again], item[again], time[again], session[again]
        logs.append(Log.of(CART, user=user, item=item, time=time, session=session))
        logs.append(Log.of(PURCHASE, user=user, item=item, time=time + 60.0, session=session))
        session = session + len(source)
    return join(*logs)


def _in_time(settings: SimulatorSettings, log: Log) -> Log:
    inside: BoolArray = log.time < settings.end
    return log.take(inside)
