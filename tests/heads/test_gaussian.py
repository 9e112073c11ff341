"""Laws of the Gaussian head and of the prior that it learns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from warmstart.core.errors import InputError
from warmstart.heads.empirical_bayes import GaussianPrior, Stacked, learn_prior, log_evidence
from warmstart.heads.gaussian import GaussianHead
from warmstart.roles.few_shot_head import Evidence, Task

DIM = 4


def made_up_prior(seed: int = 0) -> GaussianPrior:
    rng = np.random.default_rng(seed)
    half = rng.standard_normal((DIM, DIM))
    return GaussianPrior(rng.standard_normal(DIM), half @ half.T / DIM + 0.1 * np.eye(DIM), 0.3)


def made_up_subjects(prior: GaussianPrior, n: int, seed: int = 1) -> list[Evidence]:
    """Subjects drawn from the prior, with 1 to 12 examples of different weights each."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        w = rng.multivariate_normal(prior.mean, prior.covariance)
        vectors = rng.standard_normal((rng.integers(1, 13), DIM))
        weights = rng.choice([0.5, 1.0, 2.0], len(vectors))
        noise = rng.standard_normal(len(vectors)) * np.sqrt(prior.noise / weights)
        found.append(Evidence.of(vectors, vectors @ w + noise, weights))
    return found


HEAD = GaussianHead.of(made_up_prior())

numbers = st.floats(-5, 5, allow_subnormal=False, width=32)
examples = st.integers(0, 7).flatmap(
    lambda n: st.builds(
        Evidence.of,
        arrays(np.float64, (n, DIM), elements=numbers),
        arrays(np.float64, n, elements=numbers),
        arrays(np.float64, n, elements=st.floats(0.1, 10)),
    )
)
vector = arrays(np.float64, DIM, elements=numbers)


