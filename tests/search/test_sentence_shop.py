"""A shop's own words follow its items."""

from hypothesis import given
from hypothesis import strategies as st

from warmstart.data.records import Item, items_frame
from warmstart.search.sentence_shop import CountedShopWords, ShopWords

items = st.builds(
    Item,
    item_id=st.just("x"),
    title=st.sampled_from(["", "Sugar-free tea", "SUGARS FREE, nut-free", "无糖绿茶", "免洗 free"]),
    brand=st.sampled_from(["", "Acme", "Not Ours", " not ours", "ＮＯ7", "no7"]),
    categories=st.sampled_from([(), ("Tea",), ("Gluten-free", "Gluten-Free")]),
    tags=st.sampled_from([(), ("never cold", "无印良品")]),
    currency=st.sampled_from(["", "eur", "EUR", "GBP"]),
)


@given(st.lists(st.tuples(items, st.booleans()), max_size=8))
def test_words_that_came_and_went_are_those_of_what_is_left(changes: list[tuple[Item, bool]]):
    words = CountedShopWords(items_frame([]))
    for item, _ in changes:
        words.add(items_frame([item]))
    words.remove(items_frame([item for item, is_kept in changes if not is_kept]))
    assert words.words == ShopWords.of(items_frame([item for item, is_kept in changes if is_kept]))


def test_words_are_the_same_object_while_nothing_new_is_said():
    free = items_frame([Item(item_id="x", title="Sugar-free tea", brand="Not Ours")])
    words = CountedShopWords(free)
    before = words.words
    words.add(free)
    words.remove(free)
    assert words.words is before
    words.remove(free)
    assert words.words == ShopWords(free_of=frozenset())
