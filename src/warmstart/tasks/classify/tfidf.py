"""Logistic regression on the words themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.roles.classifier import Classifier
from warmstart.tasks.classify.linear import fit_logistic, softmax
from warmstart.tasks.classify.ngrams import TermCounts, TfIdf, word_ngrams


@dataclass(kw_only=True)
class TfIdfLogisticClassifier(Classifier):
    """Logistic regression on tf-idf of words and word pairs, for Chinese of one to three characters.

    *When to use*: as the baseline without a language model (Wang and Manning, 2012, found it hard to
    beat on snippets), and with hundreds of examples per label. *When not*: with a handful of examples,
    for a word that no example holds says nothing to it.

    `strength` is the inverse of the regularisation, scikit-learn's C. Unlabelled texts make the weights
    of rare and common words more certain; words of theirs alone are not taken in.

    *Needs* the extra `evaluate` to fit, nothing to answer. *Cost*: seconds to fit, far below a
    millisecond to answer.
    """

    strength: float = tunable(10.0, low=0.1, high=1000.0, log=True)

    def _fit(self, texts: Sequence[str], codes: IntArray, unlabelled: Sequence[str]) -> None:
        own = TfIdf.learn(texts, word_ngrams, others=self._counted(tuple(unlabelled)))
        self.weights_, self.biases_ = fit_logistic(own.weigh(texts), codes, self.strength)
        self.terms_, self.idf_, self._tfidf = own.terms, own.idf, own

    def _counted(self, unlabelled: tuple[str, ...]) -> TermCounts:
        """Counts of the unlabelled texts, from the fit before where that saw the same ones."""
        if vars(self).get("_unlabelled") != unlabelled:
            self._unlabelled, self._counts = unlabelled, TermCounts.of(unlabelled, word_ngrams)
        return self._counts

    def _predict(self, texts: Sequence[str]) -> FloatArray:
        return softmax(self._tfidf.weigh(texts) @ self.weights_ + self.biases_)

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        self._tfidf = TfIdf(list(self.terms_), self.idf_, word_ngrams)
