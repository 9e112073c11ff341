"""Who plays in the demo: a visitor with a taste the shop cannot know, and an item that comes to fit it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from warmstart.data.records import Item
from warmstart.data.simulator import SimulatedShop
from warmstart.data.simulator.vocabulary import Style, vocabulary

ROLES: tuple[tuple[str, int, tuple[str, str]], ...] = (
    ("home_barista", 1, ("kettle", "水壶")),
    ("ultralight_hiker", 0, ("tent", "帐篷")),
    ("gamer", 2, ("keyboard", "键盘")),
    ("gentle_skin", 3, ("serum", "精华液")),
    ("cat_owner", 4, ("cat tree", "猫爬架")),
    ("toddler_parent", 5, ("building blocks", "积木")),
    ("commuter", 6, ("headphones", "耳机")),
    ("journal_keeper", 7, ("fountain pen", "钢笔")),
)
"""Archetypes, each with the place of the upcoming item that is made for it, and the plain word for it."""

_SPEAKS = 0.3
"""The pull from which a visitor clicks."""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """The visitor, what they search for, and the item that arrives while they are there."""

    shop: SimulatedShop
    archetype: str
    newcomer: Item
    query: str

    @classmethod
    def of(cls, shop: SimulatedShop, seed: int) -> Visitor:
        """The visitor of a seed: every seed has one, and they take turns."""
        archetype, place, query = ROLES[seed % len(ROLES)]
        word = query[0 if shop.settings.language == "en" else 1]
        return cls(shop=shop, archetype=archetype, newcomer=shop.upcoming[place], query=word)

    @property
    def says(self) -> str:
        """How the visitor would describe themselves, in the shop's language."""
        return self.shop.shopper(self.archetype).sentence

    def choose(self, item_ids: Sequence[str], clicked: Sequence[str] = ()) -> str | None:
        """The item of a list that speaks most to the visitor, rather not of a kind clicked already.

        None if nothing in the list speaks to them.
        """
        kinds = {self._style(item_id).leaf for item_id in clicked}
        pull = [self.pull(i) - 0.5 * (self._style(i).leaf in kinds) for i in item_ids]
        best = int(np.argmax(pull)) if pull else 0
        return item_ids[best] if pull and self.pull(item_ids[best]) > _SPEAKS else None

    def pull(self, item_id: str) -> float:
        """How much the use of an item matches what the visitor is into."""
        likes = next(a.likes for a in vocabulary().archetypes if a.key == self.archetype)
        style = self._style(item_id)
        return sum(weight * style.likes.get(interest, 0.0) for interest, weight in likes.items())

    def _style(self, item_id: str) -> Style:
        goods = self.shop.truth.goods
        style: int = goods.style[goods.places[item_id]]
        return vocabulary().styles[style]
