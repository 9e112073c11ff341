"""What shoppers type, what they mean by it, and which items answer it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from warmstart.core.linear import BoolArray, IntArray
from warmstart.data.simulator.products import Goods, Product, columns
from warmstart.data.simulator.settings import SimulatorSettings
from warmstart.data.simulator.vocabulary import Brand, Language, place, vocabulary
from warmstart.data.simulator.wording import brand_name

_ALIKE = (
    "帐账 炉芦 背被 登蹬 冲充 锋峰 杯怀 咖珈 啡非 机几 磨摩 豆逗 壶湖 茶查 具居 锅过 模膜 麦卖 音因 箱相 "
    "胶交 键健 盘盆 鼠署 标表 示视 椅倚 台抬 记纪 钢刚 精经 防放 晒嗮 洗喜 香乡 婴应 推堆 奶乃 瓶平 带戴 "
    "包保 积机 木目 桌卓 游由 粮良 砂沙 架价 狗够 爬扒 猫喵"
)
_HOMOPHONES = {pair[0]: pair[1] for pair in _ALIKE.split()}
"""Characters that sound or look alike, as they are mistaken in typing Chinese."""


_ALL = slice(None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What a shopper wants: a leaf, and perhaps a style, a brand or one attribute; or only a use."""

    leaf: int = -1
    style: int = -1
    brand: int = -1
    slot: str = ""
    value: int = -1
    synonym: bool = False
    interest: int = -1


def query_text(settings: SimulatorSettings, need: Need, language: Language) -> str:
    """The words for a need.

    >>> query_text(SimulatorSettings(), Need(leaf=0, style=0), "en")
    'ultralight tent'
    >>> query_text(SimulatorSettings(), Need(leaf=0, style=0), "zh")
    '超轻帐篷'
    """
    words, at = vocabulary(), place(language)
    if need.interest >= 0:
        return words.interests[need.interest].scene[at]
    leaf = words.leaves[need.leaf]
    phrase = leaf.also[at] if need.synonym else leaf.noun[at]
    if need.style >= 0:
        name = words.styles[need.style].name[at]
        phrase = name if leaf.full_names else _join(name, phrase, language)
    if need.slot:
        phrase = _join(leaf.slots[need.slot][need.value][at], phrase, language)
    if need.brand >= 0:
        phrase = _join(_typed_brand(settings, words.brands[need.brand], language), phrase, language)
    return phrase.lower()


def _typed_brand(settings: SimulatorSettings, brand: Brand, language: Language) -> str:
    return brand_name(settings, brand) if language == "zh" else brand.name[0]


def _join(first: str, second: str, language: Language) -> str:
    glued = language == "zh" and not (first[-1].isascii() or second[0].isascii())
    return f"{first}{second}" if glued else f"{first} {second}"


