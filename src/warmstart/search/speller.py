"""Spellings that the catalogue knows, for words that it does not."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA


class Speller:
    """Suggests catalogue words close to a word, likeliest first.

    Distance is the optimal string alignment distance (Damerau–Levenshtein without overlapping edits),
    at most 1 for words up to four letters and 2 for longer ones. Among equally close words the one with
    the greater mass wins (how much of the catalogue it stands for), and one that keeps the first
    letter, which most typing errors spare.

    >>> Speller({"headphone": 9, "telephone": 5}).suggest("haedphone")
    [('headphone', 1.0)]
    """

    def __init__(self, masses: Mapping[str, float], max_suggestions: int = 3) -> None:
        self.max_suggestions = max_suggestions
        self._words = list(masses)
        self.masses = dict(masses)
        self._by_length: dict[int, list[str]] = {}
        for word in self._words:
            self._by_length.setdefault(len(word), []).append(word)

    def suggest(self, word: str) -> list[tuple[str, float]]:
        """Catalogue words for `word` with a certainty relative to the best; empty when none is close.

        A word that is two catalogue words written as one gives both.
        """
        limit = 1 if len(word) <= 4 else 2
        if len(word) < 3 or any(letter.isdigit() for letter in word):
            return []
        split = self._split(word)
        costs = {close: self._cost(word, close, edits) for close, edits in self._close(word, limit)}
        if not costs:
            return [(part, 1.0) for part in split]
        best = sorted(costs.items(), key=lambda pair: (pair[1], pair[0]))[: self.max_suggestions]
        lowest = best[0][1]
        return [(close, round(math.exp(lowest - cost), 4)) for close, cost in best]

    def _close(self, word: str, limit: int) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        for length in range(len(word) - limit, len(word) + limit + 1):
            choices = self._by_length.get(length, [])
            if choices:
                distances = process.cdist([word], choices, scorer=OSA.distance, score_cutoff=limit)[0]
                found += [(choices[i], int(distances[i])) for i in np.flatnonzero(distances <= limit)]
        return found

    def _cost(self, word: str, close: str, edits: int) -> float:
        """Negative log-likelihood up to a constant: edits are rare, frequent words are likely."""
        return (
            3.0 * edits + (1.0 if close[0] != word[0] else 0.0) - 0.5 * math.log(self.masses[close] + 1.0)
        )

    def _split(self, word: str) -> list[str]:
        halves = [
            (min(self.masses[word[:i]], self.masses[word[i:]]), word[:i], word[i:])
            for i in range(3, len(word) - 2)
            if word[:i] in self.masses and word[i:] in self.masses
        ]
        return list(max(halves)[1:]) if halves else []
