"""Vectors learned from the shop's own text, in seconds, with nothing to download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from warmstart.core.analysis import terms
from warmstart.core.component import State
from warmstart.core.linear import FloatArray, randomised_svd
from warmstart.core.vocabulary import Vocabulary, count_terms
from warmstart.roles.encoder import Encoder, Side


@dataclass(kw_only=True)
class CatalogueEncoder(Encoder):
    """A table of term vectors fitted so that headings meet the text they stand over.

    What a shopper types looks like a piece of a title; what an item says is its whole text. The table
    is the optimum of the spectral contrastive loss (HaoChen et al., 2021, arXiv 2106.04156, theorem
    3.2) between the two views: the truncated singular value decomposition of their centred
    co-occurrence, each term scaled by its shrunk frequency. It has a query side and an item side and
    takes seconds for tens of thousands of items; no gradient steps, no pretrained model, any language.

    Use it when no pretrained model is at hand, or beside one. It knows only words of the catalogue: a
    text without any of them gets a row of zeros. Pretrained models know synonyms that the shop never
    uses; where they speak the shop's language, prefer or combine them.

    `shrinkage` is in units of the mean term mass: larger trusts rare terms less. Terms in fewer than
    `min_items` items, or in more than `max_share` of them, are left out; small catalogues keep more.
    """

    needs_fit: ClassVar[bool] = True
    search_weight: ClassVar[float] = 0.3

    size: int = 128
    shrinkage: float = 8.0
    min_items: int = 2
    max_share: float = 0.3
    max_terms: int = 60_000
    seed: int = 0

    @property
    def dim(self) -> int:
        """Length of the vectors: `size`, or less for a tiny catalogue."""
        self._check_fitted()
        return int(self.item_table_.shape[1])

    def _fit(self, texts: Sequence[str]) -> None:
        documents = [terms(text) for text in texts]
        headings = [terms(text.partition("\n")[0]) for text in texts]
        vocabulary = Vocabulary()
        counts = count_terms(documents, vocabulary, grow=True)
        if not len(vocabulary):
            self._learn_nothing()
            return
        frequency = np.bincount(counts.indices, minlength=len(vocabulary))
        kept = self._kept_terms(frequency, len(texts))
        names = vocabulary.as_list()
        self._take_vocabulary([names[i] for i in kept])
        self.idf_ = np.log(1.0 + len(texts) / frequency[kept]).astype(np.float32)
        heading_counts = count_terms(headings, vocabulary, grow=False)
        self._fit_tables(self._weigh(heading_counts[:, kept]), self._weigh(counts[:, kept]))

    def _learn_nothing(self) -> None:
        """A shop without a word is still a shop: every text gets a row of zeros."""
        self._take_vocabulary([])
        self.idf_ = np.zeros(0, dtype=np.float32)
        self.query_table_: FloatArray = np.zeros((0, 1), dtype=np.float32)
        self.item_table_: FloatArray = np.zeros((0, 1), dtype=np.float32)

    def _kept_terms(self, frequency: Any, n_texts: int) -> Any:
        low = min(self.min_items, max(1, n_texts // 50))  # a catalogue of 20 items keeps every word
        high = max(self.max_share * n_texts, min(10.0, n_texts - 1.0))  # few items must share what they can
        usable = np.flatnonzero((frequency >= low) & (frequency <= high))
        if not usable.size:
            usable = np.flatnonzero(frequency)
        order = np.argsort(-frequency[usable], kind="stable")[: self.max_terms]
        return np.sort(usable[order])

    def _take_vocabulary(self, kept: list[str]) -> None:
        self._vocabulary = Vocabulary(kept)
        self.terms_ = kept

    def _weigh(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """Sublinear tf-idf rows of length one."""
        weighted = sparse.csr_matrix(counts, dtype=np.float32, copy=True)
        weighted.data = (1.0 + np.log(weighted.data)) * self.idf_[weighted.indices]
        norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        norms[norms == 0] = 1.0
        return sparse.csr_matrix(sparse.diags((1.0 / norms).astype(np.float32)) @ weighted)

    def _fit_tables(self, headings: sparse.csr_matrix, documents: sparse.csr_matrix) -> None:
        scale_query, scale_item = self._term_scales(headings), self._term_scales(documents)
        views = _CentredProduct(
            sparse.csr_matrix(headings @ sparse.diags(scale_query)),
            sparse.csr_matrix(documents @ sparse.diags(scale_item)),
        )
        u, s, vt = randomised_svd(views, self.size, seed=self.seed, iterations=2)
        root = np.sqrt(s)
        self.query_table_ = (scale_query[:, None] * u * root).astype(np.float32)
        self.item_table_ = (scale_item[:, None] * vt.T * root).astype(np.float32)

    def _term_scales(self, rows: sparse.csr_matrix) -> FloatArray:
        mass = np.asarray(rows.multiply(rows).sum(axis=0)).ravel()
        return (1.0 / np.sqrt(mass + self.shrinkage * max(float(mass.mean()), 1e-9))).astype(np.float32)

    def _encode(self, texts: Sequence[str], side: Side) -> FloatArray:
        if not self.terms_:
            return np.zeros((len(texts), self.dim), dtype=np.float32)
        counts = count_terms([terms(text) for text in texts], self._vocabulary, grow=False)
        table = self.query_table_ if side == "query" else self.item_table_
        vectors: FloatArray = np.asarray(self._weigh(counts) @ table, dtype=np.float32)
        return vectors

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        self._take_vocabulary(list(state["terms_"]))


class _CentredProduct:
    """The matrix leftᵀ right minus what independence would give, applied without forming it."""

    def __init__(self, left: sparse.csr_matrix, right: sparse.csr_matrix) -> None:
        self.left, self.right = left, right
        self.left_sum = np.asarray(left.sum(axis=0)).ravel()
        self.right_sum = np.asarray(right.sum(axis=0)).ravel()
        self.shape = (left.shape[1], right.shape[1])

    def __matmul__(self, other: FloatArray) -> FloatArray:
        expected = np.outer(self.left_sum, self.right_sum @ other) / max(self.left.shape[0], 1)
        product: FloatArray = np.asarray(self.left.T @ (self.right @ other) - expected, dtype=np.float32)
        return product

    @property
    def T(self) -> _CentredProduct:  # noqa: N802 - the name numpy gives it
        return _CentredProduct(self.right, self.left)
