"""Completions of what a shopper is typing."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest
from itertools import chain, compress, groupby
from typing import Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.analysis import is_cjk, normalise, words
from warmstart.core.linear import IntArray
from warmstart.search.number_set import NumberSet

_LONGEST, _LONGEST_CJK = 3, 6
_TYPED: Final = 10
_AT_ONCE: Final = 5_000
"""Items whose phrases are counted together: those of a whole catalogue would fill the memory."""
_FEW: Final = 100
"""Phrases that are put into their places one by one; more are sorted in together."""


class Suggester:
    """Completes a prefix to phrases that the catalogue holds and shoppers have typed.

    Phrases are brands, categories, runs of up to three words of titles (2 to 6 characters in Chinese)
    that at least two items share, and past queries, which count tenfold. Of a phrase that was met once,
    as most are, only a hash of 64 bits is kept, to know it when it comes again: with a million of them, one
    is offered too early about once in 10^7 catalogues.

    >>> items = pl.DataFrame({"title": ["Wireless mouse", "Wireless mouse XL"], "brand": ["Acme", None],
    ...                       "categories": [["Mice"], ["Mice"]]})
    >>> Suggester(items).suggest("wir")
    ['wireless mouse', 'wireless']
    """

    def __init__(self, items: pl.DataFrame, queries: Iterable[str] = ()) -> None:
        self._counts: dict[str, int] = {}  # of phrases met more than once
        self._once = NumberSet()
        self._sorted: list[str] | None = None
        self._raise(_typed(queries))
        self.add(items)

    def add(self, items: pl.DataFrame) -> None:
        """Take in the phrases of more items."""
        for part in items.iter_slices(_AT_ONCE):
            self._raise(_count(part))

    def remove(self, items: pl.DataFrame) -> None:
        """Take out the phrases of items taken in before."""
        for part in items.iter_slices(_AT_ONCE):
            self._lower(_count(part))

    def forget(self, queries: Iterable[str]) -> None:
        """Take out past queries that it was given at the beginning."""
        self._lower(_typed(queries))

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
            self._sorted = sorted(self._counts)
        low = bisect_left(self._sorted, prefix)
        high = bisect_left(self._sorted, prefix + "\U0010ffff")
        return nsmallest(n, self._sorted[low:high], key=lambda phrase: (-self._worth(phrase), phrase))

    def _worth(self, phrase: str) -> float:
        """Frequent phrases first, of equally frequent ones the longer, which says more."""
        return self._counts[phrase] * (1 + 0.5 * phrase.count(" "))

    def _raise(self, found: Mapping[str, int]) -> None:
        counts, unknown = self._counts, []
        for phrase, count in found.items():
            if phrase in counts:
                counts[phrase] += count
            else:
                unknown.append(phrase)
        hashes = _hashes(unknown)
        once = self._once.holds(hashes)
        often = np.array([found[phrase] > 1 for phrase in unknown], dtype=np.bool_)
        self._once.discard(hashes[once])
        self._once.add(hashes[~once & ~often])
        risen = [*compress(unknown, once | often)]
        for phrase, before in zip(risen, once[once | often].tolist(), strict=True):
            counts[phrase] = found[phrase] + before
        self._offer(risen)

    def _lower(self, found: Mapping[str, int]) -> None:
        left = {phrase: self._counts.get(phrase, 1) - count for phrase, count in found.items()}
        fallen = [phrase for phrase, count in left.items() if count < 2 and phrase in self._counts]
        self._counts |= {phrase: count for phrase, count in left.items() if count > 1}
        for phrase in fallen:
            del self._counts[phrase]
        self._once.discard(_hashes([phrase for phrase, count in left.items() if count < 1]))
        self._once.add(_hashes([phrase for phrase, count in left.items() if count == 1]))
        self._withdraw(fallen)

    def _offer(self, phrases: Sequence[str]) -> None:
        if self._sorted is None:
            return
        if len(phrases) > _FEW:
            self._sorted += sorted(phrases)
            self._sorted.sort()  # two runs: it merges them
            return
        for phrase in phrases:
            insort(self._sorted, phrase)

    def _withdraw(self, phrases: Sequence[str]) -> None:
        if self._sorted is None:
            return
        if len(phrases) > _FEW:
            self._sorted = [phrase for phrase in self._sorted if phrase in self._counts]
            return
        for phrase in phrases:
            del self._sorted[bisect_left(self._sorted, phrase)]


def _hashes(phrases: Sequence[str]) -> IntArray:
    return np.fromiter(map(hash, phrases), dtype=np.int64, count=len(phrases))


def _typed(queries: Iterable[str]) -> dict[str, int]:
    counts = Counter(normalise(query).strip() for query in queries)
    return {phrase: _TYPED * count for phrase, count in counts.items() if phrase}


def _count(items: pl.DataFrame) -> Counter[str]:
    counts = Counter(chain.from_iterable(map(_phrases, items[c.TITLE].drop_nulls().to_list())))
    for brand in items[c.BRAND].drop_nulls().to_list():
        counts[normalise(brand)] += 2
    for categories in items[c.CATEGORIES].drop_nulls().to_list():
        counts.update({normalise(category): 2 for category in categories})
    counts.pop("", None)
    return counts


def _phrases(title: str) -> set[str]:
    found: set[str] = set()
    if title.isascii():
        _add_runs(words(title), found)
        return found
    for is_han, row in groupby(words(title), is_cjk):
        (_add_parts if is_han else _add_runs)([*row], found)
    return found


def _add_runs(row: Sequence[str], found: set[str]) -> None:
    """Words as they stand, and up to three in a row."""
    for size in range(1, _LONGEST + 1):
        found.update(map(" ".join, zip(*(row[start:] for start in range(size)), strict=False)))


def _add_parts(row: Sequence[str], found: set[str]) -> None:
    """Two to six characters in a row of texts that do not part their words."""
    for word in row:
        for size in range(2, min(_LONGEST_CJK, len(word)) + 1):
            found.update(word[start : start + size] for start in range(len(word) - size + 1))