@given(evidence=examples, row=vector, target=numbers, weight=st.floats(0.1, 10), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_forgetting_is_never_having_seen_and_order_does_not_matter(evidence, row, target, weight, seed):
    belief = HEAD.belief(evidence)
    again = belief.update(row, target, weight).forget(row, target, weight)
    probe = np.eye(DIM)
    np.testing.assert_array_equal(again.predict(probe), belief.predict(probe))
    np.testing.assert_array_equal(again.contributions(probe), belief.contributions(probe))
    shuffled = HEAD.belief()
    for i in np.random.default_rng(seed).permutation(len(evidence)):
        shuffled = shuffled.update(evidence.vectors[i], evidence.targets[i], evidence.weights[i])
    np.testing.assert_array_equal(shuffled.predict(probe), belief.predict(probe))


@given(one=examples, other=examples)
@settings(max_examples=60, deadline=None)
def test_merging_is_the_sum_of_evidence_and_contributions_add_up(one, other):
    merged = HEAD.belief(one).merge(HEAD.belief(other))
    probe = np.eye(DIM)
    np.testing.assert_array_equal(merged.predict(probe), HEAD.belief(one.joined(other)).predict(probe))
    parts, mean = merged.contributions(probe), merged.predict(probe)[0]
    np.testing.assert_allclose(parts.sum(axis=1), mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(parts[:, 0], made_up_prior().mean)


@given(evidence=examples, row=vector, target=numbers)
@settings(max_examples=60, deadline=None)
def test_every_example_lowers_the_variance(evidence, row, target):
    belief = HEAD.belief(evidence)
    before, after = belief.predict(np.eye(DIM))[1], belief.update(row, target).predict(np.eye(DIM))[1]
    assert (after <= before + 1e-9).all()
    assert (after >= 0).all()


@given(evidence=examples)
@settings(max_examples=60, deadline=None)
def test_the_posterior_is_that_of_the_information_form(evidence):
    """Λ = S⁻¹ + Xᵀ W X / noise and Λ w = S⁻¹ m + Xᵀ W y / noise: Bishop (2006), equations 3.50 and 3.51."""
    prior = made_up_prior()
    told = evidence.vectors.T * evidence.weights / prior.noise
    precision = np.linalg.inv(prior.covariance)
    posterior = np.linalg.inv(precision + told @ evidence.vectors)
    w = posterior @ (precision @ prior.mean + told @ evidence.targets)
    mean, variance = HEAD.belief(evidence).predict(np.eye(DIM))
    np.testing.assert_allclose(mean, w, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(variance, np.diag(posterior), rtol=1e-6, atol=1e-6)


def test_a_weight_of_two_is_the_same_example_twice():
    row = np.ones(DIM)
    twice = HEAD.belief().update(row, 1.0).update(row, 1.0)
    heavy = HEAD.belief().update(row, 1.0, 2.0)
    for found, expected in zip(heavy.predict(np.eye(DIM)), twice.predict(np.eye(DIM)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_with_the_precisions_that_sklearn_finds_the_answers_are_those_of_sklearn():
    linear_model = pytest.importorskip("sklearn.linear_model", reason="needs the extra 'evaluate'")
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((40, DIM))
    targets = vectors @ rng.standard_normal(DIM) + rng.standard_normal(40)
    peer = linear_model.BayesianRidge(fit_intercept=False).fit(vectors, targets)
    round_one = GaussianPrior(np.zeros(DIM), np.eye(DIM) / peer.lambda_, 1 / peer.alpha_)
    mean, variance = GaussianHead.of(round_one).belief(Evidence.of(vectors, targets)).predict(vectors[:5])
    expected, spread = peer.predict(vectors[:5], return_std=True)
    np.testing.assert_allclose(mean, expected, rtol=1e-6)
    np.testing.assert_allclose(variance + round_one.noise, spread**2, rtol=1e-6)


def test_each_sweep_makes_the_evidence_more_likely():
    stacked = Stacked.of(made_up_subjects(made_up_prior(), 60))
    reached = [log_evidence(stacked, learn_prior(stacked, strength=0.0, sweeps=n)) for n in range(8)]
    assert np.diff(reached).min() > 0


def test_log_evidence_is_the_density_of_the_joint_normal():
    from scipy.stats import multivariate_normal

    prior, subjects = made_up_prior(), made_up_subjects(made_up_prior(), 5)
    expected = sum(
        multivariate_normal.logpdf(
            one.targets,
            one.vectors @ prior.mean,
            one.vectors @ prior.covariance @ one.vectors.T + np.diag(prior.noise / one.weights),
        )
        for one in subjects
    )
    assert log_evidence(Stacked.of(subjects), prior) == pytest.approx(expected)


def test_the_prior_that_made_the_subjects_is_found_again():
    prior = made_up_prior()
    found = learn_prior(Stacked.of(made_up_subjects(prior, 3_000)), strength=0.0, sweeps=60)
    np.testing.assert_allclose(found.mean, prior.mean, atol=0.1)
    np.testing.assert_allclose(found.covariance, prior.covariance, atol=0.15)
    assert found.noise == pytest.approx(prior.noise, rel=0.1)


def test_a_learned_prior_answers_better_than_a_round_one():
    """Held-back subjects, two examples each: the error with and without what the others taught."""
    prior = made_up_prior()
    subjects = made_up_subjects(prior, 400)
    tasks = [Task(support=one, query=Evidence.none(DIM)) for one in subjects]
    head = GaussianHead().fit(tasks)
    plain = GaussianHead.of(GaussianPrior(np.zeros(DIM), np.eye(DIM), prior.noise))
    errors = {id(head): 0.0, id(plain): 0.0}
    for one in made_up_subjects(prior, 200, seed=9):
        if len(one) > 4:
            for candidate in (head, plain):
                mean, _ = candidate.predict(one.first(2), one.vectors[2:])
                errors[id(candidate)] += float(np.mean((mean - one.targets[2:]) ** 2))
    assert errors[id(head)] < 0.9 * errors[id(plain)]


def test_few_directions_and_a_diagonal_keep_the_variance_of_each_axis():
    stacked = Stacked.of(made_up_subjects(made_up_prior(), 200))
    full, low = (learn_prior(stacked, sweeps=1, rank=rank) for rank in (None, 1))
    np.testing.assert_allclose(np.diag(low.covariance), np.diag(full.covariance), rtol=1e-6)
    values, vectors = np.linalg.eigh(full.covariance)
    leading = values[-1] * np.outer(vectors[:, -1], vectors[:, -1])
    apart = ~np.eye(DIM, dtype=np.bool_)
    np.testing.assert_allclose(low.covariance[apart], leading[apart], rtol=1e-6)


def test_a_background_is_the_same_as_seeing_everything_with_the_target_zero():
    prior, rng = made_up_prior(), np.random.default_rng(3)
    everything = rng.standard_normal((30, DIM))
    zeros = Evidence.of(everything, np.zeros(30), np.full(30, 0.01))
    background = GaussianHead.of(prior.after_background(everything.T @ everything, 0.01))
    for found, expected in zip(
        background.belief().predict(np.eye(DIM)), HEAD.belief(zeros).predict(np.eye(DIM)), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


def test_tasks_of_different_widths_are_refused():
    tasks = [Task(support=Evidence.of(np.ones((1, d)), [1.0]), query=Evidence.none(d)) for d in (2, 3)]
    with pytest.raises(InputError, match="one length"):
        GaussianHead().fit(tasks)
