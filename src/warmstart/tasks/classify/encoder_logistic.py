"""Logistic regression on the vectors of a frozen encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.roles.classifier import Classifier
from warmstart.tasks.classify.labels import with_names
from warmstart.tasks.classify.linear import fit_logistic, softmax


@dataclass(kw_only=True)
class EncoderLogisticClassifier(Classifier):
    """Logistic regression on the vectors of an encoder that stays as it is.

    With a pretrained encoder this is the plain few-shot baseline of Tunstall et al. (2022, SetFit, arXiv
    2209.11055) and of Muennighoff et al. (2023, MTEB, arXiv 2210.07316).

    *When to use*: from the first example of each label on, where the encoder speaks the language. *When
    not*: where it does not; an English encoder is near chance on Chinese.

    With `label_names` the name of a label counts as one more example of it, as long as it has at most
    `label_names_up_to`; that helps where names are words, most where examples are fewest. `strength` is
    the inverse of the regularisation, scikit-learn's C.

    *Needs* an encoder, and the extra `evaluate` to fit. *Cost*: seconds to fit; to answer, the encoder.
    """

    needs_encoder: ClassVar[bool] = True

    strength: float = tunable(10.0, low=0.1, high=1000.0, log=True)
    label_names: bool = False
    label_names_up_to: int = 8

    def _fit(self, texts: Sequence[str], codes: IntArray, unlabelled: Sequence[str]) -> None:
        if self.label_names:
            texts, codes = with_names(texts, codes, self.classes_, up_to=self.label_names_up_to)
        self.weights_, self.biases_ = fit_logistic(self._vectors(texts), codes, self.strength)

    def _predict(self, texts: Sequence[str]) -> FloatArray:
        return softmax(self._vectors(texts) @ self.weights_ + self.biases_)
