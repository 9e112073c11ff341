"""Which texts to label next."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.adapt.labels.active import ActiveLearner, Strategy, k_means
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import unit_rows

STRATEGIES = get_args(Strategy)


def clouds(per_cloud: int = 30, n: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Texts in groups far from each other, and the group of each."""
    rng = np.random.default_rng(seed)
    centres = np.eye(n, 8) * 5
    groups = np.repeat(np.arange(n), per_cloud)
    return (centres[groups] + rng.normal(size=(len(groups), 8)) * 0.5).astype(np.float32), groups


def unsure(n: int, labels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(labels), size=n).astype(np.float32)


@given(
    strategy=st.sampled_from(STRATEGIES),
    size=st.integers(1, 40),
    n=st.integers(1, 50),
    known=st.integers(0, 40),
    seed=st.integers(0, 3),
)
def test_no_text_is_named_twice_or_has_a_label(strategy, size, n, known, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(size, 4)).astype(np.float32)
    labelled = rng.permutation(size)[: min(known, size)]
    found = ActiveLearner(strategy=strategy, seed=seed).choose(
        vectors, n, labelled=labelled, probabilities=unsure(size)
    )
    assert len(found) == min(n, size - len(labelled)) == len(set(found.tolist()))
    assert not set(found.tolist()) & set(labelled.tolist())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_question_has_the_same_answer(strategy):
    vectors, _ = clouds()
    learner = ActiveLearner(strategy=strategy)
    answers = [learner.choose(vectors, 6, probabilities=unsure(len(vectors))) for _ in range(2)]
    assert np.array_equal(answers[0], answers[1])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_texts_that_are_all_the_same_are_no_trouble(strategy):
    vectors = np.ones((10, 3), dtype=np.float32)
    found = ActiveLearner(strategy=strategy).choose(vectors, 4, probabilities=np.full((10, 2), 0.5))
    assert len(set(found.tolist())) == 4


@pytest.mark.parametrize("strategy", ["typical", "coreset"])
def test_the_first_labels_come_from_every_group(strategy):
    vectors, groups = clouds()
    found = ActiveLearner(strategy=strategy).choose(vectors, 4)
    assert set(groups[found].tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize("strategy", ["typical", "coreset"])
def test_groups_with_a_label_can_wait(strategy):
    vectors, groups = clouds()
    found = ActiveLearner(strategy=strategy).choose(vectors, 2, labelled=np.array([0, 1, 30, 31]))
    assert set(groups[found].tolist()) == {2, 3}


def test_typical_texts_are_denser_than_those_at_the_edge():
    vectors, _ = clouds(n=1, per_cloud=100)
    rows = unit_rows(vectors)
    likeness = (rows @ rows.T).mean(axis=1)
    (first,) = ActiveLearner(strategy="typical").choose(vectors, 1)
    assert likeness[first] > np.quantile(likeness, 0.8)


def test_doubt_is_asked_about_first():
    vectors = np.eye(3, dtype=np.float32)
    told = np.array([[0.98, 0.01, 0.01], [0.5, 0.5, 0.0], [0.4, 0.3, 0.3]], dtype=np.float32)
    assert ActiveLearner(strategy="margin").choose(vectors, 3, probabilities=told).tolist() == [1, 2, 0]
    assert ActiveLearner(strategy="entropy").choose(vectors, 3, probabilities=told).tolist() == [2, 1, 0]


def test_badge_begins_with_doubt_and_goes_on_elsewhere():
    vectors, groups = clouds()
    told = np.full((len(vectors), 2), [0.95, 0.05], dtype=np.float32)
    told[groups >= 2] = [0.55, 0.45]
    found = ActiveLearner(strategy="badge").choose(vectors, 2, probabilities=told)
    assert set(groups[found].tolist()) == {2, 3}


def test_k_means_finds_groups_that_are_apart():
    vectors, groups = clouds()
    found = k_means(unit_rows(vectors), 4, np.random.default_rng(0))
    assert len({(a, b) for a, b in zip(groups.tolist(), found.tolist(), strict=True)}) == 4


def test_what_is_missing_is_said():
    vectors, _ = clouds()
    with pytest.raises(ConfigError, match="probabilities"):
        ActiveLearner(strategy="badge").choose(vectors, 2)
    with pytest.raises(InputError, match="at least 1"):
        ActiveLearner().choose(vectors, 0)
    with pytest.raises(InputError, match="places"):
        ActiveLearner().choose(vectors, 1, labelled=np.array([999]))
