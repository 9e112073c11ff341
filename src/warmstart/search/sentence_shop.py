"""What a shop's own words say about how a sentence is to be read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import polars as pl

from warmstart.core import columns as c
from warmstart.core.analysis import normalise, stem

_REFUSING: Final = re.compile(
    r"(?<![a-z])(?:no|not|non|without|never|except|avoid|free|hate|under|over|below|above)(?![a-z])|[无不别非没除]"
)
_FREE: Final = re.compile(r"([^\W\d_]+)[- ]free(?![a-z])")
_HAN_FREE: Final = re.compile(r"[无免](.)")


@dataclass(frozen=True, kw_only=True)
class ShopWords:
    """The shop's vocabulary, as far as it decides what is a refusal.

    `names` are brands and categories that hold a word of refusal ("Not Your Mother's", "无印良品"),
    `free_of` what the shop offers things without ("sugar", "糖"): there, "sugar-free" is a feature to look
    for. None of a shop nobody looked at: then every "…-free" is a feature. `currencies` are codes.
    """

    names: frozenset[str] = frozenset()
    free_of: frozenset[str] | None = None
    currencies: frozenset[str] = frozenset()

    @classmethod
    def of(cls, items: pl.DataFrame) -> Self:
        """Read from a table of items: brands, categories, tags and titles."""
        brands = items[c.BRAND].drop_nulls().unique().to_list()
        listed = [
            name
            for column in (c.CATEGORIES, c.TAGS)
            for name in items[column].explode().drop_nulls().unique().to_list()
        ]
        names = {normalise(name).strip() for name in (*brands, *listed)}
        return cls(
            names=frozenset(name for name in names if _REFUSING.search(name)),
            free_of=frozenset(_offered_without([*names, *items[c.TITLE].drop_nulls().to_list()])),
            currencies=frozenset(items[c.CURRENCY].drop_nulls().str.to_uppercase().unique()) - {""},
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.names, key=len, reverse=True)
        return re.compile(r"(?<![a-z0-9])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![a-z0-9])")

    def names_in(self, text: str) -> list[tuple[int, int]]:
        """Where names that hold a word of refusal stand in a normalised text."""
        return [match.span() for match in self._pattern.finditer(text)] if self.names else []

    def offers_without(self, word: str) -> bool:
        """Whether "<word>-free" is a feature to look for here, rather than a refusal of the word."""
        return self.free_of is None or stem(word) in self.free_of


def word_set(words: str) -> frozenset[str]:
    """Words written in a row as a set."""
    return frozenset(words.split())


def _offered_without(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        lowered = normalise(text)
        if "free" in lowered:
            yield from (stem(word) for word in _FREE.findall(lowered))
        if "无" in lowered or "免" in lowered:
            yield from _HAN_FREE.findall(lowered)
