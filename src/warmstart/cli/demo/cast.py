"""Who plays in the demo: a visitor with a taste the shop cannot know, and an item that comes to fit it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from warmstart.data.records import Item
from warmstart.data.simulator import SimulatedShop
from warmstart.data.simulator.vocabulary import Style, vocabulary

Words = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Role:
    """An archetype, the place of the upcoming item made for it, and what such a visitor types.

    `plain` is the word for the kind of thing, `precise` what the upcoming item is; English and Chinese.
    """

    archetype: str
    upcoming: int
    plain: Words
    precise: Words


ROLES: tuple[Role, ...] = (
    Role(
        archetype="home_barista",
        upcoming=1,
        plain=("kettle", "水壶"),
        precise=("pour-over kettle", "手冲壶"),
    ),
    Role(
        archetype="ultralight_hiker",
        upcoming=0,
        plain=("tent", "帐篷"),
        precise=("one-person ultralight tent", "超轻单人帐篷"),
    ),
    Role(
        archetype="gamer",
        upcoming=2,
        plain=("keyboard", "键盘"),
        precise=("gaming keyboard", "电竞键盘"),
    ),
    Role(
        archetype="gentle_skin",
        upcoming=3,
        plain=("serum", "精华液"),
        precise=("serum for sensitive skin", "敏感肌精华液"),
    ),
    Role(
        archetype="cat_owner",
        upcoming=4,
        plain=("cat tree", "猫爬架"),
        precise=("wooden cat tree", "实木猫爬架"),
    ),
    Role(
        archetype="toddler_parent",
        upcoming=5,
        plain=("toy", "玩具"),
        precise=("magnetic marble run", "磁力轨道"),
    ),
    Role(
        archetype="commuter",
        upcoming=6,
        plain=("headphones", "耳机"),
        precise=("noise cancelling headphones", "降噪耳机"),
    ),
    Role(
        archetype="journal_keeper",
        upcoming=7,
        plain=("pen", "钢笔"),
        precise=("calligraphy pen", "书法钢笔"),
    ),
)

_SPEAKS = 0.5
"""The pull from which a visitor clicks."""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """The visitor, what they search for, and the item that arrives while they are there."""

    shop: SimulatedShop
    role: Role

    @classmethod
    def of(cls, shop: SimulatedShop, seed: int) -> Visitor:
        """The visitor of a seed: every seed has one, and they take turns."""
        return cls(shop=shop, role=ROLES[seed % len(ROLES)])

    @property
    def newcomer(self) -> Item:
        """The item that arrives, in stock."""
        return replace(self.shop.upcoming[self.role.upcoming], available=True)

    @property
    def plain(self) -> str:
        """The word for the kind of thing, in the shop's language."""
        return self.role.plain[self._language]

    @property
    def precise(self) -> str:
        """What the newcomer is, in the shop's language."""
        return self.role.precise[self._language]

    @property
    def _language(self) -> int:
        return 0 if self.shop.settings.language == "en" else 1

    @property
    def says(self) -> str:
        """How the visitor would describe themselves, in the shop's language."""
        return self.shop.shopper(self.role.archetype).sentence

    def choose(self, item_ids: Sequence[str], clicked: Sequence[str] = ()) -> str | None:
        """The item of a list that speaks most to the visitor, rather not of a kind clicked already.

        None if nothing in the list speaks to them.
        """
        kinds = {self._style(item_id).leaf for item_id in clicked}
        pull = [self.pull(i) - 0.5 * (self._style(i).leaf in kinds) for i in item_ids]
        best = int(np.argmax(pull)) if pull else 0
        return item_ids[best] if pull and self.pull(item_ids[best]) > _SPEAKS else None

    def pull(self, item_id: str) -> float:
        """How much an item serves what the visitor is into most, from 0 to 1."""
        likes = next(a.likes for a in vocabulary().archetypes if a.key == self.role.archetype)
        return self._style(item_id).likes.get(max(likes, key=lambda key: likes[key]), 0.0)

    def _style(self, item_id: str) -> Style:
        goods = self.shop.truth.goods
        style: int = goods.style[goods.places[item_id]]
        return vocabulary().styles[style]
