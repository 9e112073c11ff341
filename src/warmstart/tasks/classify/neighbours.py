"""Few labels on vectors that lean on the unlabelled texts around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, unit_rows
from warmstart.core.tunable import tunable
from warmstart.roles.classifier import Classifier
from warmstart.tasks.classify.kernel import best_sharpness, fit_ridge, sharpened
from warmstart.tasks.classify.labels import name_in, with_names
from warmstart.tasks.classify.linear import softmax
from warmstart.tasks.classify.ngrams import TfIdf, word_ngrams
from warmstart.tasks.classify.surroundings import cluster_sums, drawn_to_neighbours, own_weight

_CLUSTER_SHARPNESS: Final = 20.0
_TYPICAL: Final = (3.5, 2.3)
"""The power of scores that makes probabilities, without and with unlabelled texts."""


@dataclass(kw_only=True)
class NeighbourClassifier(Classifier):
    """Kernel ridge regression on an encoder's vectors, helped by unlabelled texts and by words.

    Where there are `unlabelled` texts, each vector first leans on its `neighbours` nearest among them
    (`drawn_to_neighbours`), `pull` times as much as on itself; and means of examples that gathered the
    unlabelled texts like them add `clusters` times their opinion (`cluster_sums`), less in proportion
    where there are more than two examples of each label. The kernel
    is exp((cosine - 1) / `width`) plus `words` times the likeness of word pairs, for a name or a number
    that the encoder does not see. Probabilities are sharpened so that answers to examples left out, which
    cost nothing here, are most likely; a text is outside of every label as far as it is unlike every mean.

    *When to use*: first, wherever an encoder speaks the language; unlabelled texts of the same kind are
    worth several examples of each label. *When not*: without an encoder for the language.

    With `label_names` the name of a label counts as one more example, as long as it has at most
    `label_names_up_to`. `noise` is the ridge. Of more than `most` examples, `most` carry the kernel; of
    more than `most_unlabelled` unlabelled texts as many are kept. Settings were chosen on training texts
    of banking77 and clinc150.

    *Needs* an encoder. *Cost*: seconds to fit; to answer, the encoder and a product with the kept texts.
    """

    needs_encoder: ClassVar[bool] = True

    width: float = tunable(0.4, low=0.1, high=1.0, log=True)
    words: float = tunable(0.1, low=0.0, high=0.5)
    noise: float = tunable(0.2, low=0.01, high=2.0, log=True)
    neighbours: int = tunable(30, low=5, high=100)
    pull: float = tunable(3.0, low=0.0, high=6.0)
    clusters: float = tunable(0.3, low=0.0, high=1.0)
    label_names: bool = False
    label_names_up_to: int = 8
    most: int = 2000
    most_unlabelled: int = 6000

    def _fit(self, texts: Sequence[str], codes: IntArray, unlabelled: Sequence[str]) -> None:
        if self.label_names:
            names = [name_in(label, texts) for label in self.classes_]
            texts, codes = with_names(texts, codes, names, up_to=self.label_names_up_to)
        order = sorted(range(len(texts)), key=lambda i: (int(codes[i]), texts[i]))
        texts, codes = [texts[i] for i in order], codes[order]
        self.pool_ = self._kept(unlabelled)
        self._tfidf = TfIdf.learn(texts, word_ngrams)
        self.terms_, self.idf_ = self._tfidf.terms, self._tfidf.idf
        vectors = unit_rows(self._vectors(texts))
        self._fit_kernel(texts, vectors, codes)
        self._fit_clusters(vectors, codes)

    def _kept(self, unlabelled: Sequence[str]) -> FloatArray:
        """Vectors of the unlabelled texts, each once, in an order that is theirs alone."""
        different = sorted(set(unlabelled))
        if not different:
            return np.zeros((0, 0), dtype=np.float32)
        return unit_rows(
            self._vectors([different[i] for i in _spaced(len(different), self.most_unlabelled)])
        )

    def _fit_kernel(self, texts: Sequence[str], vectors: FloatArray, codes: IntArray) -> None:
        landmarks = _spaced(len(texts), self.most)
        drawn, words = self._drawn(vectors), self._tfidf.weigh(texts)
        self.landmarks_: FloatArray = drawn[landmarks]
        self.landmark_words_: Any = words[landmarks]
        ridge = fit_ridge(self._kernel(drawn, words), landmarks, codes, self.noise)
        self.coefficients_, self._left_out = ridge.coefficients, ridge.left_out

    def _fit_clusters(self, vectors: FloatArray, codes: IntArray) -> None:
        sums = cluster_sums(vectors, codes, self.pool_, len(self.classes_))
        self.prototypes_: FloatArray = unit_rows(sums)
        self.share_ = self.clusters * min(1.0, 2.0 * len(self.classes_) / len(codes))
        cosines = vectors @ self.prototypes_.T
        rest = unit_rows(sums[codes] - own_weight() * vectors)  # an example must not speak for itself
        cosines[np.arange(len(codes)), codes] = np.einsum("nd,nd->n", vectors, rest)
        scores = self._mixed(vars(self).pop("_left_out"), cosines)
        self.sharpness_ = best_sharpness(scores, codes, _TYPICAL[len(self.pool_) > 0])

    def _drawn(self, vectors: FloatArray) -> FloatArray:
        return drawn_to_neighbours(vectors, self.pool_, self.neighbours, self.pull)

    def _kernel(self, drawn: FloatArray, words: Any) -> FloatArray:
        likeness = np.exp((drawn @ self.landmarks_.T - 1.0) / self.width)
        kernel: FloatArray = likeness + self.words * (words @ self.landmark_words_.T).toarray()
        return kernel

    def _mixed(self, scores: FloatArray, cosines: FloatArray) -> FloatArray:
        """The scores, and the opinion of the clusters where unlabelled texts made some."""
        if not len(self.pool_):
            return scores
        mixed: FloatArray = scores + self.share_ * softmax(_CLUSTER_SHARPNESS * cosines)
        return mixed

    def _predict(self, texts: Sequence[str]) -> FloatArray:
        vectors = unit_rows(self._vectors(texts))
        scores = self._kernel(self._drawn(vectors), self._tfidf.weigh(texts)) @ self.coefficients_
        return sharpened(self._mixed(scores, vectors @ self.prototypes_.T), self.sharpness_)

    def _outlierness(self, texts: Sequence[str]) -> FloatArray:
        distance: FloatArray = 1.0 - (unit_rows(self._vectors(texts)) @ self.prototypes_.T).max(axis=1)
        return distance

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        self._tfidf = TfIdf(list(self.terms_), self.idf_, word_ngrams)


def _spaced(n: int, most: int) -> IntArray:
    """At most `most` of n positions, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))
