"""A table of word vectors: what a language model knows, at the price of a look-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from warmstart.core.analysis import terms
from warmstart.core.component import State
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import FloatArray
from warmstart.core.progress import track
from warmstart.core.vocabulary import Vocabulary, count_terms
from warmstart.encoders import model_folder
from warmstart.encoders.distil import distil_table, inverse_frequency_weights
from warmstart.encoders.segmenters import MAX_CHARACTERS, WordSegmenter, segmenter_from
from warmstart.encoders.static_folder import StaticTable, find_table, read_table, write_table
from warmstart.roles.encoder import Encoder, Side

_WANTED = ("*.json", "*.safetensors")
_CHUNK = 1024


@dataclass(kw_only=True)
class StaticEncoder(Encoder):
    """Gives a text the weighted sum of its words' vectors.

    Three ways to get one:

    - `StaticEncoder(teacher="onnx:/models/minilm").fit(texts)` distils a pretrained encoder onto the
      shop's own words: the teacher reads each word of the catalogue and up to `max_texts` of its texts
      once; afterwards neither the teacher nor any package beside the required ones is needed.
    - `StaticEncoder(model="minishlab/potion-base-8M")` reads a model2vec folder or Hub name (extra
      `onnx` for its tokenizer). `fit(texts)` then weighs its words by how rare they are in the
      catalogue; `adapt=False` leaves it as it is.
    - `distil(encoder, texts)` with an encoder that is already at hand.

    *When to use*: when items or queries are too many for a transformer, or a query must cost well under
    a millisecond. *When not*: where word order or rare paraphrase decides; there the teacher is better.

    The first line of each text that `fit` gets is its heading. `size` is the length of the vectors at
    most, `max_terms` the number of words at most, the most frequent first. `smoothing` is the share of
    all words at which a word's weight is one half; `ridge` says how firmly words stay where the
    teacher's reading of them alone puts them. `seed` draws the texts for the teacher.

    *Cost*: see docs/how-to/encoders.md. *Source*: `encoders.distil`.
    """

    average_heading: ClassVar[bool] = True

    model: str = ""
    revision: str | None = None
    teacher: str = ""
    adapt: bool = True
    size: int = 256
    max_terms: int = 60_000
    max_texts: int = 20_000
    smoothing: float = 3e-3
    ridge: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model and self.teacher:
            raise ConfigError(
                expected="either 'model', a table to read, or 'teacher', an encoder to distil",
                found="both",
                todo="Leave one of them out.",
            )

    @property
    def dim(self) -> int:
        """Length of the vectors: `size`, or what the table that was read has."""
        self._load()
        return int(self.table_.shape[1])

    def write(self, folder: Path) -> None:
        """Write the table as a folder that `StaticEncoder(model=folder)` reads.

        A table with a tokenizer is written in model2vec's format.
        """
        self._load()
        write_table(folder, StaticTable(self._segmenter, self.table_, self.weights_))

    def learn_from(self, encoder: Encoder, texts: Sequence[str]) -> Self:
        """Distil `encoder` onto the words of `texts`; see `distil`."""
        segmenter = WordSegmenter(_frequent_terms(texts, self.max_terms))
        chosen = self._sample(texts)
        table, weights = distil_table(
            segmenter.count_known(chosen),
            segmenter.count_known([_heading(text) for text in chosen]),
            _read_by(encoder, segmenter.units(), "the teacher reads the words"),
            _read_by(encoder, chosen, "the teacher reads the texts"),
            size=self.size,
            smoothing=self.smoothing,
            ridge=self.ridge,
        )
        self._take(StaticTable(segmenter, table, weights))
        return self

    def _fit(self, texts: Sequence[str]) -> None:
        if self.teacher:
            from warmstart.encoders.auto import choose_encoder

            encoder, _ = choose_encoder(self.teacher)
            self.learn_from(encoder, texts)
            return
        if self.model:
            self._forget()  # so that fitting twice adapts the pretrained table, not the adapted one
        self._load()
        if self.adapt and any(text.strip() for text in texts):
            counts = self._segmenter.count(self._sample(texts))
            weights = inverse_frequency_weights(counts, self.smoothing)
            self._take(StaticTable(self._segmenter, self.table_, weights))

    def _encode(self, texts: Sequence[str], side: Side) -> FloatArray:
        del side  # queries and items share the table
        self._load()
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), _CHUNK):
            counts = self._segmenter.count(texts[start : start + _CHUNK])
            counts.data *= self.weights_[counts.indices]
            vectors[start : start + _CHUNK] = counts @ self.table_
        return vectors

    def _sample(self, texts: Sequence[str]) -> list[str]:
        """At most `max_texts` texts that say something, in their order."""
        filled = [text for text in texts if text.strip()]
        if len(filled) <= self.max_texts:
            return filled
        picked = np.random.default_rng(self.seed).choice(len(filled), self.max_texts, replace=False)
        return [filled[i] for i in np.sort(picked)]

    def _load(self) -> None:
        if self.is_fitted:
            return
        if not self.model:
            raise ConfigError(
                expected="a StaticEncoder with a table",
                found="none: 'model' is empty and nothing was fitted",
                todo="Set 'model' to a folder, or 'teacher' and call fit(texts), or load a saved one.",
            )
        folder = model_folder.find_model(
            self.model, self.revision, _WANTED, lambda folder: find_table(folder) is not None
        )
        self._take(read_table(folder))

    def _take(self, table: StaticTable) -> None:
        vars(self).pop("_recent", None)  # the catalogue's vectors of the table before
        self._segmenter = table.segmenter
        self.table_, self.weights_ = table.vectors, table.weights

    def _forget(self) -> None:
        for name in ("table_", "weights_"):
            vars(self).pop(name, None)

    def get_state(self) -> State:
        """The table, the weights, and what finds words in texts; nothing before there is a table."""
        if not (self.model or self.is_fitted):
            return {}
        self._load()
        return super().get_state() | {"segmenter": self._segmenter.state()}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        own = dict(state)
        if "segmenter" in own:
            self._segmenter = segmenter_from(own.pop("segmenter"))
        super().set_state(own)


def distil(encoder: Encoder, texts: Sequence[str], *, size: int = 256, **settings: float) -> StaticEncoder:
    """A `StaticEncoder` that has learned from `encoder` what the words of `texts` mean.

    `texts` are those of the catalogue, the first line of each its heading. The teacher reads every word
    once and at most `max_texts` of the texts. Other `settings` are fields of `StaticEncoder`.
    """
    return StaticEncoder.from_settings({"size": size, **settings}).learn_from(encoder, texts)


def _frequent_terms(texts: Sequence[str], n: int) -> list[str]:
    """The `n` terms that stand in the most texts, in the order in which they were met."""
    vocabulary = Vocabulary()
    in_texts = np.zeros(0, dtype=np.int64)
    for start in range(0, len(texts), _CHUNK):
        documents = [terms(text[:MAX_CHARACTERS]) for text in texts[start : start + _CHUNK]]
        counts = count_terms(documents, vocabulary, grow=True)
        in_texts = np.pad(in_texts, (0, len(vocabulary) - len(in_texts)))
        in_texts += np.bincount(counts.indices, minlength=len(vocabulary))
    if not len(vocabulary):
        raise InputError(
            expected="texts with some words",
            found=f"{len(texts)} texts without any",
            todo="Give the items titles.",
        )
    kept = np.sort(np.argsort(-in_texts, kind="stable")[:n])
    names = vocabulary.as_list()
    return [names[i] for i in kept]


def _heading(text: str) -> str:
    return text.partition("\n")[0]


def _read_by(encoder: Encoder, texts: Sequence[str], what: str) -> FloatArray:
    starts = range(0, len(texts), _CHUNK)
    return np.vstack(
        [encoder.encode(texts[i : i + _CHUNK]) for i in track(starts, what, total=len(starts))]
        or [np.empty((0, encoder.dim), dtype=np.float32)]
    )
