"""Text in, probabilities of labels out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from warmstart.core.component import Component, State
from warmstart.core.errors import ConfigError, InputError, NotFittedError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.roles.encoder import Encoder


@dataclass(kw_only=True)
class Classifier(Component, ABC):
    """Learns labels of texts from a few examples each: intents, sentiments, departments of a help desk.

    A label is any string; where it says something (`card_arrival`), a classifier may read it as one more
    example. A new classifier writes `_fit` and `_predict`, and `_outlierness` when it knows better than
    its own lack of confidence which texts belong to no label. What it learns are arrays.
    """

    needs_encoder: ClassVar[bool] = False

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[str],
        *,
        unlabelled: Sequence[str] = (),
        encoder: Encoder | None = None,
    ) -> Self:
        """Learn from labelled texts, one label per text and at least two different ones.

        `unlabelled` are further texts of the same kind, of which a classifier may learn how people write.
        Those that read vectors need a fitted `encoder`; the others ignore it. Errors: `InputError`,
        `ConfigError`.
        """
        _check(texts, labels)
        if self.needs_encoder and encoder is None:
            raise ConfigError(
                expected=f"a fitted encoder for {type(self).__name__}",
                found="none",
                todo="Call fit(texts, labels, encoder=...), with choose_encoder() for example.",
            )
        self.classes_ = tuple(sorted(set(labels)))
        place = {label: i for i, label in enumerate(self.classes_)}
        codes = np.array([place[label] for label in labels], dtype=np.int64)
        self._encoder = encoder
        self._fit(texts, codes, unlabelled)
        return self

    def predict_proba(self, texts: Sequence[str]) -> FloatArray:
        """The probability of each label of `classes_` for each text, shape (texts, labels).

        Rows add up to one. A text in which nothing is known gets what the labels are like on the whole.
        """
        self._check_texts(texts)
        if not len(texts):
            return np.zeros((0, len(self.classes_)), dtype=np.float32)
        found = np.asarray(self._predict(texts), dtype=np.float64)
        probabilities: FloatArray = (found / found.sum(axis=1, keepdims=True)).astype(np.float32)
        return probabilities

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The most probable label of each text; of equally probable ones the first."""
        return [self.classes_[i] for i in self.predict_proba(texts).argmax(axis=1)]

    def outlierness(self, texts: Sequence[str]) -> FloatArray:
        """How little each text belongs to any of the labels, shape (texts,): higher is further out.

        Only the order means something. By default what the most probable label leaves, 1 - max p, the
        baseline of Hendrycks and Gimpel (2017, arXiv 1610.02136).
        """
        self._check_texts(texts)
        if not len(texts):
            return np.zeros(0, dtype=np.float32)
        return np.asarray(self._outlierness(texts), dtype=np.float32)

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded classifier back the encoder that it was fitted with."""
        self._encoder = encoder

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        self.classes_ = tuple(state["classes_"])
        self._encoder = None

    @abstractmethod
    def _fit(self, texts: Sequence[str], codes: IntArray, unlabelled: Sequence[str]) -> None:
        """Learn; `codes` are positions in `classes_`."""

    @abstractmethod
    def _predict(self, texts: Sequence[str]) -> FloatArray:
        """Probabilities, or any numbers above zero in their proportion."""

    def _outlierness(self, texts: Sequence[str]) -> FloatArray:
        unsure: FloatArray = 1.0 - self.predict_proba(texts).max(axis=1)
        return unsure

    def _vectors(self, texts: Sequence[str]) -> FloatArray:
        """The encoder's vectors. Examples and questions are of one kind, so both are read alike."""
        if self._encoder is None:
            raise NotFittedError(f"{type(self).__name__} with its encoder")
        return self._encoder.encode(texts, "item")

    def _check_texts(self, texts: Sequence[str]) -> None:
        self._check_fitted()
        if isinstance(texts, str):
            raise InputError(expected="a list of texts", found="a single string", todo="Wrap it: [text].")


def _check(texts: Sequence[str], labels: Sequence[str]) -> None:
    bare = isinstance(texts, str) or isinstance(labels, str)
    if bare or len(texts) != len(labels):
        raise InputError(
            expected="a list of texts and a list with the label of each",
            found="a single string" if bare else f"{len(texts)} texts and {len(labels)} labels",
            todo="Pass two lists of one length.",
        )
    if len(set(labels)) < 2:
        raise InputError(
            expected="examples of at least two labels",
            found=", ".join(sorted(set(labels))) or "none",
            todo="Add examples of another label; with one there is nothing to tell apart.",
        )
