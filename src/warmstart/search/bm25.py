"""Fielded lexical retrieval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl
from scipy import sparse

from warmstart.core import columns as c
from warmstart.core.analysis import (
    STOP_WORDS,
    is_cjk,
    joined_pairs,
    letters_and_digits,
    neighbours,
    stem,
    terms,
    words,
)
from warmstart.core.component import State
from warmstart.core.linear import BoolArray, FloatArray, IntArray, empty_sparse, resized
from warmstart.core.tunable import tunable
from warmstart.core.vocabulary import Vocabulary, count_terms
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.text import field_texts
from warmstart.index.postings import Postings
from warmstart.roles.encoder import Encoder
from warmstart.roles.scorer import Retriever
from warmstart.search.speller import Speller

_PAIRED_FIELDS = (c.TITLE, c.BRAND, c.CATEGORIES, c.DESCRIPTION)


def _default_weights() -> dict[str, float]:
    return {c.TITLE: 3.0, c.BRAND: 1.0, c.CATEGORIES: 1.0, c.DESCRIPTION: 1.0, c.ATTRIBUTES: 0.3}


@dataclass(kw_only=True)
class Bm25Retriever(Retriever):
    """Finds the items whose words are the query's words.

    BM25F (Robertson, Zaragoza and Taylor, 2004): term counts of the fields are length-normalised,
    weighted and summed before saturation. Neighbouring words are also indexed as one, a speller adds
    catalogue words close to those of the query that the catalogue does not know, and keeps the
    original. Items that hold no word of the query get NaN.

    Use it for what shoppers spell out: brands, model codes, exact words. It knows no synonyms; pair it
    with a dense retriever (`HybridRetriever`).

    A document that covers only part of the query is discounted by the share of the query's information
    (inverse document frequency) that it covers, to the power `coverage_power`: shoppers mean every word.

    `k1` sets how soon repeated words stop counting, `b` how much long texts are discounted.
    """

    serves_items: ClassVar[frozenset[str]] = frozenset({"hot", "warm"})
    source: ClassVar[str] = "lexical"

    weights: dict[str, float] = field(default_factory=_default_weights)
    k1: float = tunable(1.2, low=0.4, high=2.5)
    b: float = tunable(0.75, low=0.0, high=1.0)
    spelling_weight: float = 0.8
    coverage_power: float = tunable(2.0, low=0.0, high=4.0)

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        texts = dataset.texts
        self._vocabulary = Vocabulary()
        self.mean_lengths_: dict[str, float] = {}
        parts = [self._field_frequencies(name, texts[name]) for name in self.weights]
        width = len(self._vocabulary)
        total = empty_sparse(len(dataset.items), width)
        for part in parts:
            total = sparse.csr_matrix(total + resized(part, len(dataset.items), width))
        total.data = total.data / (self.k1 + total.data)
        self._postings = Postings(total)
        self.owner_: IntArray = np.arange(len(dataset.items), dtype=np.int64)
        self._fit_speller()

    def _field_frequencies(self, name: str, texts: Sequence[str]) -> sparse.csr_matrix:
        """Weighted, length-normalised term counts of one field, neighbours written as one included."""
        counts = count_terms([terms(text) for text in texts], self._vocabulary, grow=True)
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        self.mean_lengths_[name] = float(lengths.mean()) if len(lengths) else 0.0
        if name in _PAIRED_FIELDS:
            pairs = count_terms([joined_pairs(text) for text in texts], self._vocabulary, grow=True)
            counts = sparse.csr_matrix(resized(counts, *pairs.shape) + pairs)
        scale = self.weights[name] / (1 - self.b + self.b * lengths / (self.mean_lengths_[name] or 1.0))
        return sparse.csr_matrix(sparse.diags(scale.astype(np.float32)) @ counts)

    def _fit_speller(self) -> None:
        """Spell by the mass of a word, which counts titles for more than attributes."""
        masses = self._postings.masses()
        self._speller = Speller(
            {
                term: float(masses[i])
                for i, term in enumerate(self._vocabulary.as_list())
                if self._postings.frequency(i) > 1 and term.isalpha() and not is_cjk(term)
            }
        )

    def _add(self, items: pl.DataFrame, positions: IntArray) -> None:
        texts = field_texts(items)
        owner = self.owner_.copy()
        for document in np.flatnonzero(np.isin(owner, positions)):  # their text is being replaced
            self._postings.remove(int(document))
            owner[document] = -1
        for row in range(len(items)):
            frequencies: Counter[int] = Counter()
            for name in self.weights:
                self._count_field(name, texts[name][row], frequencies)
            self._postings.add({term: tf / (self.k1 + tf) for term, tf in frequencies.items()})
        self.owner_ = np.concatenate([owner, positions])

    def _count_field(self, name: str, text: str, frequencies: Counter[int]) -> None:
        found = terms(text)
        relative_length = len(found) / (self.mean_lengths_[name] or 1.0)
        scale = self.weights[name] / (1 - self.b + self.b * relative_length)
        for term in found + (joined_pairs(text) if name in _PAIRED_FIELDS else []):
            frequencies[self._vocabulary.add(term)] += scale  # type: ignore[assignment]

    def _score(self, query: Query) -> FloatArray:
        by_document = self._document_scores(query.text)
        scores = np.zeros(len(self.item_ids_), dtype=np.float32)
        alive = self.owner_ >= 0
        scores[self.owner_[alive]] = by_document[alive]
        scores[scores <= 0] = np.nan
        return scores

    def _document_scores(self, text: str) -> FloatArray:
        """BM25F times the share of the query's information that a document covers, to a power."""
        joined = self._joined_scores(text)
        total = np.zeros(self._postings.n_documents, dtype=np.float32)
        for found, _ in joined:
            total += found
        covered, wanted = np.zeros_like(total), 0.0
        for spellings in self.expand(text):
            weights = self._weights(spellings)
            found = self._postings.scores(weights)
            total += found
            information = max(weights.values(), default=0.0)
            term = next(iter(spellings))
            held = [found, *(pair for pair, parts in joined if term in parts)]
            covered[np.any([scores > 0 for scores in held], axis=0)] += information
            wanted += information
        return total * (covered / wanted) ** self.coverage_power if wanted > 0 else total

    def holding(self, text: str) -> BoolArray:
        """Which items hold every term of `text` somewhere, in catalogue order; none for an empty text."""
        found = list(dict.fromkeys(terms(text)))
        places = [self._vocabulary.get(term) for term in found]
        documents = np.full(self._postings.n_documents, bool(found))
        for place in places:
            documents &= self._postings.scores({place: 1.0}) > 0 if place is not None else np.False_
        held = np.zeros(len(self.item_ids_), dtype=np.bool_)
        alive = self.owner_ >= 0
        held[self.owner_[alive]] = documents[alive]
        return held

    def knows(self, term: str) -> bool:
        """Whether any item holds a term, as `core.analysis.terms` writes it."""
        return self._frequency(term) > 0

    def _joined_scores(self, text: str) -> list[tuple[FloatArray, tuple[str, str]]]:
        """Scores of neighbouring words written as one, each with the two terms that it stands for."""
        parts = {stem(first + second): (stem(first), stem(second)) for first, second in neighbours(text)}
        known = {joined: weights for joined in parts if (weights := self._weights({joined: 1.0}))}
        return [(self._postings.scores(weights), parts[joined]) for joined, weights in known.items()]

    def _weights(self, certainties: Mapping[str, float]) -> dict[int, float]:
        """Known terms, each with its inverse document frequency times its certainty."""
        places = {term: self._vocabulary.get(term) for term in certainties}
        return {
            place: certainties[term] * self._inverse_frequency(place)
            for term, place in places.items()
            if place is not None
        }

    def expand(self, text: str) -> list[dict[str, float]]:
        """For each term of `text` the spellings searched for, with certainties between 0 and 1.

        Terms the catalogue hardly knows are joined by their likeliest spellings and by their parts.
        Stop words count only when there is nothing else.
        """
        found = list(dict.fromkeys(terms(text)))
        telling = [term for term in found if term not in STOP_WORDS]
        return [self._spellings(term) for term in telling or found]

    def _spellings(self, term: str) -> dict[str, float]:
        spellings = {term: 1.0}
        if self._frequency(term) < 2 and not is_cjk(term):
            suggested = self._speller.suggest(term)
            spellings |= {
                word: self.spelling_weight * certainty
                for word, certainty in suggested
                if word not in STOP_WORDS  # "two" is no "to" that somebody looks for
            }
            spellings |= {stem(piece): 1.0 for piece in letters_and_digits(term)}
        return spellings

    def correct(self, text: str) -> str:
        """`text` with each word that the catalogue does not know replaced by its likeliest spelling."""
        return " ".join(self._correct_word(word) for word in words(text))

    def _correct_word(self, word: str) -> str:
        if is_cjk(word) or self._frequency(stem(word)) > 0:
            return word
        suggestions = self._speller.suggest(stem(word))
        return suggestions[0][0] if suggestions else word

    def _frequency(self, term: str) -> int:
        position = self._vocabulary.get(term)
        return 0 if position is None else self._postings.frequency(position)

    def _inverse_frequency(self, position: int) -> float:
        frequency = self._postings.frequency(position)
        return math.log(1 + (len(self.item_ids_) - frequency + 0.5) / (frequency + 0.5))

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        return super().get_state() | {
            "terms": self._vocabulary.as_list(),
            "postings": self._postings.packed(),
            "spellings": dict(self._speller.masses),
        }

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        own: dict[str, Any] = dict(state)
        self._vocabulary = Vocabulary(own.pop("terms"))
        self._postings = Postings.from_packed(own.pop("postings"))
        self._speller = Speller(own.pop("spellings"))
        super().set_state(own)
