"""Who shops: latent tastes over the same factors that describe the products."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import IntArray
from warmstart.data.simulator.products import HIDDEN, Array, columns, factor_names
from warmstart.data.simulator.settings import DAY, SimulatorSettings
from warmstart.data.simulator.vocabulary import TONES, vocabulary

INTEREST, TONE, NATURAL, PRICE, BRAND, HIDDEN_SCALE, QUALITY = 3.4, 0.4, 0.3, 0.5, 0.7, 0.22, 0.55
"""How many units of utility one unit of each kind of taste is worth."""

_AGES = ("18-24", "25-34", "35-44", "45-54", "55+")


@dataclass(frozen=True, kw_only=True)
class Shoppers:
    """All users as columns. `tastes` has one row per user over `products.factor_names`."""

    archetype: IntArray
    second: IntArray
    share: Array
    tastes: Array
    joined_at: Array
    activity: Array

    @cached_property
    def user_ids(self) -> tuple[str, ...]:
        """Ids of all users."""
        width = max(5, len(str(len(self.archetype))))
        return tuple(f"u{i + 1:0{width}d}" for i in range(len(self.archetype)))

    @cached_property
    def places(self) -> dict[str, int]:
        """Row of each user id."""
        return {user_id: i for i, user_id in enumerate(self.user_ids)}


def draw_shoppers(settings: SimulatorSettings) -> Shoppers:
    """Draw the people: mostly one archetype, part another, and something of their own."""
    rng = settings.rng("shoppers")
    n, archetypes = settings.n_users, vocabulary().archetypes
    odds = np.array([archetype.share for archetype in archetypes])
    first = rng.choice(len(archetypes), size=n, p=odds / odds.sum())
    second = rng.choice(len(archetypes), size=n, p=odds / odds.sum())
    share = rng.uniform(0.65, 1.0, n)
    is_new = rng.random(n) < settings.new_user_share
    arrival = np.floor(rng.uniform(0, 0.95, n) * settings.n_days) * DAY
    past = np.floor(rng.uniform(1, 700, n)) * DAY
    return Shoppers(
        archetype=first,
        second=second,
        share=share,
        tastes=draw_tastes(rng, first, second, share),
        joined_at=settings.start + np.where(is_new, arrival, -past),
        activity=np.exp(rng.normal(0, 1.4, n)),
    )


def draw_tastes(rng: np.random.Generator, first: IntArray, second: IntArray, share: Array) -> Array:
    """Tastes in units of utility, one row per person."""
    n, likes = len(first), _likes()
    own = rng.random((n, likes.shape[1]))
    extra = np.where(own > 0.95, rng.uniform(0.3, 0.8, own.shape), 0.0)
    share = share[:, None]
    interests = np.maximum(share * likes[first] + (1 - share) * likes[second], extra)
    tastes = np.zeros((n, len(factor_names())))
    tastes[:, columns("interest")] = INTEREST * interests * rng.uniform(0.8, 1.15, interests.shape)
    tastes[:, columns("tone")] = TONE * (_tones()[first] + rng.normal(0, 0.8, (n, len(TONES))))
    tastes[:, columns("natural")] = NATURAL * rng.normal(0.2, 1.0, (n, 1))
    thrift = _thrift()[first] + rng.normal(0, 0.5, n)
    tastes[:, columns("price")] = -PRICE * thrift[:, None]
    tastes[:, columns("brand")] = _brand_tastes(rng, n)
    tastes[:, columns("hidden")] = HIDDEN_SCALE * (
        0.6 * _circles()[first] + 0.8 * rng.normal(0, 1, (n, HIDDEN))
    )
    tastes[:, columns("quality")] = QUALITY
    return tastes


def _brand_tastes(rng: np.random.Generator, n: int) -> Array:
    """A little for or against every brand, and two that the person trusts."""
    brands = vocabulary().brands
    odds = np.exp([brand.fame for brand in brands])
    tastes = rng.normal(0, 0.15, (n, len(brands)))
    for _ in range(2):
        tastes[np.arange(n), rng.choice(len(brands), size=n, p=odds / odds.sum())] += BRAND
    return tastes


@cache
def _likes() -> Array:
    words = vocabulary()
    return np.array(
        [[a.likes.get(interest.key, 0.0) for interest in words.interests] for a in words.archetypes]
    )


@cache
def _tones() -> Array:
    return np.array([[1.0 * (tone == a.tone) for tone in TONES] for a in vocabulary().archetypes])


@cache
def _thrift() -> Array:
    return np.array([archetype.thrift for archetype in vocabulary().archetypes])


@cache
def _circles() -> Array:
    """Fashions that people of one archetype share and no product text mentions."""
    return np.random.default_rng(20_250_401).normal(0, 1, (len(vocabulary().archetypes), HIDDEN))


def users_table(settings: SimulatorSettings, shoppers: Shoppers) -> pl.DataFrame:
    """What the shop knows of its users: age band, city, the day they joined, and interests if declared."""
    rng = settings.rng("profiles")
    n = len(shoppers.archetype)
    age, city = rng.random(n), rng.random(n)
    stray, declared = rng.random(n) < 0.2, rng.random(n) < 0.3
    rows = [
        _profile(settings, shoppers, i, (age[i], city[i]), stray=bool(stray[i]), declared=bool(declared[i]))
        for i in range(n)
    ]
    return pl.DataFrame({c.USER_ID: shoppers.user_ids, c.ATTRIBUTES: rows})


def _profile(
    settings: SimulatorSettings,
    shoppers: Shoppers,
    i: int,
    dice: tuple[float, float],
    *,
    stray: bool,
    declared: bool,
) -> str:
    words, at = vocabulary(), 0 if settings.language == "en" else 1
    archetype = words.archetypes[shoppers.archetype[i]]
    ages = _AGES if stray else archetype.ages
    profile: dict[str, object] = {
        "age": ages[int(dice[0] * len(ages))],
        "city": words.cities[int(dice[1] * len(words.cities))][at],
        "joined_at": int(shoppers.joined_at[i]),
    }
    if declared:
        loved = shoppers.tastes[i, columns("interest")]
        profile["interests"] = [words.interests[k].name[at] for k in _strongest(loved, 2)]
    return json.dumps(profile, ensure_ascii=False, sort_keys=True)


def _strongest(values: npt.NDArray[np.float64], n: int) -> list[int]:
    return [int(k) for k in np.argsort(-values, kind="stable")[:n]]
