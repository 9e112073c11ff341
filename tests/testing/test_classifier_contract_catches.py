"""Each law of classifiers catches one that breaks it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tests.testing.test_contract_catches import failing
from warmstart.core.analysis import terms
from warmstart.roles.classifier import Classifier
from warmstart.tasks.classify.prior import PriorClassifier
from warmstart.testing import classifier_checks


@dataclass(kw_only=True)
class GoodClassifier(Classifier):
    """Counts how often the terms of a text stood in examples of each label.

    The smallest classifier that keeps the contract; the others here break it in one way each.
    """

    smoothing: float = 0.1

    def _fit(self, texts, codes, unlabelled):
        self.counts_: dict[str, list[int]] = {}
        for text, code in zip(texts, codes, strict=True):
            for term in terms(text):
                self.counts_.setdefault(term, [0] * len(self.classes_))[code] += 1

    def _predict(self, texts):
        none = [0] * len(self.classes_)
        rows = [[self.counts_.get(term, none) for term in terms(text)] for text in texts]
        sums = np.array([np.sum(row, axis=0) if row else none for row in rows], dtype=np.float32)
        return sums + self.smoothing


@dataclass(kw_only=True)
class Negative(GoodClassifier):
    """Probabilities below zero."""

    def _predict(self, texts):
        return super()._predict(texts) - 0.5


@dataclass(kw_only=True)
class WholeBatch(GoodClassifier):
    """Centres what it found on the texts asked together."""

    def _predict(self, texts):
        found = super()._predict(texts)
        return found / found.mean(axis=0)


@dataclass(kw_only=True)
class Lending(GoodClassifier):
    """Hands out its own array."""

    def predict_proba(self, texts):
        found = super().predict_proba(texts)
        if "kept" not in vars(self) or len(vars(self)["kept"]) != len(found):
            vars(self)["kept"] = found
        return vars(self)["kept"]


@dataclass(kw_only=True)
class Endless(GoodClassifier):
    """An outlierness that is no number."""

    def _outlierness(self, texts):
        return np.full(len(texts), np.inf)


@dataclass(kw_only=True)
class Lenient(GoodClassifier):
    """Takes whatever it is given."""

    def fit(self, texts, labels, *, unlabelled=(), encoder=None):
        pairs = list(zip(texts, labels, strict=False)) or [("", "")]
        super().fit([*(t for t, _ in pairs), ""], [*(label for _, label in pairs), "other"])
        return self


@dataclass(kw_only=True)
class Forgetful(GoodClassifier):
    """Keeps what it learned under a name that is not saved."""

    def _fit(self, texts, codes, unlabelled):
        super()._fit(texts, codes, unlabelled)
        self.learned = vars(self).pop("counts_")

    def _predict(self, texts):
        vars(self)["counts_"] = self.learned
        try:
            return super()._predict(texts)
        finally:
            del vars(self)["counts_"]


@dataclass(kw_only=True)
class Hoarding(GoodClassifier):
    """Adds the examples of a new fit to those of the one before."""

    hoard: Any = field(default=None, init=False, repr=False, compare=False)

    def _fit(self, texts, codes, unlabelled):
        before = vars(self).get("counts_", {})
        super()._fit(texts, codes, unlabelled)
        size = len(self.classes_)
        for term, counts in before.items():
            own = self.counts_.setdefault(term, [0] * size)
            self.counts_[term] = [n + counts[i % len(counts)] for i, n in enumerate(own)]


def test_the_smallest_good_ones_keep_every_law():
    assert failing(classifier_checks(GoodClassifier)) == set()
    assert failing(classifier_checks(PriorClassifier, reads=False)) == set()


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (Negative, "probabilities_add_up_to_one"),
        (WholeBatch, "one_text_equals_many"),
        (Lending, "the_probabilities_belong_to_the_asker"),
        (Endless, "outlierness_is_a_number_for_each_text"),
        (Lenient, "a_call_that_makes_no_sense_is_refused"),
        (Forgetful, "state_carries_all_that_was_learned"),
        (Hoarding, "a_new_fit_forgets_the_old_one"),
        (PriorClassifier, "unseen_texts_get_the_label_of_their_group"),
    ],
)
def test_each_law_catches_a_classifier_that_breaks_it(broken, law):
    assert law in failing(classifier_checks(broken))


def test_a_classifier_that_ignores_shares_is_caught():
    @dataclass(kw_only=True)
    class Even(PriorClassifier):
        """Equal shares.

        Whatever the examples say.
        """

        def _fit(self, texts, codes, unlabelled):
            self.shares_ = np.full(len(self.classes_), 1 / len(self.classes_), dtype=np.float32)
            self.shares_[-1] += 0.1

    assert "without_a_clue_the_answer_is_the_share_of_labels" in failing(
        classifier_checks(Even, reads=False)
    )
