"""A language model fine-tuned on the examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from warmstart.adapt.supervised.examples import Augment, Examples
from warmstart.adapt.supervised.fine_tuner import FineTuner
from warmstart.adapt.supervised.targets import Classes, balanced_weights, one_hot
from warmstart.adapt.supervised.tuned import Tuned
from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray
from warmstart.roles.classifier import Classifier
from warmstart.tasks.classify.labels import with_names


@dataclass(kw_only=True)
class FineTunedClassifier(FineTuner, Classifier):
    """A pretrained encoder tuned on the examples, with a softmax head that starts as logistic regression.

    *When to use*: see docs/how-to/fine-tune.md, which measures every method against doing nothing. *When
    not*: where `encoder-logistic` has not been tried first; it costs a thousandth.

    The settings of `FineTuner`, and: with `label_names` the name of a label counts as one more example
    while it has at most `label_names_up_to`; `balance` (0 to 1) lifts rare labels, counting examples in
    proportion to count ** -balance; `members` networks with seeds of their own answer together, by the
    mean of their probabilities. With few labels per class nothing can be held back, and tuning may lose
    against the frozen model; from about five per class on it is kept only where it won on held-out texts.

    *Needs* the extra `lm`, most methods `adapt`. *Cost*: minutes on a CPU to fit; to answer, the network.
    """

    label_names: bool = False
    label_names_up_to: int = 8
    balance: float = 0.0
    members: int = 1

    def use_augment(self, augment: Augment | None) -> None:
        """Let examples be read in other forms while training (`Augment`). Call before `fit`."""
        self._augment = augment

    @property
    def tuned(self) -> list[Tuned]:
        """The tuned networks; one that was loaded makes them at first use. Errors: `ArtifactError`."""
        self._check_fitted()
        if "_tuned" not in vars(self):
            self._tuned = [self.revive(state) for state in self.members_]
        return self._tuned

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        vars(self).pop("_tuned", None)
        super().set_state(state)

    def _fit(self, texts: Sequence[str], codes: IntArray, unlabelled: Sequence[str]) -> None:
        order, self.columns_ = canonical(texts, codes)
        place, width = np.argsort(self.columns_), len(self.classes_)
        wanted = one_hot(place[codes], width)
        counted = balanced_weights(wanted, self.balance)
        examples = Examples.of([texts[i] for i in order], wanted[order], counted[order])
        extra = self._names(codes, place) if self.label_names else None
        found = [
            self.tune(
                examples,
                Classes(width=width),
                extra=extra,
                augment=vars(self).get("_augment"),
                member=member,
                members=self.members,
            )
            for member in range(self.members)
        ]
        self.members_ = [tuned.get_state() for tuned in found]
        self._tuned = found

    def _names(self, codes: IntArray, place: IntArray) -> Examples:
        """The names of labels with few examples, as examples."""
        names, named = with_names([], codes, self.classes_, up_to=self.label_names_up_to)
        return Examples.of(names, one_hot(place[named[len(codes) :]], len(self.classes_)))

    def _predict(self, texts: Sequence[str]) -> FloatArray:
        answers = Classes(width=len(self.classes_)).answers
        said = np.mean([answers(tuned.told(texts)) for tuned in self.tuned], axis=0)
        found: FloatArray = said[:, np.argsort(self.columns_)]
        return found


def canonical(texts: Sequence[str], codes: IntArray) -> tuple[list[int], IntArray]:
    """An order of examples and of classes that depends on the texts alone, for names are only names.

    The second part has, for each class in that order, its code.

    >>> canonical(["b", "a", "c"], np.array([1, 2, 0]))
    ([1, 0, 2], array([2, 1, 0]))
    """
    order = sorted(range(len(texts)), key=lambda i: (texts[i], int(codes[i])))
    known, first = np.unique(codes[order], return_index=True)
    return order, known[np.argsort(first)]
