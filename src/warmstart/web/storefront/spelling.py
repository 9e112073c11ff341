"""What a visitor may have meant to type."""

from __future__ import annotations

import re
from collections import Counter

from warmstart.core import columns as c
from warmstart.data.dataset import Dataset
from warmstart.search.speller import Speller

_WORD = re.compile(r"[a-zA-Z]{3,}")


def speller_of(shop: Dataset) -> Speller:
    """A speller of the words in titles, brands and categories that Latin letters spell."""
    counts: Counter[str] = Counter()
    for column in (c.TITLE, c.BRAND):
        for text in shop.items[column].drop_nulls():
            counts.update(word.lower() for word in _WORD.findall(text))
    for names in shop.items[c.CATEGORIES].drop_nulls():
        counts.update(word.lower() for name in names for word in _WORD.findall(name))
    return Speller(counts)


def meant(speller: Speller, query: str) -> str:
    """The query with its unknown words as the shop spells them; empty where nothing is to mend.

    >>> meant(Speller({"kettle": 5, "steel": 2}), "stel Ketle")
    'steel kettle'
    >>> meant(Speller({"kettle": 5}), "kettle 水壶")
    ''
    """

    def mended(match: re.Match[str]) -> str:
        word = match.group().lower()
        if word in speller.masses:
            return match.group()
        close = speller.suggest(word)
        return close[0][0] if close and abs(len(close[0][0]) - len(word)) <= 2 else match.group()

    better = _WORD.sub(mended, query)
    return better if better.lower() != query.lower() else ""
