"""Text in, vectors out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np

from warmstart.core.component import Component, State
from warmstart.core.errors import InputError
from warmstart.core.linear import FloatArray, unit_rows

Side = Literal["item", "query"]


@dataclass(kw_only=True)
class Encoder(Component, ABC):
    """Turns texts into float32 vectors of length one, or of length zero where it knows nothing.

    A new encoder writes `_encode`, and `_fit` when it learns from the catalogue's text. `search_weight`
    is the share that its cosine should have in hybrid search beside BM25.
    """

    needs_fit: ClassVar[bool] = False
    average_heading: ClassVar[bool] = False
    search_weight: ClassVar[float] = 0.4

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of the vectors."""

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn from the texts of the catalogue; a pretrained encoder has nothing to learn."""
        _check_texts(texts)
        vars(self).pop("_recent", None)
        self._fit(texts)
        return self

    def encode(self, texts: Sequence[str], side: Side = "item") -> FloatArray:
        """One row per text, shape (len(texts), dim).

        `side` says whether the texts describe items or are typed by a shopper; encoders that treat
        both alike ignore it. Empty text gives a row of zeros.
        """
        _check_texts(texts)
        if self.needs_fit:
            self._check_fitted()
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        filled = [i for i, text in enumerate(texts) if text.strip()]
        if filled:
            vectors[filled] = unit_rows(self._encode([texts[i] for i in filled], side))
        return vectors

    def encode_items(self, texts: Sequence[str]) -> FloatArray:
        """One row per item text, whose first line is its heading (title).

        With `average_heading` the heading is encoded once more by itself and averaged in, which brings
        long item texts nearer to short queries.
        """
        key = hash(tuple(texts))
        if key not in self._recent:
            vectors = self.encode(texts, "item")
            if self.average_heading:
                headings = [text.partition("\n")[0] for text in texts]
                vectors = unit_rows(vectors + self.encode(headings, "item"))
            vectors.setflags(write=False)  # shared with whoever asks next
            vars(self)["_recent"] = {key: vectors}
        return self._recent[key]

    _recent: ClassVar[dict[int, FloatArray]] = {}  # the last catalogue, which several stages ask for

    def _fit(self, texts: Sequence[str]) -> None:
        """Nothing to learn by default."""

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        vars(self).pop("_recent", None)
        super().set_state(state)

    @abstractmethod
    def _encode(self, texts: Sequence[str], side: Side) -> FloatArray: ...


def _check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise InputError(
            expected="a list of texts", found="a single string", todo="Wrap it: encode([text])."
        )
