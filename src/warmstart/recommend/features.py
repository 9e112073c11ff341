"""What the text of each item says, in the forms that scorers need."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from warmstart.core.analysis import terms
from warmstart.core.component import State
from warmstart.core.growing import GrowingRows, GrowingSparse
from warmstart.core.linear import (
    BoolArray,
    FloatArray,
    IntArray,
    randomised_svd,
    unit_rows,
)
from warmstart.core.vocabulary import Vocabulary, count_terms
from warmstart.data.text import item_texts
from warmstart.recommend.fused.products import heard_rows, sum_of_rows
from warmstart.roles.encoder import Encoder

_MIN_ITEMS, _MAX_SHARE, _MAX_TERMS, _TOPICS = 2, 0.3, 40_000, 128
_LOOSE, _FEW = 1_000, 4
_BLOCK, _MOST_PICKED = 2_048, 0.5


@dataclass
class ItemFeatures:
    """Vectors of items from their text: the encoder's, sparse tf-idf of words and pairs, and both joined.

    `tfidf` are the shop's own words (n, terms), `content` the centred union of the encoder's vectors and a
    128-dimensional summary of tf-idf (n, d + 128); rows have length one, or zero for an item without
    text. `lengths` are those of the centred union before, -1 without text: with them `content` holds the
    encoder's view as well (`encoded`).
    """

    encoder: Encoder
    vocabulary: Vocabulary
    idf: FloatArray
    topics: FloatArray
    centre: FloatArray
    lengths: FloatArray
    tfidf: sparse.csr_matrix
    content: FloatArray
    _postings: sparse.csr_matrix | None = None

    def __post_init__(self) -> None:
        self._rows, self._texts = GrowingRows(), GrowingSparse()
        self._known: tuple[IntArray, IntArray, FloatArray, FloatArray] | None = None

    @classmethod
    def fit(cls, texts: list[str], encoder: Encoder, *, seed: int = 0) -> ItemFeatures:
        """Learn vocabulary, weights and summary from the texts of the catalogue."""
        vocabulary, idf, counts = _fit_vocabulary(texts)
        tfidf = _weigh(counts, idf)
        _, _, topics = randomised_svd(tfidf, _TOPICS, seed=seed, iterations=2)
        encoded = encoder.encode_items(texts)
        union = np.hstack([encoded, tfidf @ topics.T]).astype(np.float32)
        centre = union.mean(axis=0) if len(union) else np.zeros(union.shape[1], dtype=np.float32)
        content, lengths = _centred(union, centre)
        return cls(encoder, vocabulary, idf, topics, centre, lengths, tfidf, content)

    def put(self, items: pl.DataFrame, positions: IntArray, size: int) -> None:
        """Write the features of `items` at `positions` of a catalogue that now has `size` items."""
        texts = item_texts(items)
        encoded = self.encoder.encode_items(texts)
        tfidf = _tfidf(texts, self.vocabulary, self.idf)
        union = np.hstack([encoded, _summary(tfidf, self.topics)]).astype(np.float32)
        content, lengths = _centred(union, self.centre)
        if self._postings is not None and (positions < self._postings.shape[1]).any():
            self._postings = None
        self._known = None
        self.lengths = np.pad(self.lengths, (0, size - len(self.lengths)))
        self.lengths[positions] = lengths
        self.content = self._rows.put(self.content, positions, content, size)
        self.tfidf = self._texts.put(self.tfidf, positions, tfidf, (size, tfidf.shape[1]))

    @property
    def has_text(self) -> BoolArray:
        """Which items say anything."""
        return np.asarray(self.lengths > 0, dtype=np.bool_)

    @property
    def encoded(self) -> FloatArray:
        """The encoder's view of all items, shape (n, d)."""
        return self.encoded_of(np.arange(len(self.content)))

    @property
    def _encoded_dim(self) -> int:
        return int(self.content.shape[1] - len(self.topics))

    def encoded_of(self, items: IntArray) -> FloatArray:
        """The encoder's view of some items, shape (*items, d)."""
        dim, lengths = self._encoded_dim, self.lengths[items][..., None]
        found = self.content[items, :dim] * np.maximum(lengths, 0) + self.centre[:dim]
        return np.where(lengths < 0, np.float32(0.0), found).astype(np.float32)

    def encoded_products(self, vectors: FloatArray) -> FloatArray:
        """Products of vectors with the encoder's view of all items, shape (vectors, n)."""
        found: FloatArray = vectors @ self.content[:, : self._encoded_dim].T
        return self._as_encoded(found, vectors, slice(None))

    def _as_encoded(self, products: FloatArray, vectors: FloatArray, items: IntArray | slice) -> FloatArray:
        """Products with the encoder's view, from those with the centred rows of length one; in place."""
        lengths = self.lengths[items]
        products *= np.maximum(lengths, 0)
        products += (vectors @ self.centre[: self._encoded_dim])[:, None]
        products[:, lengths < 0] = 0.0
        return products

    def words(self, positions: IntArray, units: FloatArray) -> FloatArray:
        """What items share in words with those at `positions`: shape (any, items), `units` weigh them.

        Through an index of the items by word: only those that share a word are touched.
        """
        size = self.tfidf.shape[0]
        if self._postings is None or size - self._postings.shape[1] > _LOOSE:
            self._postings = sparse.csr_matrix(self.tfidf.T)
        said, loud = heard_rows(self.tfidf[positions], units)
        since = self._postings.shape[1]
        found = sum_of_rows([(self._postings, loud)], said, since, units.shape[1])
        if since < size:
            found = np.pad(found, ((0, 0), (0, size - since)))
            asked = np.zeros((units.shape[1], self.tfidf.shape[1]), dtype=np.float32)
            asked[:, said] = loud
            found[:, since:] = (self.tfidf[since:] @ asked.T).T
        return found

    def similarities(self, rows: IntArray, columns: IntArray, *, words: float = 0.5) -> FloatArray:
        """The tf-idf cosine by the share `words` plus the encoder's for the rest, shape (rows, columns)."""
        encoded, spelled = self._cosines(rows, columns)
        similar = np.multiply(encoded, np.float32(1.0 - words), out=None if len(rows) <= _FEW else encoded)
        similar += spelled * np.float32(words)
        return similar

    def _cosines(self, rows: IntArray, columns: IntArray) -> tuple[FloatArray, FloatArray]:
        """Those of the encoder and of tf-idf. Of few rows they are kept: a new item asks twice."""
        known = self._known
        if known and np.array_equal(known[0], rows) and np.array_equal(known[1], columns):
            return known[2], known[3]
        found = self._encoded_cosines(rows, columns), self._shared_words(rows, columns)
        self._known = (rows, columns, *found) if len(rows) <= _FEW else None
        return found

    def _encoded_cosines(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Products of the encoder's views, shape (rows, columns); of few columns no others are read."""
        if len(columns) > _MOST_PICKED * len(self.content):
            return self.encoded_products(self.encoded_of(rows))[:, columns]
        asked, dim = self.encoded_of(rows), self._encoded_dim
        found = np.empty((len(rows), len(columns)), dtype=np.float32)
        for start in range(0, len(columns), _BLOCK):
            part = slice(start, start + _BLOCK)
            found[:, part] = asked @ self.content[columns[part], :dim].T
        return self._as_encoded(found, asked, columns)

    def _shared_words(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """The tf-idf cosine, shape (rows, columns)."""
        if len(rows) > _FEW:
            return np.asarray((self.tfidf[rows] @ self.tfidf[columns].T).toarray(), dtype=np.float32)
        one = np.ones((1, 1), dtype=np.float32)
        found = [self.words(row, one)[0, columns] for row in rows[:, None]]
        return np.array(found, dtype=np.float32).reshape(len(rows), len(columns))

    def get_state(self) -> State:
        """Everything but the encoder, as a tree that can be saved."""
        return {
            "terms": self.vocabulary.as_list(),
            "idf": self.idf,
            "topics": self.topics,
            "centre": self.centre,
            "lengths": self.lengths,
            "tfidf": self.tfidf,
            "content": self.content,
        }

    @classmethod
    def from_state(cls, state: State, encoder: Encoder) -> ItemFeatures:
        """Take back what `get_state` gave."""
        own: dict[str, Any] = dict(state)
        return cls(encoder=encoder, vocabulary=Vocabulary(own.pop("terms")), **own)


def _phrases(text: str) -> list[str]:
    """Words and neighbouring word pairs."""
    found = terms(text)
    return found + [f"{first} {second}" for first, second in pairwise(found)]


def _fit_vocabulary(texts: list[str]) -> tuple[Vocabulary, FloatArray, sparse.csr_matrix]:
    everything = Vocabulary()
    counts = count_terms([_phrases(text) for text in texts], everything, grow=True)
    frequency = np.bincount(counts.indices, minlength=len(everything))
    usable = np.flatnonzero((frequency >= _MIN_ITEMS) & (frequency <= max(2.0, _MAX_SHARE * len(texts))))
    kept = np.sort(usable[np.argsort(-frequency[usable], kind="stable")[:_MAX_TERMS]])
    idf = np.log((1 + len(texts)) / (1 + frequency[kept])) + 1.0
    names = everything.as_list()
    vocabulary = Vocabulary(names[i] for i in kept)
    return vocabulary, idf.astype(np.float32), sparse.csr_matrix(counts[:, kept])


def _tfidf(texts: list[str], vocabulary: Vocabulary, idf: FloatArray) -> sparse.csr_matrix:
    return _weigh(count_terms([_phrases(text) for text in texts], vocabulary, grow=False), idf)


def _summary(tfidf: sparse.csr_matrix, topics: FloatArray) -> FloatArray:
    """The products with the topics; of these only the terms that stand in the rows are read."""
    found = np.unique(tfidf.indices)
    return np.asarray(tfidf[:, found] @ np.ascontiguousarray(topics[:, found].T), dtype=np.float32)


def _weigh(counts: sparse.csr_matrix, idf: FloatArray) -> sparse.csr_matrix:
    counts.data = (1.0 + np.log(counts.data)) * idf[counts.indices]
    norms = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    norms[norms == 0] = 1.0
    return sparse.csr_matrix(sparse.diags((1.0 / norms).astype(np.float32)) @ counts)


def _centred(union: FloatArray, centre: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centred rows of length one, and the lengths that they had; -1 without text.

    No text is no opinion, rather than the opposite of the mean.
    """
    lengths = np.linalg.norm(union - centre, axis=1)
    content = unit_rows(union - centre)
    silent = ~union.any(axis=1)
    content[silent], lengths[silent] = 0.0, -1.0
    return content, lengths.astype(np.float32)