def with_typo(text: str, die: float) -> str:
    """The text with one slip: letters swapped, dropped or doubled, or a Chinese look-alike.

    `die` in [0, 1) decides where and which.

    >>> with_typo("camping stove", 0.1), with_typo("咖啡机", 0.1)
    ('cmping stove', '珈啡机')
    """
    alike = [i for i, sign in enumerate(text) if sign in _HOMOPHONES]
    if alike:
        i = alike[int(die * len(alike))]
        return f"{text[:i]}{_HOMOPHONES[text[i]]}{text[i + 1 :]}"
    spots = [i for i in range(len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    if not spots:
        return text
    i = spots[int(die * len(spots))]
    swapped = f"{text[:i]}{text[i + 1]}{text[i]}{text[i + 2 :]}"
    dropped = f"{text[:i]}{text[i + 1 :]}"
    doubled = f"{text[:i]}{text[i]}{text[i:]}"
    return (swapped, dropped, doubled)[int(die * 1000) % 3]


def matches(need: Need, goods: Goods, rows: IntArray | slice = _ALL) -> list[BoolArray]:
    """For each wish beyond the leaf, which of these products (of that leaf) fulfil it."""
    wishes = []
    if need.style >= 0:
        wishes.append(goods.style[rows] == need.style)
    if need.brand >= 0:
        wishes.append(goods.brand[rows] == need.brand)
    if need.slot:
        wishes.append(goods.choices(need.slot)[rows] == need.value)
    return wishes


def grades(need: Need, goods: Goods) -> IntArray:
    """How well each product answers a need, from 0 (not at all) to 3 (everything asked for).

    In the right leaf, all wishes fulfilled earn 3, some of several 2, none 1. Of a sister leaf
    (earbuds for headphones) whatever was not asked more closely earns 1. For a use, the product's
    loading on that interest decides.
    """
    if need.interest >= 0:
        loading = goods.factors[:, columns("interest")][:, need.interest]
        return np.digitize(loading, [0.25, 0.45, 0.75]).astype(np.int64)
    wishes = matches(need, goods)
    fulfilled = np.sum(wishes, axis=0) if wishes else np.zeros(len(goods.leaf), dtype=np.int64)
    inside = np.where(fulfilled == len(wishes), 3, np.where(fulfilled > 0, 2, 1))
    sisters = np.isin(goods.leaf, _near(need.leaf)) & (not wishes)
    return np.where(goods.leaf == need.leaf, inside, sisters.astype(np.int64)).astype(np.int64)


@cache
def _near(leaf: int) -> tuple[int, ...]:
    words = vocabulary()
    return tuple(words.leaf_places[key] for key in words.leaves[leaf].near)


def need_for(product: int, goods: Goods, kind: int, die: float) -> Need:
    """A need that this product fulfils.

    `kind` is 0 for the leaf alone, 1 for its style, 2 for its brand, 3 for one attribute, 4 for a
    synonym of the leaf, 5 for style and attribute; `die` in [0, 1) picks the attribute.
    """
    thing = goods.products[product]
    slots = _typed_slots(thing) if kind in {3, 5} else []
    slot = slots[int(die * len(slots))] if slots else ""
    return Need(
        leaf=int(goods.leaf[product]),
        style=thing.style if kind in {1, 5} else -1,
        brand=thing.brand if kind == 2 else -1,
        slot=slot,
        value=thing.choice[slot] if slot else -1,
        synonym=kind == 4,
    )


def _typed_slots(product: Product) -> list[str]:
    """The attributes that people type and that the name of the style does not say already."""
    words = vocabulary()
    name, slots = words.styles[product.style].name[0].lower(), words.leaf_of(product.style).slots
    typed = sorted(words.typed & product.choice.keys())
    return [slot for slot in typed if slots[slot][product.choice[slot]][0].lower() not in name]


def search_languages(settings: SimulatorSettings, n: int, purpose: str) -> list[Language]:
    """The languages that `n` searches are typed in: in a mixed shop four of five are Chinese."""
    if settings.language != "mixed":
        return ["en" if settings.language == "en" else "zh"] * n
    coins = settings.rng(f"language of {purpose}").random(n)
    return ["en" if coin < 0.2 else "zh" for coin in coins]


def plain_needs(settings: SimulatorSettings) -> dict[str, Need]:
    """The plainest queries of the shop's languages: leaves, their synonyms, styles, and uses."""
    words = vocabulary()
    leaf_of_style = [words.leaf_places[style.leaf] for style in words.styles]
    needs = [
        *(Need(leaf=leaf, style=i) for i, leaf in enumerate(leaf_of_style)),
        *(Need(leaf=i, synonym=True) for i in range(len(words.leaves))),
        *(Need(leaf=i) for i in range(len(words.leaves))),
        *(Need(interest=i) for i in range(len(words.interests))),
    ]
    languages: dict[str, tuple[Language, ...]] = {"en": ("en",), "zh": ("zh",), "mixed": ("en", "zh")}
    spoken = languages[settings.language]
    return {query_text(settings, need, language): need for language in spoken for need in needs}


def judged_needs(settings: SimulatorSettings, goods: Goods) -> dict[str, Need]:
    """The queries of the search benchmark with what they mean; each has at least one full answer."""
    rng = settings.rng("judged queries")
    tries = 20 * settings.n_judged_queries
    languages = search_languages(settings, tries, "judged queries")
    chosen: dict[str, Need] = {}
    for need, language in zip(_candidates(rng, goods, tries), languages, strict=True):
        if len(chosen) == settings.n_judged_queries:
            break
        text = query_text(settings, need, language)
        if text not in chosen and (grades(need, goods)[: goods.n_items] == 3).any():
            chosen[text] = need
    return chosen


def _candidates(rng: np.random.Generator, goods: Goods, n: int) -> Iterator[Need]:
    products, dice = rng.integers(0, goods.n_items, n), rng.random(n)
    interests = rng.permutation(len(vocabulary().interests))
    for i in range(n):
        if i % 7 == 6:
            yield Need(interest=int(interests[i // 7 % len(interests)]))
        else:
            yield need_for(int(products[i]), goods, (1, 0, 3, 2, 5, 4)[i % 7], float(dice[i]))


def judged_rows(
    settings: SimulatorSettings, goods: Goods, needs: Mapping[str, Need]
) -> tuple[list[str], IntArray, IntArray]:
    """Query, row of the product and grade: all products above 0, and some 0s that a search may confuse."""
    rng = settings.rng("judgments")
    texts: list[str] = []
    rows: list[IntArray] = []
    marks: list[IntArray] = []
    for text, need in needs.items():
        grade = grades(need, goods)[: goods.n_items]
        wrong = rng.permutation(np.flatnonzero(grade == 0))[:30]
        judged = np.concatenate([np.flatnonzero(grade > 0), wrong])
        texts += [text] * len(judged)
        rows.append(judged)
        marks.append(grade[judged])
    empty = np.empty(0, dtype=np.int64)
    return texts, np.concatenate([empty, *rows]), np.concatenate([empty, *marks])
