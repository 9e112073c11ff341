"""Completions of what a shopper is typing."""

import pytest

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
