"""Products in words: titles, descriptions, attributes and prices, as a shop would write them."""

from __future__ import annotations

import math

from warmstart.data.records import Item
from warmstart.data.simulator.products import Goods, Product, price_in_dollars
from warmstart.data.simulator.settings import SimulatorSettings
from warmstart.data.simulator.vocabulary import Brand, Language, Leaf, place, vocabulary

_SMALL = frozenset({"a", "ml", "cm", "g", "kg", "mm", "h", "bar", "and", "or", "of", "with", "for"})
_MODEL = ("Model", "型号")
_YUAN_PER_DOLLAR = 7.0


def item_languages(settings: SimulatorSettings, goods: Goods) -> tuple[Language, ...]:
    """The language each product is written in; hand-written ones follow the shop."""
    home: Language = "en" if settings.language == "en" else "zh"
    if settings.language != "mixed":
        return (home,) * len(goods.products)
    brands = vocabulary().brands
    coins = settings.rng("item language").random(len(goods.products)) < 0.42
    return tuple(
        "en" if coin and not brands[product.brand].domestic and not product.own_words else home
        for coin, product in zip(coins, goods.products, strict=True)
    )


def brand_name(settings: SimulatorSettings, brand: Brand) -> str:
    """How this shop writes a brand; a mixed shop keeps foreign names as they are."""
    if settings.language == "mixed":
        return brand.name[int(brand.domestic)]
    return brand.name[0 if settings.language == "en" else 1]


def category_names(settings: SimulatorSettings, leaf: Leaf) -> tuple[str, str]:
    """Department and leaf; a shop has one category tree, in one language."""
    at = 0 if settings.language == "en" else 1
    department = next(d for d in vocabulary().departments if d.key == leaf.department)
    return department.name[at], leaf.name[at]


def write_items(settings: SimulatorSettings, goods: Goods) -> tuple[Item, ...]:
    """Every product as an `Item`, upcoming ones last."""
    return tuple(
        _write_item(settings, goods, i, language)
        for i, language in enumerate(item_languages(settings, goods))
    )


def slot_value(product: Product, slot: str, language: Language) -> str:
    """A product's attribute in words."""
    leaf = vocabulary().leaf_of(product.style)
    return leaf.slots[slot][product.choice[slot]][place(language)]


def _write_item(settings: SimulatorSettings, goods: Goods, i: int, language: Language) -> Item:
    product, words = goods.products[i], vocabulary()
    leaf, brand = words.leaf_of(product.style), words.brands[product.brand]
    name = brand_name(settings, brand)
    return Item(
        item_id=goods.item_ids[i],
        title=_title(product, leaf, name, language),
        description=_description(product, leaf, brand, language),
        brand=name,
        categories=category_names(settings, leaf),
        price=shelf_price(price_in_dollars(product), in_yuan=settings.language != "en"),
        currency="USD" if settings.language == "en" else "CNY",
        attributes=_attributes(product, leaf, language),
        tags=_tags(product, language),
        available=bool(goods.available[i]),
        created_at=float(goods.created_at[i]),
        group_id=f"g{goods.item_ids[product.group][1:]}",
    )


def _title(product: Product, leaf: Leaf, brand: str, language: Language) -> str:
    if product.own_words:
        return str(product.own_words["title"][place(language)]).format(brand=brand)
    at = place(language)
    style = vocabulary().styles[product.style]
    line = vocabulary().brands[product.brand].lines[product.line]
    values = {slot: slot_value(product, slot, language) for slot in product.choice}
    if language == "en":
        values = {slot: headline(value) for slot, value in values.items()}
    title = leaf.title[at].format(
        brand=brand, line=line[at], style=style.name[at], code=product.model, **values
    )
    told = not product.shows_model or product.model in title
    return title if told else f"{title}{(', ', ' ')[at]}{product.model}"


def _description(product: Product, leaf: Leaf, brand: Brand, language: Language) -> str:
    at = place(language)
    if product.own_words:
        return str(product.own_words["description"][at])
    opening, has_detail, detail, has_note = product.turns
    sentences = vocabulary().styles[product.style].sentences[at]
    parts = [sentences[int(opening * len(sentences))]]
    if has_detail < 0.8:
        parts.append(leaf.details[at][int(detail * len(leaf.details[at]))])
    if has_note < 0.4:
        parts.append(brand.note[at])
    values = {slot: slot_value(product, slot, language) for slot in product.choice}
    written = [sentence.format(**values) for sentence in parts]
    return "".join(written) if language == "zh" else " ".join(s[0].upper() + s[1:] for s in written)


def _attributes(product: Product, leaf: Leaf, language: Language) -> dict[str, str]:
    at, names = place(language), vocabulary().slot_names
    values = {names[slot][at]: slot_value(product, slot, language) for slot in product.choice}
    return {**values, _MODEL[at]: product.model} if leaf.has_code else values


def _tags(product: Product, language: Language) -> tuple[str, ...]:
    """Half of the products carry tags, as in most shops: their style, and the use it is made for."""
    if product.turns[2] < 0.5 and not product.own_words:
        return ()
    words, at = vocabulary(), place(language)
    style = words.styles[product.style]
    strongest = max(style.likes, key=lambda key: style.likes[key])
    use = next(interest for interest in words.interests if interest.key == strongest)
    return tuple(dict.fromkeys((style.name[at].lower(), use.name[at])))


def headline(value: str) -> str:
    """English words with capitals, as in a title; units and small words stay small.

    >>> headline("800-fill goose down"), headline("250 ml"), headline("belt drive")
    ('800-Fill Goose Down', '250 ml', 'Belt Drive')
    """
    return " ".join(word if word in _SMALL else _capital(word) for word in value.split(" "))


def _capital(word: str) -> str:
    first, *rest = word.split("-")
    return "-".join([_upper(first), *(part if part in _SMALL else _upper(part) for part in rest)])


def _upper(part: str) -> str:
    return part[:1].upper() + part[1:]


def shelf_price(dollars: float, *, in_yuan: bool) -> float:
    """A price as shops write it: 24.99 or 189 dollars, 169 or 1,299 yuan.

    >>> shelf_price(24.3, in_yuan=False), shelf_price(231.0, in_yuan=False), shelf_price(24.3, in_yuan=True)
    (23.99, 229.0, 169.0)
    """
    if in_yuan:
        return _charm(dollars * _YUAN_PER_DOLLAR)
    return _charm(dollars) if dollars >= 100 else max(round(dollars), 2) - 0.01


def _charm(amount: float) -> float:
    """Round to a price that ends in nine: to tens below 1,000, to fifties and hundreds above."""
    step = 10 if amount < 1000 else 50 if amount < 3000 else 100
    return float(max(math.floor(amount / step + 0.5) * step - 1, 9))
