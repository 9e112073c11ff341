"""The frozen facts of a shop."""

from __future__ import annotations

import polars as pl
import pytest

from warmstart.core.errors import InputError
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item, events_frame, items_frame


def shop() -> Dataset:
    return Dataset.from_records(
        [Item(item_id="a", title="red"), Item(item_id="b", title="blue")], [Event(user_id="u", item_id="a")]
    )


def test_events_without_a_type_are_interactions():
    frame = pl.DataFrame({"user_id": ["u"], "item_id": ["a"]})
    assert Dataset(items=items_frame([Item(item_id="a")]), events=frame).events["event_type"].to_list() == [
        "interaction"
    ]


def test_new_items_come_last_and_known_ones_are_replaced_in_place():
    changed = shop().with_items(items_frame([Item(item_id="a", title="green"), Item(item_id="c")]))
    assert changed.item_ids == ("a", "b", "c")
    assert changed.items["title"].to_list() == ["green", "blue", ""]
    assert shop().items["title"].to_list() == ["red", "blue"]


def test_new_events_come_after_the_old_ones():
    later = shop().with_events(events_frame([Event(user_id="u", item_id="b")]))
    assert later.events["item_id"].to_list() == ["a", "b"]


def test_an_id_that_stands_twice_is_refused():
    with pytest.raises(InputError, match="'a'"):
        Dataset.from_records([Item(item_id="a"), Item(item_id="a")])


def test_a_table_with_a_strange_column_is_refused_by_name():
    with pytest.raises(InputError, match="colour"):
        Dataset(items=pl.DataFrame({"item_id": ["a"], "colour": ["red"]}))
