"""Completions of what a shopper is typing."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

import polars as pl

from warmstart.core import columns as c
from warmstart.core.analysis import is_cjk, normalise, words

_LONGEST, _LONGEST_CJK = 3, 6


class Suggester:
    """Completes a prefix to phrases that the catalogue holds and shoppers have typed.

    Phrases are brands, categories, runs of up to three words of titles (2 to 6 characters in Chinese)
    that at least two items share, and past queries, which count tenfold.

    >>> items = pl.DataFrame({"title": ["Wireless mouse", "Wireless mouse XL"], "brand": ["Acme", None],
    ...                       "categories": [["Mice"], ["Mice"]]})
    >>> Suggester(items).suggest("wir")
    ['wireless mouse', 'wireless']
    """

    def __init__(self, items: pl.DataFrame, queries: Iterable[str] = ()) -> None:
        self._counts: Counter[str] = Counter()
        self._sorted: list[str] | None = None
        self.add(items)
        for query in queries:
            self._counts[normalise(query).strip()] += 10

    def add(self, items: pl.DataFrame) -> None:
        """Take in the phrases of more items."""
        self._counts.update(_count(items))
        self._sorted = None

    def remove(self, items: pl.DataFrame) -> None:
        """Take out the phrases of items taken in before."""
        self._counts.subtract(_count(items))
        self._sorted = None

    def suggest(self, prefix: str, n: int = 8) -> list[str]:
        """Up to `n` phrases that begin with `prefix`, the most telling first.

        When the whole prefix begins no phrase, its last word is completed by itself.
        """
        wanted = normalise(prefix).lstrip()
        if not wanted:
            return []
        found = self._starting_with(wanted, n)
        head, _, last = wanted.rpartition(" ")
        if not found and head and last:
            found = [f"{head} {phrase}" for phrase in self._starting_with(last, n)]
        return found

    def _starting_with(self, prefix: str, n: int) -> list[str]:
        if self._sorted is None:
            self._sorted = sorted(phrase for phrase, count in self._counts.items() if count > 1 and phrase)
        low = bisect_left(self._sorted, prefix)
        high = bisect_left(self._sorted, prefix + "\U0010ffff")
        matches = self._sorted[low:high]
        return sorted(matches, key=lambda phrase: (-self._worth(phrase), phrase))[:n]

    def _worth(self, phrase: str) -> float:
        """Frequent phrases first, of equally frequent ones the longer, which says more."""
        return self._counts[phrase] * (1 + 0.5 * phrase.count(" "))


def _count(items: pl.DataFrame) -> Counter[str]:
    counts: Counter[str] = Counter()
    for title in items[c.TITLE].drop_nulls():
        counts.update(set(_phrases(title)))
    for brand in items[c.BRAND].drop_nulls():
        counts[normalise(brand)] += 2
    for categories in items[c.CATEGORIES].drop_nulls():
        counts.update({normalise(category): 2 for category in categories})
    return counts


def _phrases(title: str) -> Iterable[str]:
    found = words(title)
    for i, word in enumerate(found):
        if is_cjk(word):
            for size in range(2, min(_LONGEST_CJK, len(word)) + 1):
                yield from (word[j : j + size] for j in range(len(word) - size + 1))
            continue
        for size in range(1, _LONGEST + 1):
            run = found[i : i + size]
            if len(run) == size and not any(is_cjk(part) for part in run):
                yield " ".join(run)
