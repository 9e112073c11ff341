"""Bounds on the price in what a shopper says, in English and Chinese.

A number is a price only when its neighbours say so: a currency, or a bound ("under", "以内") that is not
about a size, an age or an amount of something. Every other number ("13 inch", "iphone 12") is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final, Literal

from warmstart.search.sentence_shop import word_set

_AROUND: Final = 0.2
"""How far "around" reaches to both sides, as a share."""
_WINDOW: Final = 80
"""How many characters around a number may tell that it is a price."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceBounds:
    """Least and greatest price, None where there is no bound.

    `above` and `below` say that the bound itself is out. `currency` is the code of the one that was named,
    empty when none was; nothing is converted.

    >>> PriceBounds(high=50.0, below=True).filters()
    {'lt': 50.0}
    """

    low: float | None = None
    high: float | None = None
    above: bool = False
    below: bool = False
    currency: str = ""

    def __bool__(self) -> bool:
        return self.low is not None or self.high is not None

    def filters(self) -> dict[str, float]:
        """As a condition on the price for `FilterIndex.mask`."""
        found: dict[str, float] = {}
        if self.low is not None:
            found["gt" if self.above else "gte"] = self.low
        if self.high is not None:
            found["lt" if self.below else "lte"] = self.high
        return found

    def holds(self, price: float) -> bool:
        """Whether a price lies within."""
        low = self.low is None or price > self.low or (price == self.low and not self.above)
        return low and (self.high is None or price < self.high or (price == self.high and not self.below))

    def narrowed(self, other: PriceBounds) -> PriceBounds:
        """Both at once: of two bounds on one side the stricter one."""
        found = replace(self, currency=self.currency or other.currency)
        if other.low is not None and (
            found.low is None or (other.low, other.above) > (found.low, found.above)
        ):
            found = replace(found, low=other.low, above=other.above)
        if other.high is None:
            return found
        if found.high is None or (-other.high, other.below) > (-found.high, found.below):
            found = replace(found, high=other.high, below=other.below)
        return found

    def in_words(self) -> str:
        """What was understood, such as "price below 50"; empty without bounds.

        >>> PriceBounds(low=20.0, high=40.0, currency="EUR").in_words()
        'price at least 20, at most 40 EUR'
        """
        low = "" if self.low is None else f"{'above' if self.above else 'at least'} {self.low:.10g}"
        high = "" if self.high is None else f"{'below' if self.below else 'at most'} {self.high:.10g}"
        bounds = ", ".join(bound for bound in (low, high) if bound)
        return f"price {bounds} {self.currency}".strip() if self else ""


def read_price(text: str, currencies: Collection[str] = ()) -> tuple[str, PriceBounds]:
    """What is left of a sentence, with commas where prices stood, and the bounds.

    `text` is as `core.analysis.normalise` writes it. "pounds" are money only in a shop whose `currencies`
    hold GBP: elsewhere they may be a weight.

    >>> rest, price = read_price("fishing rod under 50, 13 inch")
    >>> rest, price.in_words()
    ('fishing rod  , , 13 inch', 'price below 50')
    """
    bounds, kept, end = PriceBounds(), [], 0
    amounts = [_amount(match, currencies) for match in _AMOUNT.finditer(text)]
    for i, amount in enumerate(amounts):
        if amount.start < end:
            continue
        near = max(end, amount.start - _WINDOW)
        found = _range(text, near, amount, amounts[i + 1]) if i + 1 < len(amounts) else None
        found = found or _bound(text, near, amount)
        if found is not None:
            start, stop, price = found
            bounds = bounds.narrowed(price)
            kept.append(text[end:start])
            end = stop
    return " , ".join([*kept, text[end:]]), bounds


# -- amounts ----------------------------------------------------------------------------------------

