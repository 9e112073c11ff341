"""The promises of the engine, asked from outside."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.shops import chinese, english, fitted, of
from warmstart.core.errors import InputError, NotFittedError, UnknownIdError
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.data.schema import EVENT_TYPES
from warmstart.engine.engine import Engine
from warmstart.engine.typical import Typical, grown

CHINESE_ID = {"kettle": "水壶", "mbs": "音箱"}


@pytest.fixture(scope="module")
def shared() -> Engine:
    """An engine that no test changes."""
    return fitted(english())


@pytest.fixture
def engine() -> Engine:
    return fitted(english())


def did(item_id: str, kind: str = "click", user_id: str = "new") -> Event:
    return Event(user_id=user_id, item_id=item_id, event_type=kind)


def edit(engine: Engine, item_id: str, **facts: Any) -> None:
    known = engine.item(item_id)
    assert known is not None
    engine.add(replace(known, **facts))


def same(left: ItemList, right: ItemList) -> None:
    assert left.item_ids == right.item_ids
    np.testing.assert_array_equal(left.scores, right.scores)


def asked_everything(engine: Engine) -> list[ItemList]:
    return [
        engine.search("green tea"),
        engine.search("headphnes", user_id="ann", n=3),
        engine.search("black cup", user_id="new"),
        engine.recommend(),
        engine.recommend("ann"),
        engine.recommend("new"),
        engine.similar("green-tea"),
        engine.cart(["green-tea", "green-cup"]),
        engine.recommend(filters={"brand": "Acme"}),
    ]


# -- zero events ----------------------------------------------------------------------------------


def test_strangers_and_unknown_ids_are_legal_in_every_question(shared: Engine):
    for answer in (
        shared.recommend(),
        shared.recommend("nobody"),
        shared.recommend(events=[did("no such item")]),
        shared.search("tea", user_id="nobody"),
        shared.similar("no such item"),
        shared.cart(["no such item", "green-tea"]),
        shared.cart([]),
    ):
        assert len(answer)
        assert np.isfinite(answer.scores).all()
    assert shared.recommend("nobody").warnings == ("user_without_events",)
    assert "unknown_item:no such item" in shared.similar("no such item").warnings


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(lambda: of("steel kettle"), id="one item"),
        pytest.param(lambda: of("steel kettle", "steel kettle"), id="twins"),
        pytest.param(lambda: of("", "", ""), id="no text"),
        pytest.param(lambda: of("", events=(did("a"),)), id="one item, no text, one event"),
        pytest.param(lambda: of("tea", "pot", events=(did("gone"), did("lost"))), id="unknown items only"),
        pytest.param(lambda: of("tea pot", "red lamp", events=(did("a"),)), id="one user"),
        pytest.param(lambda: of("!!!", "🎧"), id="no word"),
        pytest.param(lambda: of("tea", "pot", events=(did("a", "impression"),)), id="nothing chosen"),
    ],
)
def test_the_strangest_shops_answer_every_question(engine: Callable[[], Engine]):
    shop = engine()
    shop.observe([did("a"), did("gone"), Event(user_id="new", query="tea")])
    n_items = len(shop.dataset.items)
    assert len(shop.recommend()) == n_items
    assert len(shop.recommend("new")) == n_items - 1
    assert len(shop.similar("a")) == n_items - 1
    assert len(shop.cart(["a"])) == n_items - 1
    shop.search("tea", user_id="new")
    shop.explain("a", user_id="new", text="tea")
    shop.suggest("t")
    shop.add(Item(item_id="late", title="late tea"))
    assert shop.search("late").item_ids[0] == "late"
    assert shop.forget("new") >= 3
    shop.refresh()
    assert len(shop.recommend()) == n_items + 1


def test_a_shop_without_items_is_an_error():
    with pytest.raises(InputError, match="at least one item"):
        fitted(Dataset.from_records([]))


def test_asking_before_fit_is_an_error():
    for ask in (
        lambda: Engine().recommend(),
        lambda: Engine().search("tea"),
        lambda: Engine().observe(did("a")),
        lambda: Engine().add(Item(item_id="a")),
        lambda: Engine().forget("u"),
        lambda: Engine().suggest("t"),
    ):
        with pytest.raises(NotFittedError, match="Engine"):
            ask()


def test_in_a_shop_without_events_a_narrow_filter_still_fills_the_list():
    items = [
        Item(item_id=f"i{k}", title=f"lamp {k}", brand="rare" if k % 60 == 0 else "common")
        for k in range(240)
    ]
    answer = fitted(Dataset.from_records(items)).recommend(filters={"brand": "rare"})
    assert len(answer) == 4
    assert answer.warnings == ("shop_without_events", "no_user")


def test_a_filter_that_no_item_passes_is_named_where_nothing_is_left(shared: Engine):
    filters = {"brand": "Acme", "price": {"lt": 1}}
    for found in (
        shared.search("tea", filters=filters),
        shared.recommend("ann", filters=filters),
        shared.recommend(text="tea", filters=filters),
        shared.similar("kettle", filters=filters),
        shared.complement("kettle", filters=filters),
        shared.trending(filters=filters),
    ):
        assert found.item_ids == ()
        assert [said for said in found.warnings if said.startswith("nothing_passes")] == [
            "nothing_passes:price"
        ]
    both = shared.search("tea", filters={"brand": "Sonic", "categories": "Tea"})  # each has items
    assert both.item_ids == ()
    assert not any(said.startswith("nothing_passes") for said in both.warnings)
    assert not any(said.startswith("nothing_passes") for said in shared.search("tea").warnings)
    with pytest.raises(InputError, match="colour"):
        shared.search("tea", filters={"colour": "x"})


# -- evidence -------------------------------------------------------------------------------------


def test_one_event_changes_the_next_recommendation(engine: Engine):
    before = engine.recommend("new")
    engine.observe(did("phones"))
    after = engine.recommend("new", n=3)
    assert after.item_ids != before.item_ids[:3]
    assert set(after.item_ids) & {"wired", "cable", "mbs"}
    assert "phones" not in after.item_ids
    same(engine.recommend("somebody else"), before)


def test_one_event_changes_the_next_search_of_that_user_only(engine: Engine):
    before = engine.search("acme tea speaker")
    engine.observe([did("green-tea", user_id="drinker"), did("cable", user_id="listener")])
    lead = {}
    for user in ("drinker", "listener"):
        answer = engine.search("acme tea speaker", user_id=user)
        assert answer.item_ids != before.item_ids or answer.scores.tolist() != before.scores.tolist()
        scores = dict(zip(answer.item_ids, answer.scores, strict=True))
        lead[user] = scores["black-tea"] - scores["mbs"]
    assert lead["drinker"] > lead["listener"]
    same(engine.search("acme tea speaker", user_id="nobody"), before)
    same(engine.search("acme tea speaker"), before)


def test_events_passed_with_a_question_count_as_if_observed(engine: Engine):
    session = [did("phones"), did("mbs", "dislike")]
    asked = engine.recommend(events=session), engine.search("speaker", events=session)
    engine.observe(session)
    same(engine.recommend("new"), asked[0])
    same(engine.search("speaker", user_id="new"), asked[1])


def test_taste_reorders_what_was_found_and_brings_nothing_else_up():
    shop = english()
    engine = Engine()
    engine.settings.taste_depth = 2
    engine.fit(shop, encoder="catalogue")
    plain = engine.search("porcelain cup green tea")
    for user in ("ann", "bob", "cid", "dee", "eve"):
        asked = engine.search("porcelain cup green tea", user_id=user)
        assert set(asked.item_ids[:2]) == set(plain.item_ids[:2])
        assert asked.item_ids[2:] == plain.item_ids[2:]


def test_what_was_only_shown_can_be_recommended_and_what_was_touched_is_not(engine: Engine):
    engine.observe([did("phones", "impression"), did("wired", "ad_impression"), did("cable", "view")])
    found = engine.recommend("new", n=50).item_ids
    assert {"phones", "wired"} <= set(found)
    assert "cable" not in found


def test_an_event_on_an_item_that_comes_later_counts_when_it_has_come(engine: Engine):
    engine.observe(did("later"))
    assert "unknown_item:later" in engine.recommend("new").warnings
    engine.add(Item(item_id="later", title="Bluetooth speaker XL"))
    answer = engine.recommend("new", n=2)
    stranger, known = engine.score(Query()), engine.score(Query(events=engine.events_of("new")))
    gain = dict(zip(engine.dataset.item_ids, known - stranger, strict=True))
    assert min(gain["mbs"], gain["phones"]) > gain["black-tea"]  # like it, and what goes with its like
    assert answer.warnings == ()


def test_refresh_teaches_everyone_what_was_observed(engine: Engine):
    crowd = [did(item_id, "purchase", f"fan {k}") for k in range(8) for item_id in ("wired", "green-tea")]
    engine.observe(crowd)
    before = engine.cart(["wired"], n=1).item_ids
    engine.refresh()
    assert before != ("green-tea",)
    assert engine.cart(["wired"], n=1).item_ids == ("green-tea",)
    assert engine.describe()["events_since_fit"] == 0
    never_observed = fitted(english().with_events(Dataset.from_records([], crowd).events))
    for left, right in zip(asked_everything(engine), asked_everything(never_observed), strict=True):
        same(left, right)


def test_impossible_events_are_refused_at_the_door(engine: Engine):
    for wrong in (
        {"item_id": "a", "value": "5"},
        {"item_id": 5},
        {"item_id": ""},
        {"item_id": "a", "event_type": "buy"},
        {"item_id": "a", "context": {"at": object()}},
        {"item_id": "a", "timestamp": "today"},
        {},
    ):
        with pytest.raises(InputError):
            engine.observe(Event.from_dict({"user_id": "new", **wrong}))
    assert engine.events_of("new") == ()


def test_events_of_a_user_are_told_in_order(engine: Engine):
    engine.observe([did("phones", user_id="ann"), Event(user_id="ann", query="茶", context={"k": ["v"]})])
    told = engine.events_of("ann")
    assert [event.item_id for event in told] == ["green-tea", "green-cup", "teapot", "phones", None]
    assert told[-1].context == {"k": ["v"]}
    assert len(engine.dataset.events) == len(english().events) + 2


# -- the catalogue changes ------------------------------------------------------------------------


def test_a_new_item_is_live_everywhere_at_once(engine: Engine):
    engine.add(Item(item_id="yixing 壶", title="Clay teapot for tea leaves", price=50, brand="Lin"))
    assert engine.search("clay teapot").item_ids[0] == "yixing 壶"
    assert "yixing 壶" in engine.similar("teapot", n=2).item_ids
    assert engine.similar("yixing 壶").item_ids[0] == "teapot"
    assert "yixing 壶" in engine.recommend("dee", n=5).item_ids
    assert "yixing 壶" in engine.cart(["green-tea", "green-cup"], n=4).item_ids
    assert engine.recommend(filters={"brand": "lin"}).item_ids == ("yixing 壶",)
    assert engine.explain("yixing 壶", user_id="ann").item_id == "yixing 壶"


def test_price_title_and_availability_change_at_once(engine: Engine):
    engine.recommend(filters={"price": {"lte": 1}})
    engine.suggest("cab")
    edit(engine, "cable", price=0.5)
    assert engine.recommend(filters={"price": {"lte": 1}}).item_ids == ("cable",)
    edit(engine, "cable", available=False)
    assert "cable" not in engine.search("speaker cable").item_ids
    assert "cable" not in engine.recommend("bob", n=50).item_ids
    edit(engine, "cable", available=True, title="Golden wire", attributes={})
    assert engine.search("golden wire").item_ids[0] == "cable"
    assert engine.item("cable") == Item(
        item_id="cable", title="Golden wire", brand="Acme", categories=("Audio",), price=0.5
    )
    edit(engine, "kettle", available=True)
    assert engine.search("water kettle").item_ids[0] == "kettle"


def test_editing_a_price_changes_no_ranking(engine: Engine):
    before = asked_everything(engine)
    engine.suggest("k")
    for price in range(5):
        edit(engine, "phones", price=100.0 + price)
    for left, right in zip(asked_everything(engine), before, strict=True):
        assert left.item_ids == right.item_ids
        np.testing.assert_allclose(left.scores, right.scores, rtol=1e-4, atol=1e-5)
    assert "noise" not in engine.suggest("noi")


def test_adding_nothing_is_nothing_and_adding_twice_at_once_is_an_error(engine: Engine):
    before = asked_everything(engine)
    engine.add([])
    with pytest.raises(InputError, match="each item_id once"):
        engine.add([Item(item_id="x", title="one"), Item(item_id="x", title="two")])
    assert engine.item("x") is None
    for left, right in zip(asked_everything(engine), before, strict=True):
        same(left, right)


# -- rules ----------------------------------------------------------------------------------------

asks: dict[str, Callable[..., ItemList]] = {
    "search": lambda engine, **rules: engine.search("tea speaker cup headphones", user_id="ann", **rules),
    "recommend": lambda engine, **rules: engine.recommend("ann", exposure=0, **rules),
    "stranger": lambda engine, **rules: engine.recommend(exposure=0, **rules),
    "similar": lambda engine, **rules: engine.similar("green-tea", **rules),
    "cart": lambda engine, **rules: engine.cart(["green-tea", "phones"], **rules),
}


@given(
    ask=st.sampled_from(sorted(asks)),
    n=st.integers(0, 30),
    exclude=st.sets(st.sampled_from(["black-tea", "mbs", "ghost", "green-cup"])),
    filters=st.sampled_from(
        [
            None,
            {"brand": "acme"},
            {"price": {"gte": 9, "lt": 50}},
            {"brand": {"not": "Acme"}},
            {"rank": [1, 6]},
        ]
    ),
)
def test_rules_hold_in_every_answer(
    shared: Engine, ask: str, n: int, exclude: set[str], filters: dict[str, Any] | None
):
    answer = asks[ask](shared, n=n, exclude=exclude, filters=filters)
    unruled = asks[ask](shared, n=1000)
    passing = shared.recommend(n=1000, filters=filters).item_ids
    assert len(answer) <= n
    assert len(set(answer.item_ids)) == len(answer)
    assert not exclude & set(answer.item_ids)
    assert "kettle" not in answer.item_ids
    expected = [i for i in unruled.item_ids if i in passing and i not in exclude][:n]
    if ask != "search":  # whose taste is measured against what may be shown
        assert list(answer.item_ids) == expected
    assert set(answer.item_ids) <= set(passing)
    assert np.all(np.diff(answer.scores) <= 0)
    assert len(answer.reasons) == len(answer.sources) == len(answer)


def test_a_filter_on_an_unknown_field_is_an_error(shared: Engine):
    with pytest.raises(InputError, match="brand"):
        shared.search("tea", filters={"bramd": "Acme"})


def test_n_zero_is_empty_and_less_is_an_error(shared: Engine):
    for ask in asks.values():
        assert len(ask(shared, n=0)) == 0
        with pytest.raises(InputError, match="n of at least 0"):
            ask(shared, n=-1)


@pytest.mark.parametrize("text", ["", "   ", "?!…，。", "qqqqqq zzzzzz"])
def test_a_query_that_says_nothing_finds_nothing(shared: Engine, text: str):
    assert len(shared.search(text)) == 0
    assert len(shared.search(text, user_id="ann")) == 0
    assert np.isnan(shared.explain("mbs", text="qqqqqq").score)


def test_a_very_long_query_is_answered(shared: Engine):
    words = " ".join(f"word{k}" for k in range(300))
    assert shared.search(f"{words} green tea {'茶' * 3000}").item_ids[0] == "green-tea"


@pytest.mark.parametrize("query", ["MBS-100", "mbs 100", "mbs100"])
def test_a_model_code_is_found_however_it_is_typed(shared: Engine, query: str):
    assert shared.search(query).item_ids[0] == "mbs"


def test_ids_may_hold_anything():
    odd = ["with space", "emoji 🎧", "汉字/slash", "quote'\"", "$array", "v1.2"]
    shop = Dataset.from_records(
        [Item(item_id=item_id, title=f"thing number{k}") for k, item_id in enumerate(odd)],
        [Event(user_id=f"user {item_id}", item_id=item_id) for item_id in odd],
    )
    engine = fitted(shop)
    for k, item_id in enumerate(odd):
        assert engine.search(f"number{k}").item_ids[0] == item_id
        assert item_id in engine.recommend(n=50).item_ids
        assert engine.forget(f"user {item_id}") == 1


# -- why ------------------------------------------------------------------------------------------

histories = st.lists(
    st.builds(
        did,
        st.sampled_from([*english().item_ids, "ghost"]),
        st.sampled_from(EVENT_TYPES),
    ),
    max_size=8,
)


@given(histories, st.sampled_from(["", "tea", "wireless speaker", "headphnes"]))
def test_reasons_sum_to_the_score_for_any_history(shared: Engine, events: list[Event], text: str):
    query = Query(events=tuple(events))
    answer = shared.search(text, events=events, n=50) if text else None
    scores = dict(zip(shared.dataset.item_ids, shared.score(query), strict=True))
    for item_id in ("green-tea", "phones", "mbs", "cable"):
        told = shared.explain(item_id, events=events, text=text)
        if not np.isnan(told.score):
            assert sum(reason.value for reason in told.reasons) == pytest.approx(
                told.score, abs=1e-4, rel=1e-4
            )
        if answer is None:
            assert told.score == pytest.approx(scores[item_id], abs=1e-4, rel=1e-4)
        elif item_id in answer.item_ids:
            listed = answer.scores[answer.item_ids.index(item_id)]
            assert told.score == pytest.approx(listed, abs=1e-4, rel=1e-4)


def test_a_sold_out_item_is_explained_like_any_other(shared: Engine):
    told = shared.explain("kettle", text="steel kettle", user_id="ann")
    assert told.score > 0
    assert sum(reason.value for reason in told.reasons) == pytest.approx(told.score, abs=1e-4)


def test_an_unknown_item_has_no_explanation(shared: Engine):
    with pytest.raises(UnknownIdError, match="ghost"):
        shared.explain("ghost")


def test_reasons_are_told_in_words(shared: Engine):
    told = shared.explain("green-cup", user_id="dee")
    assert any("which you bought" in reason.text for reason in told.reasons)
    assert shared.recommend("ann").to_dict()["items"][0]["reasons"]


# -- Chinese --------------------------------------------------------------------------------------


def test_a_chinese_shop_works_from_end_to_end():
    engine = fitted(chinese())
    assert engine.search("降噪耳机").item_ids[0] == "耳机"
    assert engine.search("绿茶").item_ids[0] == "绿茶"
    assert engine.search("mbs100音箱").item_ids[0] == "音箱"
    assert engine.search("我想要一个茶杯", n=2, filters={"brand": "陶坊"}).item_ids[0] in {"绿杯", "红杯"}
    assert engine.suggest("耳")[0] == "耳机"
    engine.observe(Event(user_id="小王", item_id="绿茶", event_type="purchase"))
    assert engine.search("茶杯", user_id="小王").item_ids[0] == "绿杯"
    assert engine.recommend("小王", n=1, filters={"categories": "茶具"}).item_ids == ("绿杯",)
    engine.add(Item(item_id="新耳机", title="蓝牙降噪耳机", brand="声科", attributes={"颜色": "黑色"}))
    assert "新耳机" in engine.search("降噪耳机", n=2).item_ids
    assert engine.similar("新耳机").item_ids[0] == "耳机"
    assert engine.recommend(filters={"颜色": "黑色"}).item_ids == ("新耳机",)
    assert engine.forget("小王") == 1


def test_a_price_is_no_text_and_costs_no_learning(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    known = engine.item("cable")
    assert known is not None
    monkeypatch.setattr(type(engine._stages), "add", lambda *_: pytest.fail("nothing new was said"))
    engine.add(replace(known, price=3.5, available=False))
    changed = engine.item("cable")
    assert changed is not None
    assert (changed.price, changed.title) == (3.5, known.title)
    assert "cable" not in engine.recommend(n=50).item_ids


def test_a_large_shop_is_laid_out_anew_when_it_has_grown_by_a_tenth():
    known = Typical(np.ones(2_000, dtype=np.float32), 2_000)
    kept = grown(known, 2_100)
    assert kept is not None
    assert (len(kept.scores), bool(kept.scores[2_000:].any()), kept.made_of) == (2_100, False, 2_000)
    assert grown(kept, 2_201) is None
    assert grown(Typical(np.ones(9, dtype=np.float32), 9), 9) is None
