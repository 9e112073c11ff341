"""Logistic regression on directions found in texts that nobody labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, randomised_svd, unit_rows
from warmstart.core.tunable import tunable
from warmstart.roles.classifier import Classifier
from warmstart.tasks.classify.linear import fit_logistic, softmax
from warmstart.tasks.classify.ngrams import TfIdf, character_pieces


@dataclass(kw_only=True)
class LatentLogisticClassifier(Classifier):
    """Logistic regression on a truncated SVD of character n-grams, learned from unlabelled texts.

    Latent semantic analysis (Deerwester et al., 1990): pieces of words that keep the same company in the
    unlabelled texts come to lie in the same direction, so that a few labels reach words that no example
    holds. Chinese, Japanese and Korean need no word segmentation.

    *When to use*: in a language that no encoder at hand speaks, with thousands of unlabelled texts.
    *When not*: without them; then the directions come from the examples alone.

    `size` directions are kept, at least one per label; 64 was chosen on the dev split of eprstmt_zh, where
    256 were too many for a few examples. Pieces that fewer than `min_texts` texts hold are left out.
    `strength` is the inverse of the regularisation, scikit-learn's C. Fitting again on the same
    unlabelled texts takes their directions from the fit before.

    *Needs* the extra `evaluate` to fit, nothing to answer. *Cost*: about ten seconds for 20,000 texts
    to fit, below a millisecond to answer.
    """

    size: int = tunable(64, low=16, high=512)
    strength: float = tunable(10.0, low=0.1, high=1000.0, log=True)
    min_texts: int = 5
    seed: int = 0

    def _fit(self, texts: Sequence[str], codes: IntArray, unlabelled: Sequence[str]) -> None:
        self._learn_directions(tuple(unlabelled) or tuple(sorted(texts)))
        self.weights_, self.biases_ = fit_logistic(self._embed(texts), codes, self.strength)

    def _learn_directions(self, corpus: tuple[str, ...]) -> None:
        size = max(self.size, len(self.classes_))
        if vars(self).get("_learned") == (corpus, size):
            return
        few = min(self.min_texts, max(1, len(corpus) // 500))
        self._tfidf = TfIdf.learn(corpus, character_pieces, min_texts=few)
        rows = self._tfidf.weigh(corpus)
        self.directions_: FloatArray = randomised_svd(rows, size, seed=self.seed, iterations=2)[2].T
        self.terms_, self.idf_ = self._tfidf.terms, self._tfidf.idf
        self._learned = (corpus, size)

    def _embed(self, texts: Sequence[str]) -> FloatArray:
        return unit_rows(np.asarray(self._tfidf.weigh(texts) @ self.directions_))

    def _predict(self, texts: Sequence[str]) -> FloatArray:
        return softmax(self._embed(texts) @ self.weights_ + self.biases_)

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        vars(self).pop("_learned", None)
        self._tfidf = TfIdf(list(self.terms_), self.idf_, character_pieces)
