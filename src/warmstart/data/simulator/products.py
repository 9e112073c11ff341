"""Which products the shop sells, before any word is written: style, brand, attributes, price, factors."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from warmstart.core.linear import BoolArray, IntArray
from warmstart.data.simulator.settings import DAY, SimulatorSettings
from warmstart.data.simulator.vocabulary import (
    TONES,
    Brand,
    upcoming_rows,
    vocabulary,
)

Array = npt.NDArray[np.float64]
HIDDEN = 6
_TRIES = 6
_VARIANT_SLOTS = ("colour", "shade", "pack", "volume", "size")
_SIZE_SLOTS = frozenset({"pack", "volume", "pieces", "sleeps"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """One product without its words.

    `choice` gives, per slot, which of the leaf's values it has; `dearness` the logarithm of its price
    over what the style usually costs; `turns` which sentences describe it; `shows_model` that its title
    needs the model code to be told from another's.
    """

    style: int
    brand: int
    line: int
    choice: Mapping[str, int]
    model: str
    group: int
    dearness: float
    turns: tuple[float, float, float, float]
    shows_model: bool = False
    own_words: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Goods:
    """All products as columns; the last `n_upcoming` arrive after the last day.

    `factors` has one row per product: loadings on interests, colour tones, natural materials, relative
    price, brands, hidden fashions that no text shows, and quality. A shopper's utility for a product is
    the dot product of their taste with this row.
    """

    products: tuple[Product, ...]
    n_upcoming: int
    style: IntArray
    leaf: IntArray
    factors: Array
    fame: Array
    created_at: Array
    available: BoolArray
    partners: IntArray

    @property
    def n_items(self) -> int:
        """How many products the shop has on its last day."""
        return len(self.products) - self.n_upcoming

    @cached_property
    def brand(self) -> IntArray:
        """Position of the brand of each product."""
        return np.array([product.brand for product in self.products], dtype=np.int64)

    def choices(self, slot: str) -> IntArray:
        """Which value each product has for an attribute; -1 where it has no such attribute."""
        if slot not in self._choices:
            values = [product.choice.get(slot, -1) for product in self.products]
            self._choices[slot] = np.array(values, dtype=np.int64)
        return self._choices[slot]

    @cached_property
    def _choices(self) -> dict[str, IntArray]:
        return {}

    @cached_property
    def item_ids(self) -> tuple[str, ...]:
        """Ids of all products, upcoming ones last."""
        width = max(5, len(str(len(self.products))))
        return tuple(f"p{i + 1:0{width}d}" for i in range(len(self.products)))

    @cached_property
    def places(self) -> dict[str, int]:
        """Row of each item id."""
        return {item_id: i for i, item_id in enumerate(self.item_ids)}


def factor_names() -> tuple[str, ...]:
    """What each column of the factors means."""
    words = vocabulary()
    return (
        *(f"interest:{interest.key}" for interest in words.interests),
        *(f"tone:{tone}" for tone in TONES),
        "natural",
        "price",
        *(f"brand:{brand.key}" for brand in words.brands),
        *(f"hidden:{i}" for i in range(HIDDEN)),
        "quality",
    )


def columns(kind: str) -> slice:
    """The columns of one kind of factor: interest, tone, natural, price, brand, hidden, quality."""
    at = [i for i, name in enumerate(factor_names()) if name.split(":")[0] == kind]
    return slice(at[0], at[-1] + 1)


def style_loadings() -> Array:
    """Interests of each style, shape (styles, interests)."""
    words = vocabulary()
    return np.array(
        [[style.likes.get(interest.key, 0.0) for interest in words.interests] for style in words.styles]
    )


def draw_goods(settings: SimulatorSettings) -> Goods:
    """Draw the catalogue."""
    products = _draw_products(settings)
    upcoming = [_hand_written(row, len(products) + i) for i, row in enumerate(upcoming_rows())]
    everything = tuple(products + upcoming)
    style = np.array([product.style for product in everything])
    leaf = leaf_of_style()[style]
    factors = _factors(settings, everything)
    return Goods(
        products=everything,
        n_upcoming=len(upcoming),
        style=style,
        leaf=leaf,
        factors=factors,
        fame=_fame(settings, everything, factors[:, columns("quality")][:, 0]),
        created_at=_created_at(settings, everything, len(upcoming)),
        available=settings.rng("available").random(len(everything)) >= _sold_out(len(products)),
        partners=_partners(settings, leaf, factors, len(products)),
    )


def leaf_of_style() -> IntArray:
    """Position of the leaf of each style."""
    words = vocabulary()
    return np.array([words.leaf_places[style.leaf] for style in words.styles], dtype=np.int64)


def _sold_out(n_items: int) -> float:
    return 0.02 if n_items >= 50 else 0.0


def _draw_products(settings: SimulatorSettings) -> list[Product]:
    words, rng, n = vocabulary(), settings.rng("products"), settings.n_items
    departments = {department.key: department.weight for department in words.departments}
    weights = np.array(
        [
            departments[leaf.department] * leaf.weight / len(leaf.styles)
            for leaf in words.leaves
            for _ in leaf.styles
        ]
    )
    styles = rng.choice(len(weights), size=n, p=weights / weights.sum())
    is_variant = rng.random(n) < settings.variant_share
    numbers = rng.permutation(n * 10)[:n] + 110
    dice, bell = rng.random((n, 20)), rng.normal(0, 1, n)
    products: list[Product] = []
    named: set[tuple[object, ...]] = set()
    for i in range(n):
        twin = _variant(products[-1], dice[i, 0]) if is_variant[i] and products else None
        if twin is None or _name(twin) in named:
            twin = _draw_unnamed(int(styles[i]), i, dice[i], float(bell[i]), named)
        model = f"{_initials(words.brands[twin.brand])}-{numbers[i]}"
        products.append(dataclasses.replace(twin, model=model, shows_model=_name(twin) in named))
        named.add(_name(twin))
    return products


def _draw_unnamed(
    style: int, group: int, dice: Array, bell: float, named: Container[tuple[object, ...]]
) -> Product:
    """A product with a title of its own; where all are taken, one that has to show its model code."""
    for turn in range(_TRIES):
        product = _draw_product(style, group, ((dice + 0.381966 * turn) % 1.0).tolist(), bell)
        if _name(product) not in named:
            break
    return product


def _name(product: Product) -> tuple[object, ...]:
    """What the title tells, in either language."""
    told = [(slot, product.choice[slot]) for slot in _told_slots(product.style)]
    return (product.style, product.brand, product.line, *told)


@cache
def _told_slots(style: int) -> tuple[str, ...]:
    leaf = vocabulary().leaf_of(style)
    return tuple(slot for slot in sorted(leaf.slots) if all(f"{{{slot}}}" in title for title in leaf.title))


def _draw_product(style_place: int, group: int, dice: list[float], bell: float) -> Product:
    words = vocabulary()
    style, leaf = words.styles[style_place], words.leaf_of(style_place)
    brand_place = _pick_brand(style_place, dice[0])
    brand = words.brands[brand_place]
    return Product(
        style=style_place,
        brand=brand_place,
        line=int(dice[1] * len(brand.lines)),
        choice={
            slot: allowed[int(die * len(allowed))]
            for die, (slot, allowed) in zip(dice[6:], sorted(style.only.items()), strict=False)
        },
        model="",
        group=group,
        dearness=float(np.log(brand.tier)) + leaf.spread * bell,
        turns=(dice[2], dice[3], dice[4], dice[5]),
    )


def price_in_dollars(product: Product) -> float:
    """Usual price of the style, times how dear the product is, times its size among its sisters."""
    if product.own_words:
        return float(product.own_words["price"])
    words = vocabulary()
    style, leaf = words.styles[product.style], words.leaf_of(product.style)
    steps = [
        style.only[slot].index(value) - (len(style.only[slot]) - 1) / 2
        for slot, value in product.choice.items()
        if slot in _SIZE_SLOTS
    ]
    return float(leaf.price * style.price * np.exp(product.dearness) * 1.3 ** sum(steps))


def _variant(product: Product, die: float) -> Product | None:
    """The same product with another colour, shade, pack or size; None where it cannot vary."""
    allowed = vocabulary().styles[product.style].only
    for slot in _VARIANT_SLOTS:
        others = [value for value in allowed.get(slot, ()) if value != product.choice[slot]]
        if others:
            return dataclasses.replace(
                product, choice={**product.choice, slot: others[int(die * len(others))]}
            )
    return None


def _pick_brand(style: int, die: float) -> int:
    places, odds = _brand_odds(style)
    return places[int(np.searchsorted(odds, die))]


@cache
def _brand_odds(style: int) -> tuple[tuple[int, ...], Array]:
    """Brands that make this style, and the cumulative odds between them."""
    words = vocabulary()
    leaf, likes = words.leaf_of(style), words.styles[style].likes
    places = tuple(
        i
        for i, brand in enumerate(words.brands)
        if leaf.department in brand.departments and (not brand.sells or leaf.key in brand.sells)
    )
    flair = [sum(words.brands[i].flair.get(key, 0.0) * x for key, x in likes.items()) for i in places]
    weights = np.exp([0.8 * words.brands[i].fame + 2.0 * x for i, x in zip(places, flair, strict=True)])
    return places, np.cumsum(weights / weights.sum())[:-1]


def _initials(brand: Brand) -> str:
    parts = [part for part in brand.name[0].split() if part[0].isalpha()]
    return "".join(part[0] for part in parts[:2]).upper() if len(parts) > 1 else parts[0][:2].upper()


def _hand_written(row: Mapping[str, Any], group: int) -> Product:
    words = vocabulary()
    leaf_key, style_key = row["style"].split(".")
    leaf = words.leaves[words.leaf_places[leaf_key]]
    style = next(i for i, s in enumerate(words.styles) if (s.leaf, s.key) == (leaf_key, style_key))
    return Product(
        style=style,
        brand=next(i for i, brand in enumerate(words.brands) if brand.key == row["brand"]),
        line=row["line"],
        choice={
            slot: [value[0] for value in leaf.slots[slot]].index(word)
            for slot, word in row["choice"].items()
        },
        model=row["model"],
        group=group,
        dearness=0.1,
        turns=(0.0, 0.0, 0.0, 0.0),
        own_words=row,
    )


def _factors(settings: SimulatorSettings, products: tuple[Product, ...]) -> Array:
    rng = settings.rng("factors")
    n, words = len(products), vocabulary()
    groups = np.array([product.group for product in products])
    brand = np.array([product.brand for product in products])
    loadings = style_loadings()[[product.style for product in products]]
    wobble = rng.uniform(0.85, 1.1, loadings.shape)[groups]
    faint = np.abs(rng.normal(0, 0.05, loadings.shape))[groups]
    factors = np.zeros((n, len(factor_names())))
    factors[:, columns("interest")] = np.where(loadings > 0, loadings * wobble, faint)
    factors[:, columns("tone")] = [_tone(product) for product in products]
    factors[:, columns("natural")] = [[_is_natural(product)] for product in products]
    factors[:, columns("price")] = [[product.dearness] for product in products]
    factors[np.arange(n), columns("brand").start + brand] = 1.0
    factors[:, columns("hidden")] = rng.normal(0, 1, (n, HIDDEN))[groups]
    makers = np.array([b.quality for b in words.brands])[brand]
    quality = 0.6 * makers + rng.normal(0, 0.6, n)[groups]
    for i, product in enumerate(products):
        if product.own_words:
            quality[i] = product.own_words["quality"]
    factors[:, columns("quality")] = quality[:, None]
    return factors


def _tone(product: Product) -> list[float]:
    words = vocabulary()
    colours = words.leaf_of(product.style).slots.get("colour")
    tone = words.tones[colours[product.choice["colour"]][0]] if colours else None
    return [float(tone == known) for known in TONES]


def _is_natural(product: Product) -> float:
    words = vocabulary()
    slots = words.leaf_of(product.style).slots
    return float(any(slots[slot][value][0] in words.natural for slot, value in product.choice.items()))


def _fame(settings: SimulatorSettings, products: tuple[Product, ...], quality: Array) -> Array:
    """How much a product is seen: log-normal, so that few are seen often and most hardly at all."""
    rng = settings.rng("fame")
    makers = vocabulary().brands
    brands: Array = np.array([makers[product.brand].fame for product in products])
    fame = 0.5 * brands + 0.5 * quality + rng.normal(0, 1.5, len(products))
    return np.asarray(fame, dtype=np.float64)


def _created_at(settings: SimulatorSettings, products: tuple[Product, ...], n_upcoming: int) -> Array:
    rng = settings.rng("created")
    n = len(products)
    groups = np.array([product.group for product in products])
    is_new = (rng.random(n) < settings.new_item_share)[groups]
    before = settings.start - rng.uniform(1, 400, n)[groups] * DAY
    during = settings.start + rng.uniform(0, 0.95, n)[groups] * (settings.end - settings.start)
    created: Array = np.floor(np.where(is_new, during, before))
    created[n - n_upcoming :] = settings.end + 3600.0 * (1 + np.arange(n_upcoming))
    return created


def _partners(settings: SimulatorSettings, leaf: IntArray, factors: Array, n_items: int) -> IntArray:
    """Products that go with each product, one per complementary leaf, padded with -1.

    Part taste (an ultralight stove goes with an ultralight tent), part brand, part fashion that no
    text shows, part chance.
    """
    rng, words = settings.rng("partners"), vocabulary()
    width = max(len(leaf_.goes_with) for leaf_ in words.leaves)
    partners = np.full((len(leaf), width), -1, dtype=np.int64)
    parts = ((1.6, "interest"), (0.8, "brand"), (0.45, "hidden"))
    basis = np.hstack([weight * factors[:, columns(kind)] for weight, kind in parts])
    for i, leaf_ in enumerate(words.leaves):
        rows = np.flatnonzero(leaf == i)
        for slot, other in enumerate(leaf_.goes_with):
            candidates = np.flatnonzero(leaf[:n_items] == words.leaf_places[other])
            if len(rows) and len(candidates):
                match = np.round(basis[rows] @ basis[candidates].T, 6)
                noise = rng.gumbel(0, 0.4, match.shape)
                partners[rows, slot] = candidates[np.argmax(match + noise, axis=1)]
    return partners
