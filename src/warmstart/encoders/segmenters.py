"""Texts as counts over a table's rows: by words, or by a tokenizer's pieces."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from warmstart.core.analysis import terms
from warmstart.core.component import State
from warmstart.core.errors import MissingExtraError
from warmstart.core.vocabulary import Vocabulary, count_terms
from warmstart.encoders.lookalikes import Lookalikes

MAX_CHARACTERS = 20_000
"""What a text says after so many characters changes a mean over its words no more."""


class Segmenter(Protocol):
    """Counts the units of texts; one column per row of the table."""

    def count(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Counts, shape (texts, units)."""

    def units(self) -> list[str]:
        """The units as text, for a teacher to read."""

    def state(self) -> State:
        """What must be kept to count again."""


class WordSegmenter:
    """The terms of `core.analysis`; an unknown word counts, in parts, as the words it is spelt like.

    Needs no package beside the required ones, and any language works.
    """

    def __init__(self, vocabulary: Sequence[str], grams: sparse.csr_matrix | None = None) -> None:
        self.vocabulary = Vocabulary(vocabulary)
        self._grams = grams

    @cached_property
    def lookalikes(self) -> Lookalikes:
        """The index of spellings."""
        return Lookalikes.of(self.vocabulary.as_list()) if self._grams is None else Lookalikes(self._grams)

    def count(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Counts, shape (texts, words)."""
        documents = _documents(texts)
        known = count_terms(documents, self.vocabulary, grow=False)
        cells = [
            (row, column, weight)
            for row, document in enumerate(documents)
            for term in document
            if term not in self.vocabulary
            for column, weight in self.lookalikes.find(term)
        ]
        if not cells:
            return known
        rows, columns, weights = (np.array(part) for part in zip(*cells, strict=True))
        guessed = sparse.csr_matrix((weights.astype(np.float32), (rows, columns)), shape=known.shape)
        return sparse.csr_matrix(known + guessed)

    def count_known(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """The same without unknown words."""
        return count_terms(_documents(texts), self.vocabulary, grow=False)

    def units(self) -> list[str]:
        """The words."""
        return self.vocabulary.as_list()

    def state(self) -> State:
        """The words and their spellings."""
        return {"words": self.units(), "grams": self.lookalikes.grams}


def _documents(texts: Sequence[str]) -> list[list[str]]:
    return [terms(text[:MAX_CHARACTERS]) for text in texts]


class TokenSegmenter:
    """The pieces of a Hugging Face tokenizer, given as the text of its `tokenizer.json`.

    Unknown pieces are skipped, as model2vec does. *Needs* the extra `onnx`.
    """

    def __init__(self, tokenizer_json: str) -> None:
        self.tokenizer_json = tokenizer_json

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer, without padding and without a limit."""
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtraError("a static table with a tokenizer", "onnx") from error
        tokenizer = Tokenizer.from_str(self.tokenizer_json)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    @cached_property
    def _unknown(self) -> int:
        token = getattr(self.tokenizer.model, "unk_token", None)
        found = self.tokenizer.token_to_id(token) if token else None
        return -1 if found is None else int(found)

    def count(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Counts, shape (texts, pieces)."""
        prepared = [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        encoded = self.tokenizer.encode_batch(prepared, add_special_tokens=False)
        found = [[i for i in one.ids if i != self._unknown] for one in encoded]
        rows = np.repeat(np.arange(len(texts)), [len(ids) for ids in found])
        columns = np.array([i for ids in found for i in ids], dtype=np.int64)
        shape = (len(texts), self.tokenizer.get_vocab_size())
        return sparse.csr_matrix((np.ones(rows.size, dtype=np.float32), (rows, columns)), shape=shape)

    def units(self) -> list[str]:
        """The pieces in the order of their ids, without the marks of subwords."""
        by_id = sorted(self.tokenizer.get_vocab().items(), key=lambda entry: entry[1])
        return [token.removeprefix("##").replace("▁", " ").replace("Ġ", " ").strip() for token, _ in by_id]

    def state(self) -> State:
        """The tokenizer's own description."""
        return {"tokenizer": self.tokenizer_json}


def segmenter_from(state: State) -> Segmenter:
    """The segmenter that gave this state."""
    if "tokenizer" in state:
        return TokenSegmenter(state["tokenizer"])
    return WordSegmenter(state["words"], state.get("grams"))
