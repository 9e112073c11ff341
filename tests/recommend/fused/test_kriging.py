"""Weights of neighbours in text: those of a Gaussian process that sees only the nearest."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.fused.kriging import kriging_weights
from warmstart.testing.toys import WordEncoder, checkerboard

TEXTS = checkerboard().texts
FEATURES = ItemFeatures.fit(TEXTS, WordEncoder().fit(TEXTS))
EVERY = np.arange(len(TEXTS))


def weights(items: np.ndarray, donors: np.ndarray, neighbours: int = 50, noise: float = 2.0) -> np.ndarray:
    found = kriging_weights(FEATURES, items, donors, neighbours=neighbours, noise=noise, words=0.8)
    return found.toarray()


@given(st.lists(st.sampled_from(EVERY[1:].tolist()), min_size=1, unique=True), st.floats(0.5, 8.0))
def test_with_all_donors_in_sight_they_are_the_posterior_mean_of_a_gaussian_process(donors, noise):
    donors = np.sort(np.array(donors))
    likeness = np.maximum(FEATURES.similarities(EVERY, EVERY, words=0.8), 0.0)
    among = likeness[np.ix_(donors, donors)] + noise * np.eye(len(donors))
    expected = np.linalg.solve(among, likeness[donors, 0])
    expected[likeness[donors, 0] == 0] = 0.0
    found = weights(EVERY[:1], donors, noise=noise)[0]
    np.testing.assert_allclose(found[donors], expected, atol=1e-5)
    assert not np.delete(found, donors).any()


def test_an_item_is_no_neighbour_of_its_own_and_only_the_nearest_speak():
    found = weights(EVERY, EVERY, neighbours=3)
    assert not found.diagonal().any()
    assert ((found != 0).sum(axis=1) <= 3).all()
    likeness = FEATURES.similarities(EVERY, EVERY, words=0.8)
    np.fill_diagonal(likeness, -1.0)
    for item in EVERY:
        spoken = np.flatnonzero(found[item])
        assert likeness[item, spoken].min() >= np.sort(likeness[item])[-3] - 1e-6


def test_the_more_noise_the_less_is_carried_over():
    quiet, loud = (np.abs(weights(EVERY[:1], EVERY[1:], noise=noise)).sum() for noise in (20.0, 0.5))
    assert 0 < quiet < loud


def test_items_in_one_go_or_one_by_one_get_the_same():
    together = weights(EVERY[:6], EVERY[6:])
    alone = np.vstack([weights(EVERY[i : i + 1], EVERY[6:]) for i in range(6)])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_without_items_or_donors_nothing_is_said():
    nothing = np.zeros(0, dtype=np.int64)
    assert weights(nothing, EVERY).shape == (0, len(TEXTS))
    assert not weights(EVERY, nothing).any()
