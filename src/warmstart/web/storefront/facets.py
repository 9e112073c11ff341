"""What a search can be narrowed by, with how many items each choice leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from warmstart.data.item_list import ItemList
from warmstart.data.records import Item
from warmstart.engine.engine import Engine

POOL: Final = 200
"""Of so many of the best items choices are counted."""
_FEW: Final = 48
_CHOICES: Final = 12


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a visitor narrowed a search by; empty and None are no limit."""

    brands: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None

    def filters(self) -> dict[str, Any]:
        """The same for the engine."""
        found: dict[str, Any] = {}
        if self.brands:
            found["brand"] = list(self.brands)
        if self.categories:
            found["categories"] = list(self.categories)
        bounds = {"gte": self.lowest, "lte": self.highest}
        if any(value is not None for value in bounds.values()):
            found["price"] = {name: value for name, value in bounds.items() if value is not None}
        return found

    def passes(self, item: Item, *, but: str = "") -> bool:
        """Whether an item is left, with the limit named `but` lifted."""
        if but != "brand" and self.brands and item.brand not in self.brands:
            return False
        if but != "category" and self.categories and not set(self.categories) & set(item.categories):
            return False
        return but == "price" or self._affords(item.price)

    def _affords(self, price: float | None) -> bool:
        if self.lowest is None and self.highest is None:
            return True
        return price is not None and (self.lowest or 0) <= price <= (self.highest or float("inf"))


def pool_of(engine: Engine, found: ItemList) -> list[Item]:
    """The items that choices are counted on: those with the words, else the best few."""
    worded = [entry.item_id for entry in found if any(r.kind == "lexical" for r in entry.reasons)]
    ids: Sequence[str] = worded if len(worded) >= 5 else found.item_ids[:_FEW]
    return [item for item in map(engine.item, ids) if item is not None]


def facets_of(pool: Sequence[Item], chosen: Chosen) -> dict[str, Any]:
    """The choices of each kind; a kind is counted without its own limit, so that one can choose more."""
    brands = Counter(i.brand for i in pool if i.brand and chosen.passes(i, but="brand"))
    kinds = Counter(i.categories[-1] for i in pool if i.categories and chosen.passes(i, but="category"))
    prices = [i.price for i in pool if i.price is not None and chosen.passes(i, but="price")]
    return {
        "brand": _choices(brands, chosen.brands),
        "category": _choices(kinds, chosen.categories),
        "price": {"lowest": min(prices), "highest": max(prices)} if prices else None,
    }


def _choices(counts: Counter[str], chosen: Sequence[str]) -> list[dict[str, Any]]:
    """The most frequent, and what is chosen already whatever its count."""
    best = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_CHOICES]
    names = list(dict.fromkeys([*(name for name, _ in best), *chosen]))
    return [{"name": name, "count": counts[name], "chosen": name in chosen} for name in names]
