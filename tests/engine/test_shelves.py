"""Shelves kept up to date are the shelves of the final catalogue."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.errors import UnknownIdError
from warmstart.core.ids import Ids
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Item, items_frame
from warmstart.engine.shelves import Shelves

items = st.builds(
    Item,
    item_id=st.sampled_from([f"i{k}" for k in range(7)]),
    title=st.sampled_from(["", "Sugar-free tea", "Green tea", "Green tea cup", "无糖 绿茶", "绿茶 杯"]),
    brand=st.sampled_from(["", "Acme", "Not Ours", "无印良品"]),
    categories=st.sampled_from([(), ("Tea",), ("Tea", "Drinks without")]),
    tags=st.sampled_from([(), ("never cold",)]),
    price=st.sampled_from([None, 5.0, 7.25]),
    currency=st.sampled_from(["", "eur", "GBP"]),
    available=st.booleans(),
    attributes=st.sampled_from([{}, {"glass_lid": True}, {"glass_lid": False, "cups": 4}]),
)
tables = st.lists(items, unique_by=lambda item: item.item_id, max_size=5)
ASKED: list[Callable[[Shelves], Any]] = [
    lambda shelves: [shelves.suggest(prefix, 20) for prefix in ("g", "green t", "t", "绿", "not", "a")],
    lambda shelves: [shelves.words.names, shelves.words.free_of, shelves.words.currencies],
    lambda shelves: np.nan_to_num(shelves.prices, nan=-1).tolist(),
    lambda shelves: shelves.allowed({"available": True}, ["i0", "nobody"]).tolist(),
    lambda shelves: shelves.allowed({}, []).tolist(),
    lambda shelves: shelves.flagged("glass lid").tolist(),
    lambda shelves: [*shelves.titles.items()],
    lambda shelves: shelves.wish("sugar-free tea without glass under 5 GBP, not ours"),
]


def shelves_of(shop: Dataset) -> Shelves:
    return Shelves(shop, Ids(shop.item_ids))


@given(tables.filter(bool), st.lists(tables, max_size=4), st.sets(st.sampled_from(range(len(ASKED)))))
def test_after_any_changes_they_answer_as_those_of_the_final_catalogue(
    first: list[Item], changes: list[list[Item]], early: set[int]
):
    shop = Dataset.from_records(first)
    shelves = shelves_of(shop)
    for change in changes:
        for asked in early:  # what was built before must follow, what was not must not be missed
            ASKED[asked](shelves)
        frame = items_frame(change)
        shop = shop.with_items(frame)
        shelves.put(shop, frame)
    fresh = shelves_of(shop)
    for question in ASKED:
        assert question(shelves) == question(fresh)


def test_a_new_price_leaves_the_words_alone():
    tea = Item(item_id="tea", title="Sugar-free tea", price=5.0)
    shop = Dataset.from_records([tea])
    shelves = shelves_of(shop)
    before = shelves.words
    frame = items_frame([replace(tea, price=7.5)])
    shelves.put(shop.with_items(frame), frame)
    assert shelves.words is before
    assert shelves.prices.tolist() == [7.5]


def test_an_item_that_other_parts_know_already_is_new_to_the_shelves():
    shop = Dataset.from_records([Item(item_id="tea", title="Green tea")])
    ids = Ids(shop.item_ids)
    shelves = Shelves(shop, ids)
    shelves.suggest("g", 1)
    ids.add(["pot"])
    assert "pot" not in shelves.titles
    with pytest.raises(UnknownIdError):
        shelves.check_known("pot")
    frame = items_frame([Item(item_id="pot", title="Green tea pot")])
    shelves.put(shop.with_items(frame), frame)
    assert shelves.titles["pot"] == "Green tea pot"
    assert shelves.suggest("g", 5) == ["green tea", "green"]


def test_what_is_missing_is_said():
    shelves = shelves_of(Dataset.from_records([Item(item_id="tea")]))
    assert shelves.missing_signals(Query(user_id="ann")) == ("user_without_events",)
    assert shelves.missing_signals(Query(anchors=("tea", "gone"))) == ("unknown_item:gone",)


@pytest.mark.parametrize("is_asked_before", [True, False])
def test_queries_that_are_forgotten_complete_nothing(is_asked_before: bool):
    tea = Dataset.from_records([Item(item_id="tea", title="Green tea")])
    typed = pl.DataFrame({"query": ["my secret", "green", "my secret"], "user_id": ["ann", "bob", "ann"]})
    shelves = shelves_of(tea.having(queries=typed))
    if is_asked_before:
        assert shelves.suggest("my", 5) == ["my secret"]
    shelves.forget_queries(tea.having(queries=typed.filter(pl.col("user_id") == "bob")))
    assert shelves.suggest("my", 5) == []
    assert shelves.suggest("g", 5) == ["green"]
