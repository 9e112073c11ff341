"""Several labels, or a number, told of texts by a tuned model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from warmstart.adapt.supervised.examples import Augment, Examples
from warmstart.adapt.supervised.fine_tuner import FineTuner
from warmstart.adapt.supervised.targets import Labels, Values, choose_thresholds
from warmstart.adapt.supervised.tuned import Tuned
from warmstart.core.component import State
from warmstart.core.errors import InputError
from warmstart.core.linear import FloatArray


@dataclass(kw_only=True)
class _TextModel(FineTuner):
    """One tuned network, kept as arrays."""

    @property
    def tuned(self) -> Tuned:
        """The tuned network; one that was loaded makes it at first use. Errors: `ArtifactError`."""
        self._check_fitted()
        if "_tuned" not in vars(self):
            self._tuned = self.revive(vars(self)["network_"])
        return self._tuned

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        vars(self).pop("_tuned", None)
        super().set_state(state)

    def _keep(self, tuned: Tuned) -> None:
        self._tuned, self.network_ = tuned, tuned.get_state()


@dataclass(kw_only=True)
class MultiLabelTagger(_TextModel):
    """Tells any number of labels of each text: tags, categories, complaints that concern several things.

    The settings of `FineTuner`; a sigmoid for each label, binary cross-entropy. A label is given from the
    probability on that was best for its F1 on held-out texts, one half where nothing was held back or
    none of them had it. *Needs* the extra `lm`, most methods `adapt`.
    """

    def fit(
        self, texts: Sequence[str], labels: Sequence[Sequence[str]], *, augment: Augment | None = None
    ) -> Self:
        """Learn from texts and the labels of each, which may be none. Errors: `InputError`."""
        self.classes_ = tuple(sorted({label for own in labels for label in own}))
        if not self.classes_ or len(texts) != len(labels):
            raise InputError(
                expected="a list of labels for each text, some of them not empty",
                found=f"{len(texts)} texts, {len(labels)} lists, {len(self.classes_)} labels",
                todo="Pass two lists of one length.",
            )
        known = [set(own) for own in labels]
        wanted = np.array([[label in own for label in self.classes_] for own in known], dtype=np.float32)
        examples, target = Examples.of(texts, wanted), Labels(width=len(self.classes_))
        tuned = self.tune(examples, target, augment=augment)
        self._keep(tuned)
        said, right = tuned.judged or (wanted[:0], wanted[:0])
        self.thresholds_ = choose_thresholds(target.answers(said), right)
        return self

    def predict_proba(self, texts: Sequence[str]) -> FloatArray:
        """The probability of each label of `classes_`, shape (texts, labels)."""
        return Labels(width=len(self.classes_)).answers(self.tuned.told(texts))

    def predict(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """The labels of each text, the likeliest first."""
        found = []
        for row in self.predict_proba(texts):
            given = np.flatnonzero(row >= self.thresholds_)
            found.append(tuple(self.classes_[i] for i in given[np.argsort(-row[given], kind="stable")]))
        return found


@dataclass(kw_only=True)
class TextRegressor(_TextModel):
    """Tells a number of each text: the rating that an item will get, the pieces that it will sell.

    The settings of `FineTuner`; squared error on standardised numbers. Take logarithms of sales first, and
    say what each number rests on in `weights` (ratings, days on sale).
    *Needs* the extra `lm`, most methods `adapt`.
    """

    def fit(
        self,
        texts: Sequence[str],
        values: Sequence[float],
        *,
        weights: Sequence[float] | None = None,
        augment: Augment | None = None,
    ) -> Self:
        """Learn from texts and their numbers. Errors: `InputError` without finite numbers."""
        numbers = np.asarray(values, dtype=np.float64)
        counted = np.ones(len(numbers)) if weights is None else np.asarray(weights, dtype=np.float64)
        if not len(numbers) or not np.isfinite(numbers).all():
            raise InputError(
                expected="a finite number for each text",
                found=f"{len(numbers)} numbers, {int((~np.isfinite(numbers)).sum())} of them not finite",
                todo="Leave out texts whose number is not known.",
            )
        mean = float(np.average(numbers, weights=counted))
        spread = float(np.sqrt(np.average((numbers - mean) ** 2, weights=counted))) or 1.0
        wanted = ((numbers - mean) / spread).astype(np.float32)[:, None]
        scaled = (counted / counted.mean()).astype(np.float32)
        self.mean_, self.spread_ = mean, spread
        self._keep(self.tune(Examples.of(texts, wanted, scaled), Values(width=1), augment=augment))
        return self

    def predict(self, texts: Sequence[str]) -> FloatArray:
        """A number for each text, shape (texts,)."""
        found: FloatArray = (self.tuned.told(texts)[:, 0] * self.spread_ + self.mean_).astype(np.float32)
        return found
