"""What a shop's own words say about how a sentence is to be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
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
        return cls(**{kind: frozenset(counts) for kind, counts in _said(items).items()})

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


class CountedShopWords:
    """The `ShopWords` of a catalogue whose items come and go; a change costs what those items say.

    `words` stays the same object while the words stay the same: what it has prepared is kept.
    """

    def __init__(self, items: pl.DataFrame) -> None:
        self._counts = _said(items)
        self.words = self._read()

    def add(self, items: pl.DataFrame) -> None:
        """Take in what more items say."""
        for kind, counts in _said(items).items():
            self._counts[kind] += counts
        self._renew()

    def remove(self, items: pl.DataFrame) -> None:
        """Take out what items taken in before say."""
        for kind, counts in _said(items).items():
            self._counts[kind] -= counts
        self._renew()

    def _renew(self) -> None:
        words = self._read()
        if words != self.words:
            self.words = words

    def _read(self) -> ShopWords:
        return ShopWords(**{kind: frozenset(counts) for kind, counts in self._counts.items()})


def word_set(words: str) -> frozenset[str]:
    """Words written in a row as a set."""
    return frozenset(words.split())


def _said(items: pl.DataFrame) -> dict[str, Counter[str]]:
    """How often a table of items says each word of each kind, by the names of `ShopWords`."""
    names: Counter[str] = Counter()
    listed = (items[column].explode() for column in (c.CATEGORIES, c.TAGS))
    for column in (items[c.BRAND], *listed):
        for name, count in column.drop_nulls().value_counts().iter_rows():
            names[normalise(name).strip()] += count
    free_of: Counter[str] = Counter()
    titles = zip(items[c.TITLE].drop_nulls(), repeat(1))
    for text, count in chain(names.items(), titles):
        for word in _offered_without(text):
            free_of[word] += count
    currencies = items[c.CURRENCY].drop_nulls().str.to_uppercase()
    return {
        "names": Counter({name: count for name, count in names.items() if _REFUSING.search(name)}),
        "free_of": free_of,
        "currencies": Counter(currency for currency in currencies if currency),
    }


def _offered_without(text: str) -> Iterator[str]:
    lowered = normalise(text)
    if "free" in lowered:
        yield from (stem(word) for word in _FREE.findall(lowered))
    if "无" in lowered or "免" in lowered:
        yield from _HAN_FREE.findall(lowered)
