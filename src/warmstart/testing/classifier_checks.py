"""The laws of classifiers."""

from __future__ import annotations

import numpy as np

from warmstart.testing.component_checks import refused, same
from warmstart.testing.trials import ClassifierTrial

_ODD = [
    "",
    " \n",
    "tent 帐篷 wi-fi",
    "ＴＥＮＴ",
    "☂",
    "帐" * 600,
    "tent " * 2_000,
    "\ud800 half a character",
]


def probabilities_add_up_to_one(trial: ClassifierTrial) -> None:
    """Float32 rows, a column per label in the order of `classes_`, also for odd texts; no text, no row."""
    fitted, texts = trial.fitted, [*trial.toy.texts, *_ODD]
    found = fitted.predict_proba(texts)
    if found.dtype != np.float32 or found.shape != (len(texts), len(fitted.classes_)):
        raise AssertionError(f"{found.dtype} of shape {found.shape}")
    if (found < 0).any():
        raise AssertionError("probabilities below zero")
    same(found.sum(axis=1), np.ones(len(texts)))
    if fitted.predict_proba([]).shape != (0, len(fitted.classes_)) or len(fitted.outlierness([])):
        raise AssertionError("no texts must give no rows")
    if fitted.classes_ != tuple(sorted(set(trial.labels))):
        raise AssertionError(f"classes_ should be the sorted labels, found {fitted.classes_}")


def outlierness_is_a_number_for_each_text(trial: ClassifierTrial) -> None:
    """Also for odd texts and for those that belong to no label."""
    found = trial.fitted.outlierness([*trial.toy.texts, *_ODD])
    if found.dtype != np.float32 or found.shape != (len(trial.toy.texts) + len(_ODD),):
        raise AssertionError(f"{found.dtype} of shape {found.shape}")
    if not np.isfinite(found).all():
        raise AssertionError(f"not finite: {found}")


def one_text_equals_many(trial: ClassifierTrial) -> None:
    """The answer to a text does not depend on the texts beside it."""
    texts = [*trial.toy.texts, *_ODD]
    for ask in (trial.fitted.predict_proba, trial.fitted.outlierness):
        same(np.concatenate([ask([text]) for text in texts]), ask(texts))


def the_probabilities_belong_to_the_asker(trial: ClassifierTrial) -> None:
    """Writing into them changes no later answer."""
    classifier = trial.fit(trial.factory())
    found = classifier.predict_proba(trial.toy.texts)
    kept = found.copy()
    found[:] = 7
    same(classifier.predict_proba(trial.toy.texts), kept, exactly=True)


def a_call_that_makes_no_sense_is_refused(trial: ClassifierTrial) -> None:
    """Bare strings, lists of different lengths, fewer than two labels, and asking before fit."""
    fit, encoder = trial.factory().fit, trial.encoder
    refused(
        lambda: fit("tent", ["a"], encoder=encoder),
        lambda: fit(["tent", "stove"], ["a"], encoder=encoder),
        lambda: fit(["tent", "stove"], ["a", "a"], encoder=encoder),
        lambda: fit([], [], encoder=encoder),
        lambda: trial.fitted.predict_proba("tent"),
        lambda: trial.factory().predict_proba(["tent"]),
    )


def unseen_texts_get_the_label_of_their_group(trial: ClassifierTrial) -> None:
    """Fitted on half of the toy shop, nine of ten of the other half are told right."""
    texts, labels = trial.toy.texts, trial.labels
    fitted = trial.factory().fit(texts[::2], labels[::2], unlabelled=texts, encoder=trial.encoder)
    right = np.mean([a == b for a, b in zip(fitted.predict(texts[1::2]), labels[1::2], strict=True)])
    if right < 0.9:
        raise AssertionError(f"only {right:.0%} are told right")


def without_a_clue_the_answer_is_the_share_of_labels(trial: ClassifierTrial) -> None:
    """With three examples of one label for each of the other, the first is the likelier one."""
    labels = ["rare" if i % 4 == 0 else "frequent" for i in range(len(trial.labels))]
    fitted = trial.factory().fit(trial.toy.texts, labels, encoder=trial.encoder)
    if fitted.predict([""]) != ["frequent"]:
        raise AssertionError("an empty text should get the frequent label")
