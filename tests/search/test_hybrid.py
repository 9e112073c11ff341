"""Words and meaning as one score."""

import numpy as np
import pytest

from warmstart.core.errors import ConfigError, NotFittedError
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Item, items_frame
from warmstart.search.dense import DenseRetriever
from warmstart.search.hybrid import HybridRetriever
from warmstart.testing.toys import Checkerboard, WordEncoder, checkerboard


@pytest.fixture(scope="module", params=["en", "zh"])
def toy(request: pytest.FixtureRequest) -> Checkerboard:
    return checkerboard(request.param)


@pytest.fixture(scope="module")
def hybrid(toy: Checkerboard) -> HybridRetriever:
    return HybridRetriever().fit(toy.dataset, WordEncoder().fit(toy.texts))


def of(*titles: str) -> HybridRetriever:
    shop = Dataset.from_records(Item(item_id=chr(97 + k), title=title) for k, title in enumerate(titles))
    return HybridRetriever().fit(shop, WordEncoder().fit(shop.item_texts))


def test_the_legs_sum_to_the_score(toy: Checkerboard, hybrid: HybridRetriever):
    for query in (toy.word_query(0, 0), toy.word_query(1, 2, 3), Query(text=toy.texts[5])):
        legs = hybrid.legs(query).parts
        assert set(legs) == {"lexical", "dense"}
        found = ~np.isnan(hybrid.score(query))
        assert found.any()
        np.testing.assert_allclose(
            np.sum(list(legs.values()), axis=0)[found], hybrid.score(query)[found], atol=1e-5
        )


def test_a_leg_that_knows_nothing_is_left_out(toy: Checkerboard, hybrid: HybridRetriever):
    assert hybrid.legs(Query(text="qqqq")).parts == {}
    assert np.isnan(hybrid.score(Query(text="qqqq"))).all()
    assert np.isnan(hybrid.score(Query())).all()


@pytest.mark.parametrize("titles", [("steel kettle",), ("steel kettle",) * 3])
def test_items_that_are_all_alike_are_all_found(titles: tuple[str, ...]):
    assert len(of(*titles).retrieve(Query(text="kettle"), 5)) == len(titles)


def test_the_weight_moves_the_score_from_words_to_meaning(toy: Checkerboard):
    encoder = WordEncoder().fit(toy.texts)
    query = toy.word_query(0, 1, 2)
    for weight, leg in ((0.0, "lexical"), (1.0, "dense")):
        retriever = HybridRetriever(dense_weight=weight).fit(toy.dataset, encoder)
        found = ~np.isnan(retriever.score(query))
        np.testing.assert_allclose(
            retriever.score(query)[found], retriever.legs(query).parts[leg][found], atol=1e-6
        )


def test_retrieval_honours_what_is_allowed_and_excluded(toy: Checkerboard, hybrid: HybridRetriever):
    query = toy.word_query(0, 0, 1)
    best = hybrid.retrieve(query, 6)
    allowed = ~np.isin(hybrid.item_ids_, best.item_ids[::2])
    without = Query(text=query.text, exclude=frozenset(best.item_ids[1:2]))
    found = hybrid.retrieve(without, 4, allowed).item_ids
    assert not set(found) & {*best.item_ids[::2], best.item_ids[1]}
    assert found
    assert hybrid.retrieve(query, 4, np.zeros(len(hybrid.item_ids_), dtype=np.bool_)).item_ids == ()


def test_the_meaning_leg_reads_the_corrected_query():
    some = of("wireless headphones", "wired headphones", "steel kettle", "red lamp")
    legs = some.legs(Query(text="headphnes")).parts
    assert legs["dense"][0] > legs["dense"][2]


def test_an_added_item_is_found_and_a_changed_one_moves():
    some = of("steel kettle", "red lamp", "desk lamp")
    some.add(items_frame([Item(item_id="new", title="red kettle"), Item(item_id="a", title="desk")]))
    assert some.retrieve(Query(text="kettle"), 1).item_ids == ("new",)
    assert "a" in some.retrieve(Query(text="desk"), 2).item_ids


def test_dense_retrieval_has_no_opinion_without_text():
    shop = Dataset.from_records([Item(item_id="a", title="red lamp"), Item(item_id="bare")])
    dense = DenseRetriever().fit(shop, WordEncoder().fit(shop.item_texts))
    assert np.isnan(dense.score(Query(text="lamp"))).tolist() == [False, True]
    assert np.isnan(dense.score(Query(text="unheard"))).all()


@pytest.mark.parametrize("retriever", [HybridRetriever, DenseRetriever])
def test_fitting_without_an_encoder_is_an_error(
    retriever: type[HybridRetriever | DenseRetriever], toy: Checkerboard
):
    with pytest.raises(ConfigError, match="encoder"):
        retriever().fit(toy.dataset)


def test_asking_a_loaded_one_before_it_has_its_encoder_is_an_error(hybrid: HybridRetriever):
    loaded = HybridRetriever()
    loaded.set_state(hybrid.get_state())
    with pytest.raises(NotFittedError, match="Retriever"):
        loaded.score(Query(text="anything"))
