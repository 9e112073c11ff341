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
from warmstart.core.linear import (
    BoolArray,
    FloatArray,
    IntArray,
    put_rows,
    randomised_svd,
    resized,
    unit_rows,
)
from warmstart.core.vocabulary import Vocabulary, count_terms
from warmstart.data.text import item_texts
from warmstart.recommend.fused.products import heard_rows, sum_of_rows
from warmstart.roles.encoder import Encoder

_MIN_ITEMS, _MAX_SHARE, _MAX_TERMS, _TOPICS = 2, 0.3, 40_000, 128
_BLOCK = 2_048


@dataclass
class ItemFeatures:
    """Vectors of items from their text: the encoder's, sparse tf-idf of words and pairs, and both joined.

    `encoded` is the encoder's view (n, d), `tfidf` the shop's own words (n, terms), `content` the
    centred union of the encoder's vectors and a 128-dimensional summary of tf-idf (n, d + 128). Rows
    have length one, or zero for an item without text.
    """

    encoder: Encoder
    vocabulary: Vocabulary
    idf: FloatArray
    topics: FloatArray
    centre: FloatArray
    encoded: FloatArray
    tfidf: sparse.csr_matrix
    content: FloatArray
    _has_text: BoolArray | None = None
    _postings: sparse.csr_matrix | None = None

    @classmethod
    def fit(cls, texts: list[str], encoder: Encoder, *, seed: int = 0) -> ItemFeatures:
        """Learn vocabulary, weights and summary from the texts of the catalogue."""
        vocabulary, idf, counts = _fit_vocabulary(texts)
        tfidf = _weigh(counts, idf)
        _, _, topics = randomised_svd(tfidf, _TOPICS, seed=seed, iterations=2)
        encoded = encoder.encode_items(texts)
        union = np.hstack([encoded, tfidf @ topics.T]).astype(np.float32)
        centre = union.mean(axis=0) if len(union) else np.zeros(union.shape[1], dtype=np.float32)
        content = _centred(union, centre)
        return cls(encoder, vocabulary, idf, topics, centre, encoded, tfidf, content)

    def put(self, items: pl.DataFrame, positions: IntArray, size: int) -> None:
        """Write the features of `items` at `positions` of a catalogue that now has `size` items."""
        texts = item_texts(items)
        encoded = self.encoder.encode_items(texts)
        tfidf = _tfidf(texts, self.vocabulary, self.idf)
        union = np.hstack([encoded, tfidf @ self.topics.T]).astype(np.float32)
        self._has_text = self._postings = None
        self.encoded = put_rows(self.encoded, positions, encoded, size)
        self.content = put_rows(self.content, positions, _centred(union, self.centre), size)
        self.tfidf = put_sparse_rows(self.tfidf, positions, tfidf, size)

    @property
    def has_text(self) -> BoolArray:
        """Which items say anything."""
        if self._has_text is None or len(self._has_text) != len(self.content):
            self._has_text = np.asarray(self.content.any(axis=1), dtype=np.bool_)
        return self._has_text

    def words(self, positions: IntArray, units: FloatArray) -> FloatArray:
        """What items share in words with those at `positions`: shape (any, items), `units` weigh them.

        Through an index of the items by word: only those that share a word are touched.
        """
        if self._postings is None or self._postings.shape[1] != self.tfidf.shape[0]:
            self._postings = sparse.csr_matrix(self.tfidf.T)
        said, loud = heard_rows(self.tfidf[positions], units)
        return sum_of_rows([(self._postings, loud)], said, self.tfidf.shape[0], units.shape[1])

    def similarities(self, rows: IntArray, columns: IntArray, *, words: float = 0.5) -> FloatArray:
        """The tf-idf cosine by the share `words` plus the encoder's for the rest, shape (rows, columns)."""
        spelled = np.asarray((self.tfidf[rows] @ self.tfidf[columns].T).toarray(), dtype=np.float32)
        similar: FloatArray = self.encoded[rows] @ self.encoded[columns].T
        similar *= np.float32(1.0 - words)
        spelled *= np.float32(words)
        similar += spelled
        return similar

    def get_state(self) -> State:
        """Everything but the encoder, as a tree that can be saved."""
        return {
            "terms": self.vocabulary.as_list(),
            "idf": self.idf,
            "topics": self.topics,
            "centre": self.centre,
            "encoded": self.encoded,
            "tfidf": self.tfidf,
            "content": self.content,
        }

    @classmethod
    def from_state(cls, state: State, encoder: Encoder) -> ItemFeatures:
        """Take back what `get_state` gave."""
        own: dict[str, Any] = dict(state)
        return cls(encoder=encoder, vocabulary=Vocabulary(own.pop("terms")), **own)


def put_sparse_rows(
    matrix: sparse.csr_matrix, positions: IntArray, rows: sparse.csr_matrix, size: int
) -> sparse.csr_matrix:
    """A copy of `matrix` with `size` rows, where `rows` stand at `positions`."""
    if len(positions) == size - matrix.shape[0] and (positions == np.arange(matrix.shape[0], size)).all():
        return sparse.csr_matrix(sparse.vstack([matrix, rows], format="csr"))
    kept = np.ones(size, dtype=np.float32)
    kept[positions] = 0.0
    old = resized(matrix, size, matrix.shape[1])
    place = sparse.csr_matrix(
        (np.ones(len(positions), dtype=np.float32), (positions, np.arange(len(positions)))),
        shape=(size, len(positions)),
    )
    return sparse.csr_matrix(sparse.diags(kept) @ old + place @ rows)


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


def _weigh(counts: sparse.csr_matrix, idf: FloatArray) -> sparse.csr_matrix:
    counts.data = (1.0 + np.log(counts.data)) * idf[counts.indices]
    norms = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    norms[norms == 0] = 1.0
    return sparse.csr_matrix(sparse.diags((1.0 / norms).astype(np.float32)) @ counts)


def _centred(union: FloatArray, centre: FloatArray) -> FloatArray:
    content = unit_rows(union - centre)
    content[~union.any(axis=1)] = 0.0  # no text: no opinion, rather than the opposite of the mean
    return content
