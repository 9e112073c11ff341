"""A sentence is a profile: it serves a stranger, stands beside a history, and its limits hold."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.shops import chinese, english, fitted
from warmstart.core.linear import top_positions
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.engine.engine import Engine
from warmstart.engine.wish import Constraints, Wished
from warmstart.search.sentence import Wish, read_sentence


def gifts() -> Dataset:
    """A shop where a father who fishes finds something, with and without plastic and price."""
    rows = [
        ("rod", "Fishing rod carbon", "Pike", 45.0),
        ("cheap-rod", "Fishing rod plastic", "Pike", 15.0),
        ("lure", "Fishing lures set, plastic-free", "Pike", 12.0),
        ("reel", "Fishing reel steel", "Carp", 80.0),
        ("book", "The fishing book for fathers", "Press", 20.0),
        ("unpriced", "Fishing net cotton", "Carp", None),
        ("toy", "Plastic toy boat", "Playco", 9.0),
        ("mug", "Coffee mug", "Potter", 8.0),
        ("lamp", "Desk lamp", "Lux", 30.0),
    ]
    items = [
        Item(
            item_id=name, title=title, brand=brand, price=price, attributes={"touch_screen": name == "lamp"}
        )
        for name, title, brand, price in rows
    ]
    past = [
        Event(user_id=user, item_id=item_id, event_type="purchase")
        for user, bought in {
            "a": "mug lamp",
            "b": "mug toy",
            "c": "mug rod reel",
            "d": "rod book mug",
        }.items()
        for item_id in bought.split()
    ]
    return Dataset.from_records(items, past, name="gifts")


@pytest.fixture(scope="module")
def shop() -> Engine:
    return fitted(gifts())


def titles(engine: Engine, answer: ItemList) -> list[str]:
    found = [engine.item(item_id) for item_id in answer.item_ids]
    return [item.title for item in found if item is not None]


def test_a_stranger_with_a_sentence_gets_what_it_asks_for_within_its_limits(shop: Engine):
    answer = shop.recommend(text="gift for a father who fishes, under 50, no plastic", n=4)
    assert {"rod", "book", "lure"} <= set(answer.item_ids)
    assert {"cheap-rod", "toy", "reel"}.isdisjoint(answer.item_ids)
    assert {"understood:price below 50", "understood:without plastic", "no_user"} <= set(answer.warnings)


def test_the_same_holds_in_chinese():
    engine = fitted(chinese())
    answer = engine.recommend(text="送给爸爸的茶杯，50元以下，不要红色", n=3)
    assert answer.item_ids[0] == "绿杯"
    assert {"红杯", "耳机"}.isdisjoint(answer.item_ids)
    assert "understood:without 红色" in answer.warnings


def test_things_of_unknown_price_come_last(shop: Engine):
    answer = shop.recommend(text="fishing, under 50", n=20)
    assert answer.item_ids[-1] == "unpriced"
    assert "reel" not in answer.item_ids
    assert "unpriced" not in shop.recommend(text="fishing, under 50", n=3).item_ids
    assert any(reason.kind == "price unknown" for reason in answer.reasons[-1])


@settings(max_examples=25)
@given(st.integers(1, 90), st.integers(0, 40), st.sampled_from(["plastic", "boat", "steel", "coffee"]))
def test_whatever_the_limits_are_they_hold(high: int, low: int, thing: str):
    engine = made_once()
    answer = engine.recommend(text=f"fishing gift, over {low}, up to {high} euros, no {thing}", n=5)
    for item in map(engine.item, answer.item_ids):
        assert item is not None
        assert item.price is None or low < item.price <= high
        assert thing not in item.title.lower() or f"{thing}-free" in item.title


@cache
def made_once() -> Engine:
    return fitted(gifts())


def test_a_shop_without_prices_says_so():
    engine = fitted(Dataset.from_records([Item(item_id="a", title="Fishing rod")]))
    answer = engine.recommend(text="fishing rod under 5")
    assert answer.item_ids == ("a",)
    assert "shop_without_prices" in answer.warnings


def test_an_attribute_that_is_true_counts_as_said(shop: Engine):
    assert "lamp" in shop.recommend(text="desk lamp", n=3).item_ids
    assert "lamp" not in shop.recommend(text="desk lamp without touch screen", n=9).item_ids


def test_a_history_still_counts_beside_a_sentence(shop: Engine):
    bought = [Event(user_id="x", item_id="rod", event_type="purchase")]
    plain = shop.recommend(text="something for a desk or the kitchen")
    known = shop.recommend(text="something for a desk or the kitchen", events=bought)
    assert "rod" not in known.item_ids
    place = known.item_ids.index("reel"), plain.item_ids.index("reel")
    assert place[0] < place[1]


def test_the_reasons_of_an_item_add_up_to_its_score(shop: Engine):
    query = Query(events=(Event(user_id="x", item_id="mug", event_type="click"),))
    text = "fishing under 50 without plastic"
    wished = Wished.of(shop._shelves, text, query, shop._stages, shop.settings)
    scores, gap = wished.constraints.apply(wished.scores, 20)
    shown = [shop._stages.scorer.item_ids_[i] for i in top_positions(scores, 9)]
    assert "unpriced" in shown
    for item_id, reasons in zip(shown, wished.contributions(shown, gap), strict=True):
        position = int(shop._stages.scorer.positions([item_id])[0])
        assert sum(reason.value for reason in reasons) == pytest.approx(scores[position], abs=1e-4)


@pytest.mark.parametrize("text", ["fishing under 50 without plastic", "under 50", "钓鱼 fishing rod"])
def test_an_explanation_tells_the_score_of_the_list_that_it_explains(shop: Engine, text: str):
    events = [Event(user_id="x", item_id="mug", event_type="click")]
    wished = shop.recommend(text=text, events=events, n=9)
    found = shop.search(text, events=events, n=9, sentence=True)
    for entry in wished:
        told = shop.explain(entry.item_id, wish=text, events=events)
        assert told.score == pytest.approx(entry.score, abs=1e-4)
        assert sum(reason.value for reason in told.reasons) == pytest.approx(told.score, abs=1e-4)
    for entry in found:
        told = shop.explain(entry.item_id, text=text, sentence=True, events=events)
        assert told.score == pytest.approx(entry.score, abs=1e-4)
        assert sum(reason.value for reason in told.reasons) == pytest.approx(told.score, abs=1e-4)


def test_words_are_among_the_reasons_of_a_wish_and_a_missing_price_too(shop: Engine):
    told = {entry: shop.explain(entry, wish="fishing, under 50") for entry in ("rod", "unpriced")}
    kinds = {entry: {reason.kind for reason in why.reasons} for entry, why in told.items()}
    assert "lexical" in kinds["rod"]
    assert "price unknown" in kinds["unpriced"] - kinds["rod"]


def test_no_sentence_is_the_plain_recommendation(shop: Engine):
    plain, empty = shop.recommend(), shop.recommend(text="  ")
    assert plain.item_ids == empty.item_ids
    np.testing.assert_array_equal(plain.scores, empty.scores)


def test_a_sentence_of_limits_alone_keeps_the_order_of_the_stranger(shop: Engine):
    plain = [item_id for item_id in shop.recommend(n=9, exposure=0.0).item_ids if item_id not in {"reel"}]
    limited = shop.recommend(text="under 50", n=9).item_ids
    assert list(limited) == [*(i for i in plain if i != "unpriced"), "unpriced"]


def test_search_reads_limits_only_when_asked(shop: Engine):
    plain = shop.search("fishing without plastic under 50", n=9)
    assert "cheap-rod" in plain.item_ids
    assert not any(warning.startswith("understood") for warning in plain.warnings)
    read = shop.search("fishing without plastic under 50", n=9, sentence=True)
    assert {"cheap-rod", "reel", "toy"}.isdisjoint(read.item_ids)
    assert {"rod", "lure", "book"} <= set(read.item_ids)
    assert "understood:price below 50" in read.warnings


def test_filters_and_exclusions_hold_beside_a_sentence(shop: Engine):
    answer = shop.recommend(text="fishing", filters={"brand": "Pike"}, exclude=["rod"])
    assert set(answer.item_ids) == {"cheap-rod", "lure"}


def test_a_shop_without_events_answers_by_the_sentence_alone():
    engine = fitted(Dataset(items=english().items))
    assert engine.recommend(text="headphones for the studio", n=1).item_ids == ("wired",)


def test_new_items_and_new_facts_count_at_once():
    engine = fitted(gifts())
    engine.add(Item(item_id="new", title="Fishing hat straw", price=10.0))
    assert "new" in engine.recommend(text="fishing hat under 20", n=2).item_ids
    engine.add(Item(item_id="new", title="Fishing hat straw", price=100.0))
    assert "new" not in engine.recommend(text="fishing hat under 20", n=9).item_ids
    engine.add(Item(item_id="new", title="Fishing hat plastic", price=10.0))
    assert "new" not in engine.recommend(text="fishing hat without plastic", n=9).item_ids


def test_what_was_not_read_and_another_currency_are_told(shop: Engine):
    assert "not_understood:not too heavy" in shop.recommend(text="not too heavy rod").warnings
    priced = Dataset.from_records([Item(item_id="a", title="Rod", price=5.0, currency="EUR")])
    assert not any("currency" in warning for warning in shop.recommend(text="rod under $9").warnings)
    assert "currency_not_converted:USD" in fitted(priced).recommend(text="rod under $9").warnings


def test_what_is_refused_is_pushed_down_even_where_it_is_not_said(shop: Engine):
    plain, refusing = (shop.recommend(text=text, n=9) for text in ("gift", "gift, no boats"))
    assert "toy" in plain.item_ids
    scores = dict(zip(refusing.item_ids, refusing.scores.tolist(), strict=True))
    before = dict(zip(plain.item_ids, plain.scores.tolist(), strict=True))
    assert "toy" not in scores
    assert all(scores[i] <= before[i] + 1e-4 for i in scores)


def test_only_items_within_the_bounds_pass(shop: Engine):
    rules = Constraints(Wish(price=read_sentence("between 12 and 30").price), shop._stages, shop._shelves)
    found, gap = rules.apply(np.zeros(9, dtype=np.float32), 3)
    assert gap == 0.0
    kept = [shop._stages.scorer.item_ids_[i] for i in np.flatnonzero(np.isfinite(found))]
    assert kept == ["cheap-rod", "lure", "book", "lamp"]
