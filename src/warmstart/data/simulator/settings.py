"""What can be asked of the simulator."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Literal, get_args

import numpy as np

from warmstart.core.errors import ConfigError

ShopLanguage = Literal["en", "zh", "mixed"]
DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class SimulatorSettings:
    """Size, language and habits of the simulated shop. Equal settings give equal shops.

    `language`: "en", "zh", or "mixed" (a Chinese shop with English brand names, where about a third of
    the items are written in English). Language changes words and currency only: the same seed gives
    the same products, shoppers and purchases in other words.
    `new_item_share`, `new_user_share`: how many arrive while the shop is open instead of before.
    `variant_share`: items that differ from another only in colour, size or pack.
    `events_per_user`: the mean aimed at; the median is about half of it, the busiest have hundreds.
    `search_share`: visits to a category that start with a search; `typo_share`: searches with a typo.
    `impressions`: also record what was shown and left alone (about doubles the events).

    Errors: `ConfigError` for an impossible value.

    >>> SimulatorSettings(n_items=100, language="zh").first_day
    '2025-04-01'
    """

    n_items: int = 600
    n_users: int = 800
    n_days: int = 60
    language: ShopLanguage = "en"
    seed: int = 0
    first_day: str = "2025-04-01"
    new_item_share: float = 0.2
    new_user_share: float = 0.4
    variant_share: float = 0.15
    events_per_user: float = 14.0
    search_share: float = 0.35
    typo_share: float = 0.06
    review_share: float = 0.5
    n_judged_queries: int = 60
    impressions: bool = False

    def __post_init__(self) -> None:
        lowest = {"n_items": 1, "n_users": 1, "n_days": 1, "seed": 0, "n_judged_queries": 0}
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name in lowest and (type(value) is not int or value < lowest[f.name]):
                raise _bad(f.name, f"a whole number of at least {lowest[f.name]}", value)
            if f.name.endswith("_share") and not 0 <= value <= 1:
                raise _bad(f.name, "a share between 0 and 1", value)
        if not self.events_per_user >= 1:
            raise _bad("events_per_user", "at least 1", self.events_per_user)
        if self.language not in get_args(ShopLanguage):
            raise _bad("language", "'en', 'zh' or 'mixed'", self.language)
        _ = self.start

    @property
    def start(self) -> float:
        """Midnight (UTC) before the first day, in Unix seconds."""
        try:
            day = date.fromisoformat(self.first_day)
        except ValueError as error:
            raise _bad("first_day", "a date such as '2025-04-01'", self.first_day) from error
        return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()

    @property
    def end(self) -> float:
        """Midnight (UTC) after the last day, in Unix seconds."""
        return self.start + self.n_days * DAY

    def rng(self, purpose: str) -> np.random.Generator:
        """Random numbers for one purpose, so that more users, say, leave the catalogue as it is."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])


def _bad(name: str, expected: str, value: object) -> ConfigError:
    return ConfigError(
        expected=f"{expected} as '{name}'", found=repr(value), todo="Change it in SimulatorSettings."
    )
