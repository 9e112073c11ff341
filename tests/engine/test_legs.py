"""Where the answer of a search comes from."""

from __future__ import annotations

import numpy as np
import pytest

from warmstart import Dataset, Engine, Event, Item


@pytest.fixture(scope="module")
def engine() -> Engine:
    titles = {
        "green": "Green tea, loose leaves",
        "pot": "Glass teapot for green tea",
        "kettle": "Steel water kettle",
        "rod": "Carbon fishing rod",
        "cha": "绿茶 明前龙井",
    }
    shop = Dataset.from_records(
        [Item(item_id=name, title=title, available=name != "rod") for name, title in titles.items()],
        [Event(user_id="ann", item_id="pot", event_type="click")],
    )
    return Engine().fit(shop, encoder="catalogue")


@pytest.mark.parametrize("user", [None, "ann"])
def test_the_final_list_is_that_of_search_with_all_its_reasons(engine, user):
    final = engine.legs("green tea", user_id=user, n=4)["final"]
    shown = engine.search("green tea", user_id=user, n=4)
    assert final.item_ids == shown.item_ids
    np.testing.assert_allclose(final.scores, shown.scores)
    sums = [sum(reason.value for reason in reasons) for reasons in final.reasons]
    np.testing.assert_allclose(sums, final.scores, atol=1e-4)


def test_without_taste_the_final_list_is_the_fused_one(engine):
    lists = engine.legs("green tea")
    assert lists["final"].item_ids == lists["fused"].item_ids


def test_the_words_list_what_has_them_and_nothing_else(engine):
    assert set(engine.legs("green tea")["lexical"].item_ids) == {"green", "pot"}
    assert engine.legs("龙井")["lexical"].item_ids[0] == "cha"


def test_what_cannot_be_bought_is_in_no_list(engine):
    assert all("rod" not in items.item_ids for items in engine.legs("carbon fishing rod").values())


def test_events_at_hand_count(engine):
    told = [Event(user_id="x", item_id="pot", event_type="click")]
    with_taste = engine.legs("green tea", events=told)
    assert with_taste["fused"].item_ids == engine.legs("green tea")["fused"].item_ids
    assert any(reason.item_id == "pot" for reasons in with_taste["final"].reasons for reason in reasons)
