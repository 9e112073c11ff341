"""Completions of what a shopper is typing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.data.records import Item, items_frame
from warmstart.search.suggest import Suggester


def suggester(*titles: str, queries: tuple[str, ...] = ()) -> Suggester:
    items = [
        Item(item_id=str(k), title=title, brand="Acme", categories=("Mice",))
        for k, title in enumerate(titles)
    ]
    return Suggester(items_frame(items), queries)


def test_every_completion_begins_with_what_was_typed():
    some = suggester("wireless mouse black", "Wireless Mouse white", "wired mouse pad", "wired mouse")
    for prefix in ("w", "wi", "WIRE", "wireless m", "ｗｉｒ"):
        found = some.suggest(prefix)
        assert found
        assert len(found) == len(set(found))
    assert all(phrase.startswith("wire") for phrase in some.suggest("wire"))


def test_past_queries_come_before_what_only_titles_say():
    some = suggester("gaming mouse", "gaming mouse", queries=("Gaming chair",))
    assert some.suggest("gam")[0] == "gaming chair"


def test_the_last_word_is_completed_when_the_whole_is_new():
    assert suggester("red mouse", "blue mouse").suggest("purple mou") == ["purple mouse"]


def test_a_phrase_of_a_single_item_is_not_offered():
    assert suggester("zebra lamp", "desk lamp").suggest("zeb") == []


def test_chinese_is_completed_within_its_runs():
    assert "耳机" in suggester("无线耳机", "有线耳机").suggest("耳")


@pytest.mark.parametrize("prefix", ["", "  ", "!!", "qqq"])
def test_nothing_begins_with_nothing(prefix: str):
    assert suggester("red mouse", "blue mouse").suggest(prefix) == []


def test_brands_and_categories_are_offered_and_n_holds():
    assert suggester("a b").suggest("ac") == ["acme"]
    assert suggester("a b").suggest("mi") == ["mice"]
    assert len(suggester("mouse mat", "mouse mat", "mouse map", "mouse map").suggest("m", 2)) == 2
    assert suggester("mouse mat", "mouse mat").suggest("m", 0) == []


some_words = st.lists(
    st.sampled_from(["red", "mouse", "mat", "x2", "无线耳机", "耳机", "mouse红"]), max_size=4
)
some_items = st.lists(
    st.builds(
        Item,
        item_id=st.just("x"),
        title=some_words.map(" ".join),
        brand=st.sampled_from(["", "Red", "红"]),
        categories=st.sampled_from([(), ("Mouse",), ("Mouse", "mouse", "耳机")]),
    ),
    max_size=8,
)


@given(some_items, st.data(), st.booleans())
def test_after_items_came_and_went_it_completes_as_one_that_met_only_the_rest(
    items: list[Item], data: st.DataObject, is_asked: bool
):
    kept = [item for item in items if data.draw(st.booleans())]
    gone = [item for item in items if not any(item is other for other in kept)]
    some = Suggester(items_frame([]), ["Red mouse"])
    steps = [(some.add, item) for item in items]
    for item in gone:  # each leaves at any time after it came
        came = next(place for place, (_, other) in enumerate(steps) if other is item)
        steps.insert(data.draw(st.integers(came + 1, len(steps))), (some.remove, item))
    for change, item in steps:
        change(items_frame([item]))
        if is_asked:
            some.suggest("r")
    fresh = Suggester(items_frame(kept), ["Red mouse"])
    for prefix in ("r", "red", "red m", "m", "mo", "x", "无", "耳", "耳机", "blue m", "红"):
        assert some.suggest(prefix, 50) == fresh.suggest(prefix, 50)


def test_many_items_at_once_come_and_go_as_one_by_one():
    base = [Item(item_id=str(k), title=f"lamp {k % 7} of {k % 5}") for k in range(40)]
    more = [Item(item_id=str(k), title=f"lamp number{k // 2} shade{k // 2}") for k in range(300)]
    some = Suggester(items_frame(base))
    assert some.suggest("number") == []
    some.add(items_frame(more))
    fresh = Suggester(items_frame([*base, *more]))
    assert len(some.suggest("number", 1000)) == 300
    for prefix in ("number", "lamp", "shade1", "l"):
        assert some.suggest(prefix, 1000) == fresh.suggest(prefix, 1000)
    some.remove(items_frame(more))
    assert some.suggest("lamp", 1000) == Suggester(items_frame(base)).suggest("lamp", 1000)
    assert some.suggest("number") == []


@given(
    st.lists(st.tuples(st.sampled_from(["red", "Red", "red mat", "耳机", ""]), st.booleans()), max_size=6)
)
def test_after_queries_are_forgotten_it_completes_as_if_they_were_never_typed(
    typed: list[tuple[str, bool]],
):
    items = items_frame([Item(item_id="a", title="red mat"), Item(item_id="b", title="red 耳机")])
    some = Suggester(items, [query for query, _ in typed])
    some.forget([query for query, is_kept in typed if not is_kept])
    fresh = Suggester(items, [query for query, is_kept in typed if is_kept])
    for prefix in ("r", "red m", "耳", "m"):
        assert some.suggest(prefix, 50) == fresh.suggest(prefix, 50)
