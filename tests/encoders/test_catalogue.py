"""Vectors learned from the shop's own text."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.analysis import terms
from warmstart.core.artifact import read_state, write_state
from warmstart.core.errors import InputError, NotFittedError
from warmstart.core.vocabulary import Vocabulary, count_terms
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.roles.encoder import Side

SIDES: tuple[Side, ...] = ("item", "query")
ENGLISH = [
    "Wireless headphones\nbluetooth music over ear",
    "Studio headphones\nwired music over ear",
    "Bluetooth speaker\nwireless music for parties",
    "Steel kettle\nboils water for tea",
    "Glass teapot\nbrews tea leaves in water",
    "Porcelain cup\nfor tea and water",
]
CHINESE = [
    "无线耳机\n蓝牙 音乐 头戴",
    "监听耳机\n有线 音乐 头戴",
    "蓝牙音箱\n无线 音乐 聚会",
    "不锈钢水壶\n烧水 泡茶",
    "玻璃茶壶\n泡茶 茶叶 热水",
    "青瓷茶杯\n喝茶 喝水",
]


@pytest.fixture(scope="module", params=["en", "zh"])
def texts(request: pytest.FixtureRequest) -> list[str]:
    return ENGLISH if request.param == "en" else CHINESE


@pytest.fixture(scope="module")
def encoder(texts: list[str]) -> CatalogueEncoder:
    return CatalogueEncoder().fit(texts)


def test_items_that_share_words_are_nearer(texts: list[str], encoder: CatalogueEncoder):
    vectors = encoder.encode(texts)
    cosines = vectors @ vectors.T
    assert cosines[0, 1] > cosines[0, 4]
    assert cosines[3, 4] > cosines[3, 0]


def test_a_heading_finds_the_text_that_it_stands_over(texts: list[str], encoder: CatalogueEncoder):
    queries = encoder.encode([text.partition("\n")[0] for text in texts], "query")
    nearest = (queries @ encoder.encode(texts).T).argmax(axis=1)
    assert nearest.tolist() == list(range(len(texts)))


def test_words_meet_through_their_neighbours():
    """A query finds an item with which it shares no word, by the words that stand around both."""
    titles = ["sneaker", "trainer"]
    shared = [f"{title}\nrunning shoe sole lace" for title in titles * 4]
    others = [f"kettle\nboil water steel spout {k}" for k in range(8)]
    lone = ["mystery\nrunning shoe lace", "riddle\nboil water spout"]
    encoder = CatalogueEncoder(max_share=0.6).fit([*shared, *others, *lone])
    query = encoder.encode(["sneaker"], "query")[0]
    near, far = encoder.encode(lone)
    assert near @ query > 0.3 > far @ query


@pytest.mark.parametrize("text", ["", "  \n ", "qqqq", "？！", "🎧"])
def test_a_text_without_a_known_word_is_a_row_of_zeros(encoder: CatalogueEncoder, text: str):
    for side in SIDES:
        assert not encoder.encode([text], side).any()


@given(st.lists(st.sampled_from([*ENGLISH, *CHINESE, "", "unheard", "tea 茶"]), max_size=5))
def test_rows_have_length_one_or_zero_and_stand_by_themselves(texts: list[str]):
    encoder = CatalogueEncoder().fit([*ENGLISH, *CHINESE])
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), encoder.dim)
    assert vectors.dtype == np.float32
    norms = np.linalg.norm(vectors, axis=1)
    assert np.all((np.abs(norms - 1) < 1e-4) | (norms == 0))
    for row, text in enumerate(texts):
        np.testing.assert_allclose(encoder.encode([text])[0], vectors[row], atol=1e-5)


def test_the_table_is_the_optimum_that_it_claims_to_be():
    """Query and item side multiply to the best low-rank picture of the centred co-occurrence."""
    encoder = CatalogueEncoder(size=3).fit(ENGLISH)
    vocabulary = Vocabulary(encoder.terms_)
    both = []
    for documents in ([text.partition("\n")[0] for text in ENGLISH], ENGLISH):
        counts = count_terms([terms(text) for text in documents], vocabulary, grow=False)
        both.append(encoder._weigh(counts).toarray().astype(float))
    headings, items = both
    scale = []
    for rows in both:
        mass = (rows**2).sum(axis=0)
        scale.append(1 / np.sqrt(mass + encoder.shrinkage * mass.mean()))
    centred = headings.T @ items - np.outer(headings.sum(axis=0), items.sum(axis=0)) / len(ENGLISH)
    target = scale[0][:, None] * centred * scale[1][None, :]
    u, s, vt = np.linalg.svd(target)
    best = (u[:, :3] * s[:3]) @ vt[:3]
    learned = (encoder.query_table_ / scale[0][:, None]) @ (encoder.item_table_ / scale[1][:, None]).T
    np.testing.assert_allclose(learned, best, atol=2e-3)


def test_equal_seeds_give_equal_vectors_and_order_of_items_does_not_matter(texts: list[str]):
    first = CatalogueEncoder(seed=5).fit(texts)
    np.testing.assert_array_equal(first.encode(texts), CatalogueEncoder(seed=5).fit(texts).encode(texts))
    turned = CatalogueEncoder(seed=5).fit(texts[::-1])
    cosines = [encoder.encode(texts) @ encoder.encode(texts).T for encoder in (first, turned)]
    np.testing.assert_allclose(cosines[0], cosines[1], atol=5e-2)


def test_what_is_saved_encodes_the_same(texts: list[str], encoder: CatalogueEncoder, tmp_path: Path):
    write_state(tmp_path, encoder.get_state())
    loaded = CatalogueEncoder()
    loaded.set_state(read_state(tmp_path))
    assert loaded.dim == encoder.dim
    for side in SIDES:
        np.testing.assert_array_equal(
            loaded.encode(texts, side),
            encoder.encode(texts, side),
        )


def test_settings_bound_the_vocabulary_and_the_vectors(texts: list[str]):
    small = CatalogueEncoder(size=2, max_terms=12).fit(texts)
    assert small.dim == 2
    assert len(small.terms_) == 12


def test_words_of_a_single_item_are_left_out_of_a_large_catalogue():
    texts = [f"lamp {'red' if k % 2 else 'blue'}\nunique{k}" for k in range(120)]
    assert set(CatalogueEncoder(max_share=0.6).fit(texts).terms_) == {"red", "blue"}


@pytest.mark.parametrize("texts", [["", ""], [], ["!!!", "🎧"], [" \n "]])
def test_a_shop_without_a_word_is_fitted_and_knows_nothing(texts: list[str], tmp_path: Path):
    encoder = CatalogueEncoder().fit(texts)
    write_state(tmp_path, encoder.get_state())
    loaded = CatalogueEncoder()
    loaded.set_state(read_state(tmp_path))
    for one in (encoder, loaded):
        assert one.encode(["tea", ""]).shape == (2, one.dim)
        assert not one.encode(["tea"]).any()


@pytest.mark.parametrize("texts", [["kettle"], ["kettle", "kettle"], ["red kettle", ""], ["茶", "杯"]])
def test_the_smallest_shops_are_fitted(texts: list[str]):
    encoder = CatalogueEncoder().fit(texts)
    vectors = encoder.encode([*texts, "unheard"], "query")
    assert np.isfinite(vectors).all()
    assert vectors.shape == (len(texts) + 1, encoder.dim)


def test_asking_before_fit_is_an_error():
    with pytest.raises(NotFittedError, match="CatalogueEncoder"):
        CatalogueEncoder().encode(["tea"])


def test_a_single_string_is_an_error(encoder: CatalogueEncoder):
    for ask in (encoder.encode, CatalogueEncoder().fit):
        with pytest.raises(InputError, match="list of texts"):
            ask("tea")


def test_fitting_again_forgets_the_old_catalogue():
    encoder = CatalogueEncoder().fit(CHINESE)
    old = encoder.encode_items(["Steel kettle"])
    assert not old.any()
    encoder.fit(ENGLISH)
    assert encoder.encode_items(["Steel kettle"]).any()
    assert "茶" not in encoder.terms_
