"""Items without events as mixtures of items that have some."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from warmstart.core.linear import resized
from warmstart.data.records import Item, items_frame
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.mixture import ItemMixture
from warmstart.recommend.tables import item_knn
from warmstart.testing.toys import WordEncoder

TITLES = ["red lamp", "red desk lamp", "steel kettle", "glass kettle", "tea 茶", "绿 茶", "", "zebra"]


@pytest.fixture(scope="module")
def features() -> ItemFeatures:
    return ItemFeatures.fit(TITLES, WordEncoder().fit(TITLES))


counts = st.lists(st.sampled_from([0, 0, 1, 3, 30]), min_size=len(TITLES), max_size=len(TITLES))


@given(counts, st.sampled_from([0.0, 2.0]))
def test_every_row_is_a_share_and_sums_to_one_or_nothing(
    features: ItemFeatures, users: list[int], strength: float
):
    mixture = ItemMixture.fit(features, np.array(users, dtype=np.float32), strength=strength)
    rows = mixture.rows.toarray()
    assert rows.min() >= 0
    sums = rows.sum(axis=1)
    np.testing.assert_allclose(sums[sums > 0], 1.0, rtol=1e-5)
    assert np.all(sums[np.array(users) > 0] > 0)
    assert not rows[:, np.array(users) == 0].any()


@given(counts)
def test_without_strength_items_with_events_are_themselves(features: ItemFeatures, users: list[int]):
    rows = ItemMixture.fit(features, np.array(users, dtype=np.float32), strength=0.0).rows.toarray()
    for item, n in enumerate(users):
        if n:
            assert rows[item].tolist() == np.eye(len(TITLES))[item].tolist()


def test_with_strength_the_thin_lean_on_their_neighbours(features: ItemFeatures):
    users = np.array([2, 30, 30, 30, 0, 0, 0, 0], dtype=np.float32)
    rows = ItemMixture.fit(features, users, strength=2.0).rows.toarray()
    assert rows[0, 0] == pytest.approx(0.5)
    assert rows[0].argmax() in {0, 1}
    assert rows[1, 1] == 1.0


def test_an_item_without_events_scores_as_its_neighbours_do(features: ItemFeatures):
    chosen = sparse.csr_matrix(np.array([[1, 0, 1, 1], [1, 0, 1, 0], [0, 0, 0, 1]], dtype=np.float32))
    chosen = resized(chosen, 3, len(TITLES))
    table = item_knn(chosen, 1.0)
    mixture = ItemMixture.fit(
        features, np.asarray(chosen.sum(axis=0)).ravel().astype(np.float32), strength=0.0
    )
    scores = mixture.spread(table, np.array([0, 3]), np.array([1.0, 0.5], dtype=np.float32))
    shares = mixture.rows[1].toarray().ravel()
    assert scores[1] == pytest.approx(float(shares @ scores), rel=1e-5)
    assert shares.argmax() == 0
    assert scores[6] == 0.0


def test_pairwise_shares_sum_to_the_spread(features: ItemFeatures):
    rng = np.random.default_rng(0)
    chosen = sparse.csr_matrix((rng.random((9, len(TITLES))) < 0.4).astype(np.float32))
    users = np.asarray(chosen.sum(axis=0)).ravel().astype(np.float32)
    users[4:] = 0
    mixture = ItemMixture.fit(features, users, strength=0.0)
    history, weights = np.array([0, 2, 5]), np.array([1.0, -0.5, 0.7], dtype=np.float32)
    shares = mixture.pairwise(item_knn(chosen), history, np.arange(len(TITLES)))
    np.testing.assert_allclose(
        weights @ shares, mixture.spread(item_knn(chosen), history, weights), atol=1e-6
    )


def test_an_item_that_comes_or_changes_later_is_mixed_anew():
    features = ItemFeatures.fit(TITLES, WordEncoder().fit(TITLES))
    mixture = ItemMixture.fit(features, np.array([5, 5, 5, 5, 0, 0, 0, 0], dtype=np.float32), strength=0.0)
    items = items_frame([Item(item_id="x", title="kettle steel"), Item(item_id="y", title="red lamp")])
    features.put(items, np.array([len(TITLES), 7]), len(TITLES) + 1)
    mixture.put(features, np.array([len(TITLES), 7]), len(TITLES) + 1)
    rows = mixture.rows.toarray()
    assert rows[len(TITLES)].argmax() == 2
    assert rows[7].argmax() == 0
    assert rows[:4, :4].tolist() == np.eye(4).tolist()


def test_without_features_new_items_are_made_of_nothing():
    rows = ItemMixture.fit(None, np.array([1.0, 0.0], dtype=np.float32), strength=0.0).rows
    assert rows.toarray().tolist() == [[1.0, 0.0], [0.0, 0.0]]
