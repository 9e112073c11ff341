"""Strings into typed columns. Each function gives null where a value cannot be read; callers report it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import polars as pl

NULLS: Final = ("", "\\N", "NULL", "null", "NaN", "nan", "None", "<NA>", "N/A", "n/a", "#N/A")
"""Whole values that programs write for "nothing"."""

_YES: Final = (
    "|true|t|yes|y|1|on|available|instock|limitedavailability|preorder|backorder|是|有货|有库存|在售|上架|"
)
_NO: Final = (
    "|false|f|no|n|0|off|unavailable|outofstock|soldout|discontinued|否|无货|无库存|缺货|售罄|下架|"
)
_SCHEMA_ORG = re.compile(r"^https?://schema\.org/")
_NOT_A_WORD = re.compile(r"[\W_]+")
_AMOUNT = re.compile(r"-?\d[\d.,'’\s]*")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,'’\s]\d{3})+")


def blank_to_null(values: pl.Series) -> pl.Series:
    """Strip white space; what programs write for nothing becomes null."""
    stripped = values.str.strip_chars().alias(values.name)
    return stripped.set(stripped.is_in(NULLS), None)


def to_ids(values: pl.Series) -> pl.Series:
    """Ids as strings. Whole numbers that were all written with `.0`, as spreadsheets do, lose it.

    >>> to_ids(pl.Series(["17.0", "4.0", ""])).to_list()
    ['17', '4', None]
    """
    ids = blank_to_null(values.str.replace_all(r"[\x00-\x1f\x7f\ufeff]", ""))
    if len(ids) > ids.null_count() and ids.str.contains(r"^\d+\.0$").all():
        ids = ids.str.strip_suffix(".0")
    return ids


def to_numbers(values: pl.Series) -> pl.Series:
    """Numbers; a decimal comma is understood, infinities and NaN are not.

    >>> to_numbers(pl.Series(["4", "3,5", "x", "inf"])).to_list()
    [4.0, 3.5, None, None]
    """
    texts = blank_to_null(values)
    plain = texts.cast(pl.Float64, strict=False)
    comma = texts.str.replace(r"^(-?\d+),(\d+)$", "${1}.${2}").cast(pl.Float64, strict=False)
    numbers = plain.fill_null(comma)
    return numbers.set(~numbers.is_finite(), None)


def to_whole_numbers(values: pl.Series) -> pl.Series:
    """Whole numbers; `3.0` is one, `3.5` is not.

    >>> to_whole_numbers(pl.Series(["3.0", "3.5", "4"])).to_list()
    [3, None, 4]
    """
    numbers = to_numbers(values)
    whole = (numbers == numbers.round()) & (numbers.abs() < 2**53)
    return numbers.set(~whole, None).cast(pl.Int64)


def to_prices(values: pl.Series) -> pl.Series:
    """Prices; currency signs, words and both ways of writing thousands are understood.

    >>> to_prices(pl.Series(["$1,299.00", "1.299,00 €", "¥1299", "1 299,5 kr", "-3", "free"])).to_list()
    [1299.0, 1299.0, 1299.0, 1299.5, None, None]
    """
    texts = blank_to_null(values)
    prices = texts.cast(pl.Float64, strict=False)
    hard = texts.filter(texts.is_not_null() & prices.is_null()).unique()
    if len(hard):
        parsed = pl.Series([parse_price(text) for text in hard.to_list()], dtype=pl.Float64)
        prices = prices.fill_null(texts.replace_strict(hard, parsed, default=None, return_dtype=pl.Float64))
    return prices.set(~prices.is_finite() | (prices < 0), None).alias(values.name)


def parse_price(text: str) -> float | None:
    """One price as people write it, or None; a range or several numbers are no price.

    With both marks the later one is the decimal mark; a single mark before exactly three digits parts
    thousands when it is a comma, an apostrophe or a space, and is a decimal point when it is a point.
    """
    amounts = _AMOUNT.findall(unicodedata.normalize("NFKC", text))
    if len(amounts) != 1:
        return None
    amount = amounts[0].strip().rstrip(".,'’ ")
    if _THOUSANDS.fullmatch(amount) and not re.fullmatch(r"\d{1,3}\.\d{3}", amount):
        marks = set(re.findall(r"[.,]", amount))
        if len(marks) < 2:
            return float(re.sub(r"\D", "", amount))
    decimal = max(amount.rfind("."), amount.rfind(","))
    whole, fraction = (amount[:decimal], amount[decimal + 1 :]) if decimal >= 0 else (amount, "")
    if fraction and not fraction.isdigit():
        return None
    sign = "-" if amount.startswith("-") else ""
    return float(f"{sign}{re.sub(r'[^0-9]', '', whole) or '0'}.{fraction or '0'}")


def to_booleans(values: pl.Series) -> pl.Series:
    """Yes or no in words of English, Chinese and product feeds; a number of pieces is yes above zero.

    >>> to_booleans(pl.Series(["yes", "0", "in stock", "售罄", "12", "perhaps"])).to_list()
    [True, False, True, False, True, None]
    """
    texts = blank_to_null(values)
    distinct = texts.drop_nulls().unique()
    meant = pl.Series([_parse_boolean(text) for text in distinct.to_list()], dtype=pl.Boolean)
    return texts.replace_strict(distinct, meant, default=None, return_dtype=pl.Boolean)


def _parse_boolean(text: str) -> bool | None:
    word = _NOT_A_WORD.sub("", _SCHEMA_ORG.sub("", text).casefold())
    if word and (f"|{word}|" in _YES or f"|{word}|" in _NO):
        return f"|{word}|" in _YES
    try:
        return float(text) > 0
    except ValueError:
        return None
