"""When shoppers come and what they come for: sessions, and in each session one to three legs.

A leg is one visit to a leaf category, by browsing or by a search.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from warmstart.core.linear import BoolArray, IntArray
from warmstart.data.simulator.products import Array, Goods, columns, leaf_of_style, style_loadings
from warmstart.data.simulator.searches import Need, need_for, query_text, search_languages, with_typo
from warmstart.data.simulator.settings import DAY, SimulatorSettings
from warmstart.data.simulator.shoppers import Shoppers
from warmstart.data.simulator.vocabulary import vocabulary

_EVENTS_PER_SESSION = 5.2
_MOST_SESSIONS = 60
_CHUNK = 8192
_HOURS = np.array(
    [1, 1, 0.5, 0.5, 0.5, 1, 2, 4, 5, 5, 6, 6, 8, 7, 5, 5, 5, 6, 8, 10, 13, 13, 9], dtype=np.float64
)


@dataclass(frozen=True, kw_only=True)
class Legs:
    """All legs as columns, sorted by user and time. `need` is -1 for browsing."""

    user: IntArray
    session: IntArray
    time: Array
    style: IntArray
    leaf: IntArray
    need: IntArray
    is_first: BoolArray


@dataclass(frozen=True, kw_only=True)
class Searches:
    """What was typed, and what was meant, by the numbers in `Legs.need`."""

    texts: tuple[str, ...]
    needs: tuple[Need, ...]


def season_height(times: Array) -> Array:
    """Seasonal demand in utility, shape (times, styles); times in Unix seconds."""
    months, heights = _seasons()
    angle = 2 * np.pi * ((times[:, None] / DAY / 365.2425) % 1.0 - (months - 0.5) / 12)
    return np.asarray(heights * np.cos(angle), dtype=np.float64)


@cache
def _seasons() -> tuple[Array, Array]:
    seasons = [style.season for style in vocabulary().styles]
    months = np.array([season.month if season else 1 for season in seasons], dtype=np.float64)
    return months, np.array([season.height if season else 0.0 for season in seasons])


def plan_legs(settings: SimulatorSettings, goods: Goods, shoppers: Shoppers) -> tuple[Legs, Searches]:
    """Draw every visit of every shopper."""
    rng = settings.rng("sessions")
    user, start = _sessions(rng, settings, shoppers)
    first = _pick_styles(rng, goods, shoppers, user=user, start=start)
    extra = 1.0 * (rng.random((len(user), 2)) < (0.4, 0.35))
    n_legs = (1 + extra[:, 0] + extra[:, 0] * extra[:, 1]).astype(np.int64)
    session = np.repeat(np.arange(len(user)), n_legs)
    order = np.arange(len(session)) - np.repeat(np.cumsum(n_legs) - n_legs, n_legs)
    style = first[session]
    later = np.flatnonzero(order > 0)
    origin = session[later]
    style[later] = _pick_styles(
        rng, goods, shoppers, user=user[origin], start=start[origin], before=first[origin]
    )
    time = start[session] + order * 600.0 + np.floor(rng.uniform(0, 60, len(session)))
    need, searches = _draw_searches(rng, settings, goods, style)
    _, opening = np.unique(user[session], return_index=True)
    return (
        Legs(
            user=user[session],
            session=session,
            time=time,
            style=style,
            leaf=leaf_of_style()[style],
            need=need,
            is_first=np.isin(np.arange(len(session)), opening),
        ),
        searches,
    )


def _sessions(
    rng: np.random.Generator, settings: SimulatorSettings, shoppers: Shoppers
) -> tuple[IntArray, Array]:
    """User and start of each session, sorted by both. Few users come often, most once or twice."""
    first_day = np.maximum(np.round((shoppers.joined_at - settings.start) / DAY), 0)
    stay = np.maximum(settings.n_days - first_day, 1) / settings.n_days
    wanted = shoppers.activity * np.sqrt(stay)
    wanted *= settings.events_per_user / _EVENTS_PER_SESSION / wanted.mean()
    n_sessions = np.floor(wanted + rng.random(len(wanted))).astype(np.int64).clip(1, _MOST_SESSIONS)
    user = np.repeat(np.arange(len(wanted)), n_sessions)
    n = len(user)
    days = first_day[user] + np.floor(rng.random(n) * (settings.n_days - first_day[user]))
    hours = rng.choice(len(_HOURS), size=n, p=_HOURS / _HOURS.sum())
    start = settings.start + days * DAY + hours * 3600.0 + np.floor(rng.uniform(0, 3600, n))
    order = np.lexsort((start, user))
    return user[order], start[order]


def _pick_styles(
    rng: np.random.Generator,
    goods: Goods,
    shoppers: Shoppers,
    *,
    user: IntArray,
    start: Array,
    before: IntArray | None = None,
) -> IntArray:
    """Which style each leg is after: taste, season, habit, and what goes with the leg `before`."""
    loadings, habit = style_loadings(), _habit(goods)
    interests = shoppers.tastes[:, columns("interest")]
    picked = np.empty(len(user), dtype=np.int64)
    for low in range(0, len(user), _CHUNK):
        part = slice(low, low + _CHUNK)
        wish = np.round(interests[user[part]] @ loadings.T, 6) + habit + season_height(start[part])
        if before is not None:
            wish += _follow_up()[before[part]]
        picked[part] = np.argmax(wish + rng.gumbel(0, 1, wish.shape), axis=1)
    return picked


def _habit(goods: Goods) -> Array:
    """How much each style is asked for by everyone; never one that the shop does not sell."""
    words = vocabulary()
    weights = {department.key: department.weight for department in words.departments}
    common = [
        np.log(weights[leaf.department] * leaf.weight / len(leaf.styles))
        for leaf in words.leaves
        for _ in leaf.styles
    ]
    sold = np.bincount(goods.leaf[: goods.n_items], minlength=len(words.leaves)) > 0
    return np.where(sold[leaf_of_style()], np.array(common), -np.inf)


@cache
def _follow_up() -> Array:
    """Pull from the style of one leg to that of the next: the same leaf, or what goes with it."""
    words, leaf = vocabulary(), leaf_of_style()
    pull = np.zeros((len(words.leaves), len(words.leaves)))
    for i, leaf_ in enumerate(words.leaves):
        pull[i, i] = 1.5
        for other in leaf_.goes_with:
            pull[i, words.leaf_places[other]] = 2.5
    return np.asarray(pull[leaf][:, leaf], dtype=np.float64)


def _draw_searches(
    rng: np.random.Generator, settings: SimulatorSettings, goods: Goods, style: IntArray
) -> tuple[IntArray, Searches]:
    """Give some legs a query that asks, more or less closely, for a product of the leg's style."""
    n = len(style)
    searching = np.flatnonzero(rng.random(n) < settings.search_share)
    kinds = rng.choice(6, size=len(searching), p=[0.25, 0.35, 0.1, 0.12, 0.1, 0.08])
    dice = rng.random((len(searching), 3))
    slips = rng.random(len(searching)) < settings.typo_share
    languages = search_languages(settings, len(searching), "searches")
    by_style, by_leaf = _rows(goods.style[: goods.n_items]), _rows(goods.leaf[: goods.n_items])
    leaf = leaf_of_style()
    numbers: dict[str, int] = {}
    needs: list[Need] = []
    need_of_leg = np.full(n, -1, dtype=np.int64)
    for i, leg in enumerate(searching.tolist()):
        rows = by_style.get(int(style[leg])) or by_leaf[int(leaf[style[leg]])]
        model = rows[int(dice[i, 0] * len(rows))]
        need = need_for(model, goods, int(kinds[i]), float(dice[i, 1]))
        text = query_text(settings, need, languages[i])
        text = with_typo(text, float(dice[i, 2])) if slips[i] else text
        if text not in numbers:
            numbers[text] = len(needs)
            needs.append(need)
        need_of_leg[leg] = numbers[text]
    return need_of_leg, Searches(texts=tuple(numbers), needs=tuple(needs))


def _rows(labels: IntArray) -> dict[int, list[int]]:
    rows: dict[int, list[int]] = {}
    for i, label in enumerate(labels.tolist()):
        rows.setdefault(label, []).append(i)
    return rows