_CURRENCIES: Final = {
    "USD": "us$ $ usd dollar dollars buck bucks 美元 美金",
    "EUR": "€ eur euro euros 欧元",
    "GBP": "£ gbp quid pound pounds 英镑",
    "CNY": "¥ cny rmb yuan kuai 块 块钱 元 圆 人民币",
}
_CODE: Final = {word: code for code, own in _CURRENCIES.items() for word in own.split()}
_MONEY: Final = "|".join(
    re.escape(word) + ("(?![a-z])" if word.isalpha() and word.isascii() else "")
    for word in sorted(_CODE, key=len, reverse=True)
)
_HAN: Final = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_HAN_UNITS: Final = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_NAMES: Final = "a one two three four five six seven eight nine"
_DIGITS: Final = {word: max(i, 1) for i, word in enumerate(_NAMES.split())}
_TENS: Final = {
    "ten": 10,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_LARGE: Final = {"hundred": 100, "thousand": 1000}
_AMOUNT: Final = re.compile(
    rf"(?<![a-z0-9])(?<!\d[.,])(?P<mark>{_MONEY})?\s?"
    rf"(?P<number>\d{{1,3}}(?:[.,]\d{{3}})+(?:\.\d{{1,2}})?(?!\d)|\d+(?:[.,]\d{{1,2}})?(?![.,]?\d)"
    rf"|[{''.join(_HAN)}{''.join(_HAN_UNITS)}]+"
    rf"|(?:(?:{'|'.join(_DIGITS)})\s)?(?:{'|'.join(_LARGE)})|{'|'.join(_TENS)})"
    rf"(?P<thousand>k(?![a-z]))?(?:\s?(?P<word>{_MONEY}))?(?![a-z0-9%°\"″′'])"
)


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number, where it stands, and the currency it was given in ("" for none)."""

    start: int
    end: int
    value: float
    currency: str
    spelled: bool
    weight: bool


def _amount(match: re.Match[str], currencies: Collection[str]) -> _Amount:
    word = match["mark"] or match["word"] or ""
    number = match["number"]
    spelled = number[0] in _HAN or number[0] in _HAN_UNITS
    value = _han_value(number) if spelled else _value(number)
    return _Amount(
        start=match.start(),
        end=match.end(),
        value=value * (1000 if match["thousand"] else 1),
        currency=_CODE.get(word, ""),
        spelled=spelled,
        weight=word.startswith("pound") and "GBP" not in currencies,
    )


def _value(number: str) -> float:
    """1,000, 1.000 and "thousand" are a thousand; 12.5 and 12,5 twelve and a half."""
    first, *last = number.split()
    if first[0].isalpha():
        return float(_DIGITS[first] * _LARGE[last[0]] if last else (_TENS | _LARGE)[first])
    thousands = re.fullmatch(r"(\d{1,3}(?:[.,]\d{3})+)(\.\d{1,2})?", number)
    if thousands:
        return float(re.sub(r"[.,]", "", thousands[1]) + (thousands[2] or ""))
    return float(number.replace(",", "."))


def _han_value(number: str) -> float:
    """A number in Chinese characters.

    >>> _han_value("五十"), _han_value("一百二十"), _han_value("一万五千"), _han_value("一百五")
    (50.0, 120.0, 15000.0, 150.0)
    """
    total = section = digit = 0
    last = 1
    for sign in number:
        if sign in _HAN:
            digit, last = _HAN[sign], last if digit == 0 and sign != "零" else 1
        elif sign == "万":
            total, section, digit, last = (total + (section + digit or 1)) * 10_000, 0, 0, 10_000
        else:
            last = _HAN_UNITS[sign]
            section, digit = section + (digit or 1) * last, 0
    return float(total + section + digit * (last // 10 or 1 if digit and last > 10 else 1))


# -- what stands around them --------------------------------------------------------------------------

Side = Literal["low", "high", "near"]
_BEFORE: Final[dict[Side, str]] = {
    "high": (
        r"no more than|not more than|not (?:be )?over|not (?:be )?above|no higher than|not exceed(?:ing)?"
        r"|less than|fewer than|cheaper than|lower than|under|below|within|up to|at most"
        r"|maximum(?: of)?|max\.?"
        r"|<=|=<|≤|<|不(?:要|想|能|能够|可以|应该?)?超过|别超过|不高于|不多于|不大于|低于|少于|小于|最多|最高|不到"
    ),
    "low": (
        r"no less than|not less than|not under|not below|more than|at least|starting (?:at|from)"
        r"|upwards? of|minimum(?: of)?|min\.?|higher than|over|above|>=|=>|≥|>"
        r"|不低于|不少于|不小于|高于|超过|大于|至少|最少|最低"
    ),
    "near": r"around|about|approximately|approx\.?|roughly|circa|ca\.|大约|大概|差不多|约",
}
_AFTER: Final[dict[Side, str]] = {
    "high": r"or (?:less|under|below|cheaper)|at most|maximum|max|tops|以下|以内|之内|之下|封顶|内",
    "low": r"or (?:more|above|over|up)|and (?:up|above|over)|at least|minimum|以上|之上|往上|起|\+",
    "near": r"or so|左右|上下",
}
_STRICT: Final = re.compile(
    r"more than|higher than|over|above|>|less than|fewer than|cheaper than|lower than|under|below|<"
    r"|高于|超过|大于|低于|少于|小于|不到"
)
_NEEDS_MONEY: Final = {"+", "起", "内", "max", "tops", "maximum", "minimum", "at least", "at most", "or so"}
_COUNTS: Final = re.compile(
    r"(?:more|less|fewer) than|at least|up to|at most|over|above|within|about|around|m[ai][xn]"
)
_LINK: Final = re.compile(r"\s*(?:and|to|-|–|—|~|至|到)\s*")
_OPENING: Final = re.compile(r"(?:(?<![a-z])(?:between|from)|从|在|介于)\s*$")
_BUDGET: Final = re.compile(r"(?P<sure>(?<![a-z])budget(?: is| of|:)?|预算(?:是|为|在|:)?)\s*$")
_SPEND: Final = re.compile(r"(?:(?<![a-z])(?:for|with|have|got|spend|pay)|花)\s*(?:a |the )?$")
_PRICED: Final = re.compile(
    r"(?:(?:(?<![a-z])(?:price[ds]?|pricing|costs?|costing|budget|spend|spending|pay|paying)|价格|价钱|价位|售价|预算)"
    r"[\s:]*(?:(?:is|of|at|should be|must be|to be|be|range|for|在|是|为)[\s:]*)*)$"
)
_NOT: Final = re.compile(
    r"(?:(?<![a-z])(?:i |we )?(?:[a-z]+n't|dont|not|never|cannot)\s+"
    r"(?:(?:want|like|have|need|be able)\s+to\s+|be\s+)?)$"
)
"""Turns the bound that follows around: "I don't want to spend more than"."""
_LEAD_IN: Final = re.compile(r"(?<![a-z])(?:(?:that|which|for|at|a|the|my|with|and|but)\s+)+$")
_MEASURES: Final = re.compile(
    r"(?:(?<![a-z])(?:sizes?|weight|weigh(?:s|ing)?|height|width|length|depth|diameter|screen|display|ages?|aged"
    r"|rat(?:ed|ings?)|score|capacity|power|waist|chest|inseam|temperature|speed|years?|resolution|volume|models?"
    r"|levels?|spf|voltage|version|gen(?:eration)?|android|ios|windows|range|distance|reviews|battery|calories)"
    r"|尺寸|尺码|码数|重量|高度|年龄|评分|身高|体重|容量|功率|电量|销量)"
    r"\s*(?:(?:is|are|of|be|a|the|in|from|between|在|是|为|:)\s*)*$"
)
_CHILDREN: Final = re.compile(
    r"(?<![a-z])(?:kids?|child(?:ren)?|bab(?:y|ies)|toddlers?|boys?|girls?|teens?|teenagers?|infants?)\s*$"
)
_ADULTS: Final = re.compile(
    r"(?<![a-z])(?:wom[ae]n|m[ae]n|people|adults?|seniors?|those|anyone|ladies)\s*$"
)
_UNIT: Final = re.compile(
    r"\s*-?\s*(?:(?:inch(?:es)?|[cmk]?m|f(?:ee|oo)?t|yards?|miles?|[mc]?l|(?:milli)?lit(?:er|re)s?|fl|oz|ounces?"
    r"|[mk]?g|grams?|kilo(?:gram)?s?|lbs?|[kmg]?hz|[kmgt]b|mah|k?wh?|watts?|kv|v(?:olts?)?|amps?|db|dpi|ppi|mp"
    r"|megapixels?|fps|lumens?|lm|nm|percent|degrees?|years?|yrs?|months?|weeks?|days?|h(?:ou)?rs?|hours?"
    r"|min(?:ute)?s?|sec(?:ond)?s?|y\.?o|old|pieces?|pcs?|packs?|count|ct|people|persons?|players?|pages?|stars?"
    r"|k?cal(?:ories)?|steps?|slots?|ports?|keys?|cups?|quarts?|gallons?|k?mph?|rpm|psi|sq|x|by|h)(?![a-z])"
    r"|[%°×个件只片包天岁年月码号寸升克斤瓦伏人分支台张本条双米平度级页]|英寸|厘米|毫米|毫升|公斤|千克|小时|毫安)"
)
_ASIDE: Final = word_set(
    "and but or with without no not for in on that which who please from by made as if because "
    "except under below over above at up less more around about cheaper excluding only total each "
    "per altogether i he she it my his her to so also"
)
_NEXT_WORD: Final = re.compile(r"\s+([a-z][\w'-]*)")


def _range(text: str, end: int, first: _Amount, second: _Amount) -> tuple[int, int, PriceBounds] | None:
    """Two amounts with "to" or a dash between them, where they are prices: from, to, and what they say."""
    if first.weight or second.weight or not _LINK.fullmatch(text[first.end : second.start]):
        return None
    before, after = text[end : first.start], text[second.end : second.end + _WINDOW]
    opening = _OPENING.search(before)
    before = before[: opening.start()] if opening else before
    currency = first.currency or second.currency
    stated = opening and not (_MEASURES.search(before) or _UNIT.match(after) or _content(after))
    if not (currency or stated or _PRICED.search(before)):
        return None
    closing = re.match(r"\s*(?:之间|以内|左右)?", after)
    low, high = sorted((first.value, second.value))
    price = PriceBounds(low=low, high=high, currency=currency)
    return end + _start(before), second.end + (closing.end() if closing else 0), price


def _bound(text: str, end: int, amount: _Amount) -> tuple[int, int, PriceBounds] | None:
    """One amount with what makes it a price: from, to, and what it says."""
    before, after = text[end : amount.start], text[amount.end : amount.end + _WINDOW]
    cue, tail = _CUE.search(before), _TAIL.match(after)
    money = bool(amount.currency)
    if cue:
        before = before[: cue.start()]
    priced = bool(_PRICED.search(before))
    turned = bool(cue) and _NOT.search(_PRICED.sub("", before)) is not None
    if amount.weight and not priced:
        return None
    same = tail is not None and (cue is None or _side(cue) == _side(tail))
    stop = amount.end + (tail.end() if tail and same else 0)
    if cue and (money or priced or _is_bound(before, cue, after)):
        side, words = _side(cue), cue.group()
    elif tail and not cue and (money or priced or _is_tail(before, tail, amount)):
        side, words = _side(tail), tail.group()
    elif not cue and _is_budget(before, after, amount):
        side, words, stop = "high", "", amount.end
        before = _SPEND.sub("", _BUDGET.sub("", before))
    else:
        return None
    if turned:
        before = _NOT.sub("", _PRICED.sub("", before))
        side, words = _TURNED[side], ""
    return end + _start(before), stop, _bounds(side, words, amount)


def _any_of(words: dict[Side, str]) -> str:
    return "|".join(f"(?P<{side}>{found})" for side, found in words.items())


_CUE: Final = re.compile(rf"(?:(?<![a-z])|(?=[<>=≤≥]))(?:{_any_of(_BEFORE)})\s*(?:a |the )?$")
_TAIL: Final = re.compile(rf"\s*(?:{_any_of(_AFTER)})(?![a-z0-9])")


_TURNED: Final[dict[Side, Side]] = {"high": "low", "low": "high", "near": "near"}


def _side(match: re.Match[str]) -> Side:
    return "high" if match["high"] else "low" if match["low"] else "near"


def _is_bound(before: str, cue: re.Match[str], after: str) -> bool:
    """Whether a bare number after "under" and the like is a price: not a measure, an age, or a count."""
    if _MEASURES.search(before) or _CHILDREN.search(before) or _UNIT.match(after):
        return False
    if cue["low"] and _ADULTS.search(before.removesuffix("for ").rstrip()):
        return False
    return not (_COUNTS.search(cue.group()) and _content(after))


def _is_tail(before: str, tail: re.Match[str], amount: _Amount) -> bool:
    if _MEASURES.search(before) or tail.group().strip() in _NEEDS_MONEY:
        return False
    return not amount.spelled or len(tail.group()) > 1


def _is_budget(before: str, after: str, amount: _Amount) -> bool:
    """Whether an amount is what may be spent: "for 50 bucks", "budget 50", or a clause of its own."""
    if _BUDGET.search(before):
        return not _UNIT.match(after)
    alone = re.search(r"(?:^|[,;.!?、。(])\s*$", before) and re.match(r"\s*(?:$|[,;.!?、。)])", after)
    spent = _SPEND.search(before) and not _content(after)
    return bool(amount.currency) and not amount.weight and bool(alone or spent)


def _content(after: str) -> bool:
    """Whether a word follows that the number may count, rather than a new part of the sentence."""
    word = _NEXT_WORD.match(after)
    return bool(word) and word[1] not in _ASIDE if word else False


def _start(before: str) -> int:
    """Where the words that only lead up to a price begin."""
    return len(_LEAD_IN.sub("", _PRICED.sub("", before)))


def _bounds(side: Side, words: str, amount: _Amount) -> PriceBounds:
    value, currency = amount.value, amount.currency
    strict = bool(_STRICT.match(words)) and "=" not in words
    if side == "high":
        return PriceBounds(high=value, below=strict, currency=currency)
    if side == "low":
        return PriceBounds(low=value, above=strict, currency=currency)
    return PriceBounds(low=(1 - _AROUND) * value, high=(1 + _AROUND) * value, currency=currency)
