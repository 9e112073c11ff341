"""Few labels that lean on unlabelled texts; kernel ridge and what it says of examples left out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.core.linear import unit_rows
from warmstart.evaluate.calibration import calibration_error
from warmstart.tasks.classify.kernel import best_sharpness, fit_ridge, sharpened
from warmstart.tasks.classify.neighbours import NeighbourClassifier
from warmstart.tasks.classify.surroundings import cluster_sums, drawn_to_neighbours
from warmstart.testing import WordEncoder

SEEDS = st.integers(0, 10_000)
TEXTS = ["where is my card", "card not here yet", "money back please", "给我退款", "退款什么时候到"]
LABELS = ["card_arrival", "card_arrival", "refund", "退款", "退款"]
UNLABELLED = ["my card is late", "refund my money", "什么时候退款", "is the card here", "money please"]


def random_kernel(seed: int, n: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n, 4))
    kernel = np.exp(-((points[:, None] - points) ** 2).sum(axis=2) / 8)
    return kernel, np.append(np.arange(3), rng.integers(3, size=n - 3))


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_what_is_said_of_a_left_out_example_is_what_a_fit_without_it_says(seed):
    kernel, codes = random_kernel(seed)
    left_out = fit_ridge(kernel, np.arange(12), codes, 0.3).left_out
    wanted = np.eye(3)[codes]
    for i in range(12):
        rest = np.delete(np.arange(12), i)
        weights = np.linalg.solve(kernel[np.ix_(rest, rest)] + 0.3 * np.eye(11), wanted[rest])
        np.testing.assert_allclose(left_out[i], kernel[i, rest] @ weights, atol=1e-3)


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_with_every_example_as_landmark_it_is_kernel_ridge_regression(seed):
    kernel, codes = random_kernel(seed)
    expected = np.linalg.solve(kernel + 0.3 * np.eye(12), np.eye(3)[codes])
    found = fit_ridge(kernel, np.arange(12), codes, 0.3)
    np.testing.assert_allclose(kernel @ found.coefficients, kernel @ expected, atol=1e-3)


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.integers(1, 8), st.floats(0.1, 5.0))
def test_drawn_vectors_have_length_one_and_come_closer_to_their_neighbours(seed, n, pull):
    rng = np.random.default_rng(seed)
    vectors, pool = unit_rows(rng.standard_normal((6, 5))), unit_rows(rng.standard_normal((10, 5)))
    drawn = drawn_to_neighbours(vectors, pool, n, pull)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1.0, atol=1e-5)
    nearest = pool[(vectors @ pool.T).argmax(axis=1)]
    alone = drawn_to_neighbours(vectors, pool, 1, pull)
    assert ((alone * nearest).sum(axis=1) >= (vectors * nearest).sum(axis=1) - 1e-6).all()


def test_without_unlabelled_texts_vectors_stay_as_they_are():
    vectors = unit_rows(np.eye(3))
    assert drawn_to_neighbours(vectors, np.zeros((0, 0), dtype=np.float32), 5, 3.0) is vectors
    sums = cluster_sums(vectors, np.array([0, 1, 1]), np.zeros((0, 0), dtype=np.float32), 2)
    np.testing.assert_allclose(unit_rows(sums), unit_rows([[1, 0, 0], [0, 1, 1]]), atol=1e-6)


def test_unlabelled_texts_carry_a_label_to_words_that_no_example_holds():
    chain = ["card plastic", "plastic arrived", "money cash", "cash returned"] * 5
    encoder = WordEncoder().fit([*chain, "card", "money"])
    plain = NeighbourClassifier().fit(["card", "money"], ["a", "b"], encoder=encoder)
    helped = NeighbourClassifier().fit(["card", "money"], ["a", "b"], unlabelled=chain, encoder=encoder)
    asked = ["plastic", "cash"]
    np.testing.assert_allclose(plain.predict_proba(asked), 0.5, atol=0.02)
    assert helped.predict(asked) == ["a", "b"]
    assert (helped.predict_proba(asked).max(axis=1) > 0.6).all()


def test_neither_the_order_of_examples_nor_that_of_unlabelled_texts_matters():
    encoder = WordEncoder().fit([*TEXTS, *UNLABELLED])
    one = NeighbourClassifier(label_names=True).fit(TEXTS, LABELS, unlabelled=UNLABELLED, encoder=encoder)
    other = NeighbourClassifier(label_names=True)
    other.fit(TEXTS[::-1], LABELS[::-1], unlabelled=[*UNLABELLED[::-1], UNLABELLED[0]], encoder=encoder)
    asked = [*UNLABELLED, "退款", ""]
    np.testing.assert_allclose(one.predict_proba(asked), other.predict_proba(asked), atol=1e-5)
    np.testing.assert_allclose(one.outlierness(asked), other.outlierness(asked), atol=1e-5)


def test_few_landmarks_and_few_kept_texts_still_tell_labels_apart():
    encoder = WordEncoder().fit([*TEXTS, *UNLABELLED])
    small = NeighbourClassifier(most=3, most_unlabelled=2)
    small.fit(TEXTS, LABELS, unlabelled=UNLABELLED, encoder=encoder)
    assert small.landmarks_.shape[0] == 3
    assert small.pool_.shape[0] == 2
    assert small.predict(["card", "退款"]) == ["card_arrival", "退款"]


@pytest.mark.parametrize("true", [0.5, 1.5, 4.0])
def test_the_sharpness_with_which_labels_were_drawn_is_found_again(true):
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.03, 1.0, size=(4000, 4))
    shares = sharpened(scores, true)
    codes = np.array([rng.choice(4, p=row / row.sum()) for row in shares.astype(np.float64)])
    found = best_sharpness(scores, codes, typical=2.0)
    assert found == pytest.approx(true, rel=0.1)
    said = sharpened(scores, found)
    assert calibration_error(said.max(axis=1), said.argmax(axis=1) == codes) < 0.04


def test_two_examples_of_a_label_say_nothing_of_how_sure_to_be():
    scores, codes = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.1], [0.1, 0.9]]), np.array([0, 1, 0, 1])
    assert best_sharpness(scores, codes, typical=2.5) == pytest.approx(2.5)
    assert best_sharpness(np.tile(scores, (9, 1)), np.tile(codes, 9), typical=2.5) > 5


def test_what_is_unlike_every_label_is_noticed():
    encoder = WordEncoder().fit([*TEXTS, "play some music"])
    fitted = NeighbourClassifier().fit(TEXTS, LABELS, encoder=encoder)
    inside, outside = fitted.outlierness(["where is my card", "play some music"])
    assert outside > inside + 0.3
