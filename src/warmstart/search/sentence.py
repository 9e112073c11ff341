"""A sentence as a profile: what somebody wants, what they do not want, and what it may cost."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from warmstart.core.analysis import normalise
from warmstart.search.sentence_price import PriceBounds, read_price
from warmstart.search.sentence_refusals import read_english_refusals
from warmstart.search.sentence_refusals_zh import read_chinese_refusals
from warmstart.search.sentence_shop import ShopWords, word_set


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a sentence says: `text` is what is wanted, `without` what is not, `price` what it may cost.

    `unread` are parts about likes and dislikes that no rule could turn into either ("not too big").
    """

    text: str = ""
    without: tuple[str, ...] = ()
    price: PriceBounds = field(default_factory=PriceBounds)
    unread: tuple[str, ...] = ()

    def understood(self) -> tuple[str, ...]:
        """What was read beyond plain words, for people.

        >>> read_sentence("gift for a father who fishes, under 50, no plastic").understood()
        ('price below 50', 'without plastic')
        """
        price = (self.price.in_words(),) if self.price else ()
        return (*price, *(f"without {thing}" for thing in self.without))


def read_sentence(text: str, shop: ShopWords | None = None) -> Wish:
    """Read a wish in English, Chinese or a mixture, by rules and the shop's own words; no model is needed.

    Refusals ("no", "without", "except", "不要", "除了") and bounds on the price are taken out; what
    is left is wanted. Whatever no rule is sure about stays wanted text, where it does least harm. `shop`
    tells names and features from refusals, such as the brand "Not Your Mother's". Of a text of more than
    2,000 characters the rest is not read.

    >>> wish = read_sentence("送给爸爸的钓鱼礼物，50元以下，不要塑料")
    >>> wish.text, wish.without, wish.price.filters()
    ('送给爸爸的钓鱼礼物', ('塑料',), {'lte': 50.0})
    >>> read_sentence("sugar-free biscuits, no. 5, over-ear").without
    ()
    """
    shop = shop or ShopWords()
    plain = _WITHOUT.sub("without", normalise(text[:_LONGEST]).replace("’", "'"))
    rest, price = read_price(plain, shop.currencies)
    rest, refused, unread = read_chinese_refusals(rest, shop)
    rest, refused_too, unread_too = read_english_refusals(rest, shop)
    return Wish(
        text=_wanted(rest),
        without=tuple(dict.fromkeys([*refused, *refused_too])),
        price=price,
        unread=(*unread, *unread_too),
    )


_LONGEST: Final = 2_000
"""A sentence, not a book: characters beyond are not read."""
_WITHOUT: Final = re.compile(r"(?<![a-z])w/(?:o|out)(?![a-z])")
_CLAUSE: Final = re.compile(r"\s*[,;!?。()]\s*|(?<!\bno)\.(?:\s+|$)")
_FRAME: Final = re.compile(
    r"(?<![\w'-])(?:i'm|i am|im|i|he's|she's|he|she|they|we|who|whom|which|that|is|are|am|loves?|likes?"
    r"|enjoys?|looking for|look for|would|want(?:s)? to|wants?|needs?|please|can you"
    r"|show me|find me|recommend|something|anything)(?![\w'-])"
)
_HAN_FRAME: Final = re.compile(
    r"^(?:我|要(?!不)|想要|想买|要买|想|帮我找|帮我|给我|有没有|请|推荐|找|买|一个|一款|一些|什么)+(?=.)"
)
_EDGE: Final = word_set("and but or with for a an the in to also just only ideally of 的 并且 而且 但 但是")


def _wanted(rest: str) -> str:
    """What is left of a sentence without the words that only frame a wish."""
    clauses = [_clause(part) for part in _CLAUSE.split(rest)]
    return ", ".join(clause for clause in clauses if clause)


def _clause(text: str) -> str:
    found = _HAN_FRAME.sub("", _FRAME.sub(" ", text).strip()).split()
    while found and found[0] in _EDGE:
        found = found[1:]
    while found and found[-1] in _EDGE:
        found = found[:-1]
    return " ".join(found).removesuffix("的").removeprefix("的")
