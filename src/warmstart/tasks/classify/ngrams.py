"""Texts as weighted counts of words or of pieces of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np
from scipy import sparse

from warmstart.core.analysis import character_ngrams, is_cjk, words
from warmstart.core.linear import FloatArray
from warmstart.core.vocabulary import Vocabulary, count_terms


def word_ngrams(text: str) -> list[str]:
    """Words and pairs of neighbours; of Chinese, Japanese and Korean all runs of one to three characters.

    Small words stay: "not" and "never" are what an opinion hangs on.

    >>> word_ngrams("not good 不好")
    ['not', 'good', '不', '好', '不好', 'not good']
    """
    found = words(text)
    single = [part for word in found for part in (character_ngrams(word) if is_cjk(word) else (word,))]
    return single + [f"{a} {b}" for a, b in pairwise(found) if not (is_cjk(a) or is_cjk(b))]


def character_pieces(text: str) -> list[str]:
    """Runs of one to three characters of Chinese, Japanese and Korean, of three and four of other words.

    >>> character_pieces("usb 线")
    ['<us', 'usb', 'sb>', '<usb', 'usb>', '线']
    """
    return [piece for word in words(text) for piece in character_ngrams(word)]


@dataclass(frozen=True)
class TermCounts:
    """How many texts there are, and how many of them hold each term."""

    n_texts: int
    texts_with: Counter[str]

    @classmethod
    def of(cls, texts: Sequence[str], split: Callable[[str], list[str]]) -> Self:
        """Count; a term counts once per text."""
        return cls(len(texts), Counter(term for text in texts for term in set(split(text))))


@dataclass(frozen=True)
class TfIdf:
    """Rows of (1 + log count) x (1 + log((1 + texts) / (1 + texts with the term))), of length one.

    `terms` are found in texts by `split`, which must be the one that they were learned with.
    """

    terms: list[str]
    idf: FloatArray
    split: Callable[[str], list[str]]

    @classmethod
    def learn(
        cls,
        texts: Sequence[str],
        split: Callable[[str], list[str]],
        *,
        min_texts: int = 1,
        others: TermCounts | None = None,
    ) -> Self:
        """Take in the terms that at least `min_texts` of the texts hold, in the order of the alphabet.

        `others` are further texts: they count for how common a term is, but bring no terms of their own.
        """
        own = TermCounts.of(texts, split)
        terms = sorted(term for term, n in own.texts_with.items() if n >= min_texts)
        frequency = np.array([own.texts_with[term] for term in terms], dtype=np.float64)
        n = own.n_texts
        if others is not None:
            frequency += [others.texts_with[term] for term in terms]
            n += others.n_texts
        return cls(terms, (1.0 + np.log((1.0 + n) / (1.0 + frequency))).astype(np.float32), split)

    def weigh(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """One row per text, of length one, or of zeros where no term is known."""
        counts = count_terms([self.split(text) for text in texts], self._vocabulary, grow=False)
        counts.data = (1.0 + np.log(counts.data)) * self.idf[counts.indices]
        lengths = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
        lengths[lengths == 0] = 1.0
        return sparse.csr_matrix(sparse.diags((1.0 / lengths).astype(np.float32)) @ counts)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.terms)
