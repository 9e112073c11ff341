"""Retrieval by meaning: nearest item vectors to the query's vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from warmstart.core.component import State
from warmstart.core.errors import ConfigError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.text import item_texts
from warmstart.index.compact import Form, compact_index, index_arrays, restore_index
from warmstart.roles.encoder import Encoder
from warmstart.roles.scorer import Retriever


@dataclass(kw_only=True)
class DenseRetriever(Retriever):
    """Ranks items by the cosine between the query's vector and theirs.

    Finds items that share no word with the query, as far as the encoder knows that they belong
    together. By itself it is weak on brands and model codes: use it within `HybridRetriever`.
    A query that the encoder knows nothing of gets NaN everywhere, as do items without text.

    `vector_form` says how the vectors are remembered: "float32", "int8" in a quarter of the memory, or
    "binary" in a little more, where their signs choose `rescore` items that then get their cosine and
    the others a guess (`index.compact`; docs/how-to/compress.md).
    """

    serves_items: ClassVar[frozenset[str]] = frozenset({"hot", "warm"})
    needs_encoder: ClassVar[bool] = True
    source: ClassVar[str] = "dense"

    vector_form: Form = "float32"
    rescore: int = 400

    def __post_init__(self) -> None:
        if self.rescore < 1:
            raise ConfigError(
                expected="'rescore' of DenseRetriever at least 1",
                found=str(self.rescore),
                todo="Leave it out for the default.",
            )

    @property
    def vectors(self) -> FloatArray:
        """The vectors of the items as they are remembered, in float32, shape (items, dim)."""
        return self._index.vectors

    def _fit(self, dataset: Dataset, encoder: Encoder | None) -> None:
        vectors = self._encoder_in_use().encode_items(dataset.item_texts)
        self._index = compact_index(vectors, self.vector_form, self.rescore)

    def _add(self, items: pl.DataFrame, positions: IntArray) -> None:
        self._index.put(positions, self._encoder_in_use().encode_items(item_texts(items)))

    def _score(self, query: Query) -> FloatArray:
        vector = self._encoder_in_use().encode([query.text], "query")[0]
        return self._index.cosines(vector)

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        return super().get_state() | {"vectors": index_arrays(self._index)}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave; `use_encoder` must follow before the first query."""
        own = dict(state)
        self._index = restore_index(own.pop("vectors"), self.rescore)
        super().set_state(own)
