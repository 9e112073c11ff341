"""What the text of items says, however it is asked for and whenever they came."""

import numpy as np
import pytest

from warmstart.data.records import Item, items_frame
from warmstart.recommend import features as module
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.fused import products
from warmstart.testing.toys import WordEncoder, checkerboard

TEXTS = [*checkerboard().texts, ""]
EVERY = np.arange(len(TEXTS))


@pytest.fixture
def features() -> ItemFeatures:
    return ItemFeatures.fit(TEXTS, WordEncoder().fit(TEXTS))


def test_the_encoders_view_can_be_read_from_the_content(features: ItemFeatures):
    expected = features.encoder.encode_items(TEXTS)
    np.testing.assert_allclose(features.encoded, expected, atol=1e-5)
    np.testing.assert_allclose(features.encoded_of(EVERY[[-1, 3]]), expected[[-1, 3]], atol=1e-5)
    vectors = np.random.default_rng(0).normal(size=(2, expected.shape[1])).astype("f")
    np.testing.assert_allclose(features.encoded_products(vectors), vectors @ expected.T, atol=1e-4)


def test_an_item_without_text_says_nothing(features: ItemFeatures):
    assert features.has_text.tolist() == [True] * (len(TEXTS) - 1) + [False]
    assert not features.content[-1].any()
    assert not features.similarities(EVERY, EVERY)[-1].any()


def test_a_few_items_are_compared_like_many(features: ItemFeatures):
    whole = features.similarities(EVERY, EVERY, words=0.7)
    encoded, texts = features.encoder.encode_items(TEXTS), features.tfidf.toarray()
    np.testing.assert_allclose(whole, 0.3 * encoded @ encoded.T + 0.7 * texts @ texts.T, atol=1e-5)
    some = np.array([5, 2, 9, 11])
    np.testing.assert_allclose(
        features.similarities(EVERY[:3], some, words=0.7), whole[:3, some], atol=1e-6
    )


def test_many_items_are_compared_in_blocks_as_if_at_once(
    features: ItemFeatures, monkeypatch: pytest.MonkeyPatch
):
    some = np.array([5, 2, 9, 11])
    at_once = features.similarities(EVERY[:3], some)
    monkeypatch.setattr(module, "_BLOCK", 3)
    np.testing.assert_allclose(features.similarities(EVERY[:3], some), at_once, atol=1e-6)


@pytest.mark.parametrize("few", [0, 64])
@pytest.mark.parametrize("loose", [0, 1_000])
def test_words_are_found_in_items_that_came_later_or_changed(
    features: ItemFeatures, monkeypatch: pytest.MonkeyPatch, loose: int, few: int
):
    monkeypatch.setattr(products, "_FEW", few)
    monkeypatch.setattr(module, "_LOOSE", loose)
    units = np.array([[1.0, 2.0]], dtype="f")
    told = [Item(item_id=f"new {i}", title=TEXTS[i]) for i in range(3)]
    for size, (position, item) in enumerate(zip([len(TEXTS), len(TEXTS) + 1, 4], told, strict=True), 1):
        features.words(np.array([0]), units)
        features.put(items_frame([item]), np.array([position]), len(TEXTS) + min(size, 2))
        found = features.words(np.array([position]), units)
        expected = (features.tfidf @ features.tfidf[position].T).toarray().ravel()
        np.testing.assert_allclose(found, np.multiply.outer(units[0], expected), atol=1e-5)
        assert expected[position] > 0.9
