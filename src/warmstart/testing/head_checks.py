"""The laws of few-shot heads: exact evidence, answers that add up, and the right neighbours."""

from __future__ import annotations

import numpy as np

from warmstart.roles.few_shot_head import Belief, Evidence, Values
from warmstart.testing.component_checks import refused, same
from warmstart.testing.trials import HeadTrial


def a_liking_reaches_the_group(trial: HeadTrial) -> None:
    """One item liked: the rest of its group is expected to be liked more than the other group."""
    vectors = trial.vectors
    for group in (0, 1):
        own = np.flatnonzero(trial.toy.groups == group)
        mean, _ = trial.fitted.belief(Evidence.of(vectors[own[:1]], [1.0])).predict(vectors)
        lowest, highest = mean[own[1:]].min(), mean[trial.toy.groups != group].max()
        if not lowest > highest:
            raise AssertionError(f"the right items get {mean[own]}, others up to {highest}")


def forgetting_is_never_having_seen(trial: HeadTrial) -> None:
    """To the last bit, wherever the example stands, and whatever comes before or after."""
    for evidence in trial.evidence:
        belief = trial.fitted.belief(evidence)
        before = _answers(belief, trial)
        row = trial.vectors[7]
        more = belief.update(row, 1.0, 0.5)
        _equal(_answers(more.forget(row, 1.0, 0.5), trial), before)
        later = more.update(trial.vectors[3], 0.0).forget(row, 1.0, 0.5)
        _equal(_answers(later, trial), _answers(belief.update(trial.vectors[3], 0.0), trial))


def the_order_of_evidence_does_not_matter(trial: HeadTrial) -> None:
    """Batch equals incremental, forwards and backwards, to the last bit."""
    for evidence in trial.evidence:
        expected = _answers(trial.fitted.belief(evidence), trial)
        for order in (range(len(evidence)), reversed(range(len(evidence)))):
            belief = trial.fitted.belief()
            for i in order:
                belief = belief.update(evidence.vectors[i], evidence.targets[i], evidence.weights[i])
            _equal(_answers(belief, trial), expected)


def merging_is_the_sum_of_evidence(trial: HeadTrial) -> None:
    """Two beliefs of one subject make the belief after all of it, whichever is merged into which."""
    one, other = (trial.fitted.belief(evidence) for evidence in trial.evidence[-2:])
    expected = _answers(trial.fitted.belief(one.evidence.joined(other.evidence)), trial)
    _equal(_answers(one.merge(other), trial), expected)
    _equal(_answers(other.merge(one), trial), expected)
    _equal(_answers(one.merge(trial.fitted.belief()), trial), _answers(one, trial))


def contributions_add_up_to_the_mean(trial: HeadTrial) -> None:
    """A column for the prior and one per example, and rows whose sum is the mean."""
    for evidence in trial.evidence:
        belief = trial.fitted.belief(evidence)
        parts, mean = belief.contributions(trial.vectors), belief.predict(trial.vectors)[0]
        if parts.shape != (len(trial.vectors), 1 + len(evidence)):
            raise AssertionError(f"{parts.shape} for {len(evidence)} examples")
        np.testing.assert_allclose(parts.sum(axis=1), mean, rtol=1e-7, atol=1e-9)


def the_variance_is_honest(trial: HeadTrial) -> None:
    """A head that promises one gives numbers that fall with evidence; the others say NaN."""
    belief = trial.fitted.belief()
    before = belief.predict(trial.vectors)[1]
    after = belief.update(trial.vectors[0], 1.0).predict(trial.vectors)[1]
    if not trial.fitted.has_variance:
        if not (np.isnan(before).all() and np.isnan(after).all()):
            raise AssertionError("has_variance is False, but a variance was given")
        return
    if (after < 0).any() or (after > before + 1e-12).any() or not after[0] < before[0]:
        raise AssertionError(f"before {before}, after an example {after}")


def one_vector_equals_many(trial: HeadTrial) -> None:
    """The answer for a vector does not depend on the vectors beside it; none give none."""
    for evidence in trial.evidence:
        belief = trial.fitted.belief(evidence)
        mean, variance = belief.predict(trial.vectors)
        singles = [belief.predict(row[None]) for row in trial.vectors]
        same(np.concatenate([one for one, _ in singles]), mean)
        same(np.concatenate([one for _, one in singles]), variance)
        if len(belief.predict(trial.vectors[:0])[0]):
            raise AssertionError("no vector must give no answer")


def examples_that_make_no_sense_are_refused(trial: HeadTrial) -> None:
    """Wrong lengths, numbers that are none, weights of zero, what was never seen, and no tasks."""
    belief, row = trial.fitted.belief(), trial.vectors[0]
    other = trial.fit(trial.factory())
    refused(
        lambda: belief.update(row[:-1], 1.0),
        lambda: belief.update(row * np.nan, 1.0),
        lambda: belief.update(row, float("inf")),
        lambda: belief.update(row, 1.0, 0.0),
        lambda: belief.forget(row, 1.0),
        lambda: belief.predict(row),
        lambda: belief.merge(other.belief()),
        lambda: trial.factory().fit([]),
        lambda: trial.factory().belief(),
    )


def _answers(belief: Belief, trial: HeadTrial) -> tuple[Values, ...]:
    return (*belief.predict(trial.vectors), belief.contributions(trial.vectors))


def _equal(found: tuple[Values, ...], expected: tuple[Values, ...]) -> None:
    for one, other in zip(found, expected, strict=True):
        same(one, other, exactly=True)
