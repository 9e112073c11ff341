"""What the labels are like on the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from warmstart.core.linear import FloatArray, IntArray
from warmstart.roles.classifier import Classifier


@dataclass(kw_only=True)
class PriorClassifier(Classifier):
    """The share of each label among the examples, whatever the text says.

    *When to use*: as the line that every other classifier has to be above; with equally many examples
    of each label it is chance. *When not*: to answer anybody.

    *Needs* nothing. *Cost*: none.

    >>> PriorClassifier().fit(["a", "b", "c"], ["x", "y", "y"]).predict_proba(["d"]).round(2).tolist()
    [[0.33000001311302185, 0.6700000166893005]]
    """

    def _fit(self, texts: Sequence[str], codes: IntArray, unlabelled: Sequence[str]) -> None:
        self.shares_: FloatArray = (np.bincount(codes) / len(codes)).astype(np.float32)

    def _predict(self, texts: Sequence[str]) -> FloatArray:
        return np.tile(self.shares_, (len(texts), 1))
