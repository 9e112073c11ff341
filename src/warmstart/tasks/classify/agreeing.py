"""A few labels on the axes along which texts agree with themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.roles.classifier import Classifier
from warmstart.tasks.classify.agreement import Axes, learn_axes
from warmstart.tasks.classify.labels import name_in, with_names
from warmstart.tasks.classify.linear import softmax
from warmstart.tasks.classify.ngrams import TfIdf, character_pieces
from warmstart.tasks.classify.shrunk import fit_shrunk


@dataclass(kw_only=True)
class AgreementClassifier(Classifier):
    """Logistic regression that trusts the axes along which the clauses of a text agree.

    Who praises the sound in one clause is likely to praise the price in the next, so the direction on
    which neighbouring clauses of unlabelled reviews agree most is, before any label, much of what
    tells praise from complaint (`learn_axes`). A few labels then say which end is which: the weight of an
    axis has a prior standard deviation of `scale` times its agreement to the power of `trust`, so that the
    first axes are open to one example and the others only to many. Each label is taken to be about as
    frequent as the others.

    *When to use*: opinions, moods, registers, in a language that no encoder at hand speaks, with
    thousands of unlabelled texts of several clauses. *When not*: for what stands in one clause, such as
    the intent of a question; there an encoder is far ahead.

    With `label_names` the name of a label counts as one more example, as long as it has at most
    `label_names_up_to`; where the texts are Chinese, English names of opinions such as "Negative" are read
    as their Chinese words. `size` singular directions are kept of pieces that at least `min_texts` texts
    hold. Fitting again on the same unlabelled texts takes their axes from the fit before.

    *Needs* nothing but numpy and scipy. *Cost*: about twenty seconds for 20,000 texts to fit, a
    millisecond to answer.
    """

    size: int = tunable(300, low=32, high=512)
    scale: float = tunable(5.0, low=0.5, high=20.0, log=True)
    trust: float = tunable(2.0, low=0.0, high=4.0)
    label_names: bool = False
    label_names_up_to: int = 8
    min_texts: int = 5
    seed: int = 0

    def _fit(self, texts: Sequence[str], codes: IntArray, unlabelled: Sequence[str]) -> None:
        self._learn_axes(tuple(sorted(unlabelled or texts)))
        if self.label_names:
            names = [name_in(label, texts) for label in self.classes_]
            texts, codes = with_names(texts, codes, names, up_to=self.label_names_up_to)
        scale = self.scale * self.agreement_**self.trust
        self.weights_, self.biases_ = fit_shrunk(self._embed(texts), codes, scale)

    def _learn_axes(self, corpus: tuple[str, ...]) -> None:
        if vars(self).get("_learned") == corpus:
            return
        few = min(self.min_texts, max(1, len(corpus) // 500))
        self._tfidf = TfIdf.learn(corpus, character_pieces, min_texts=few)
        self._take(learn_axes(corpus, self._tfidf, self.size, self.seed))
        self.terms_, self.idf_ = self._tfidf.terms, self._tfidf.idf
        self._learned = corpus

    def _take(self, axes: Axes) -> None:
        self._axes = axes
        self.directions_, self.middle_ = axes.directions, axes.middle
        self.spread_, self.agreement_ = axes.spread, axes.agreement

    def _embed(self, texts: Sequence[str]) -> FloatArray:
        return self._axes.place(self._tfidf.weigh(texts))

    def _predict(self, texts: Sequence[str]) -> FloatArray:
        return softmax(self._embed(texts) @ self.weights_ + self.biases_)

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        vars(self).pop("_learned", None)
        self._tfidf = TfIdf(list(self.terms_), self.idf_, character_pieces)
        self._axes = Axes(self.directions_, self.middle_, self.spread_, self.agreement_)
