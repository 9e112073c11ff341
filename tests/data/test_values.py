"""Items, events and the shop that holds them, checked at the door."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from warmstart.core.errors import InputError
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList, Reason
from warmstart.data.records import Event, Item, events_frame, item_from_row, items_frame
from warmstart.data.text import field_texts, item_texts

FULL = Item(
    item_id="壶 1",
    title="Kettle 水壶",
    brand="Acme",
    categories=("Kitchen", "Kettles"),
    price=12.5,
    attributes={"colour": "red", "sizes": [1, 2], "usb": True, "深": {"a": 4.0}},
    tags=("new",),
    available=False,
    created_at=5.0,
    group_id="g",
)


def test_an_item_survives_the_table():
    assert item_from_row(items_frame([FULL]).row(0, named=True)) == FULL
    assert item_from_row(items_frame([Item(item_id="a")]).row(0, named=True)) == Item(item_id="a")


@pytest.mark.parametrize(
    "wrong",
    [
        {"item_id": ""},
        {"item_id": "  "},
        {"item_id": 5},
        {"item_id": "a", "titel": "x"},
        {"item_id": "a", "price": "12 €"},
        {"item_id": "a", "created_at": "today"},
        {"item_id": "a", "attributes": {"x": {1, 2}}},
    ],
)
def test_a_wrong_item_is_refused(wrong: dict[str, Any]):
    with pytest.raises(InputError):
        Item.from_dict(wrong)


def test_numbers_of_any_kind_are_numbers():
    assert Event(user_id="u", item_id="a", value=np.float32(3)).value == 3  # type: ignore[arg-type]
    assert Item(item_id="a", price=5).price == 5
    assert Item.from_dict({"item_id": "a", "categories": "A > B"}).categories == ("A", "B")


def shop(**columns: list[Any]) -> Dataset:
    return Dataset(items=items_frame([FULL]), events=pl.DataFrame(columns))


def test_events_of_no_stated_type_are_interactions():
    assert shop(user_id=["u"], item_id=["a"]).events["event_type"].to_list() == ["interaction"]
    mixed = shop(user_id=["u", "u"], item_id=["a", "a"], event_type=["click", None])
    assert mixed.events["event_type"].to_list() == ["click", "interaction"]


def test_events_of_an_unknown_type_are_refused_by_name():
    with pytest.raises(InputError, match="'gaze'"):
        shop(user_id=["u"], item_id=["a"], event_type=["gaze"])


def test_columns_that_nobody_knows_and_repeated_items_are_refused():
    with pytest.raises(InputError, match="gaze"):
        shop(user_id=["u"], gaze=[1])
    with pytest.raises(InputError, match="repeated"):
        Dataset.from_records([FULL, FULL])


def test_items_are_replaced_in_place_and_new_ones_come_last():
    old = Dataset.from_records([Item(item_id=i, title=i, price=1.0) for i in "abc"])
    new = old.with_items(items_frame([Item(item_id="z"), Item(item_id="b", title="B"), Item(item_id="y")]))
    assert new.item_ids == ("a", "b", "c", "z", "y")
    assert new.items["title"].to_list() == ["a", "B", "c", "", ""]
    assert new.items["price"].to_list() == [1.0, None, 1.0, None, None]
    assert old.item_ids == ("a", "b", "c")
    assert old.with_items(items_frame([])) is old


def test_events_are_put_after_those_there_are():
    one = Dataset.from_records([FULL], [Event(user_id="u", item_id="a")])
    two = one.with_events(events_frame([Event(user_id="u", query="茶", context={"k": 1})]))
    assert two.events["query"].to_list() == [None, "茶"]
    assert len(two.interactions) == 1


def test_the_text_of_an_item_is_its_fields_a_line_each():
    (text,) = item_texts(items_frame([FULL]))
    assert text.splitlines() == ["Kettle 水壶", "Acme", "Kitchen Kettles new", "red 1 2 4"]
    bare = field_texts(items_frame([Item(item_id="a")]))
    assert all(texts == [""] for texts in bare.values())
    assert item_texts(items_frame([Item(item_id="a")])) == [""]


def test_a_list_keeps_what_belongs_together_and_refuses_what_does_not():
    found = ItemList(
        item_ids=("a", "b"),
        scores=np.array([2.0, np.nan]),
        sources=("x", "y"),
        reasons=((Reason(kind="k", value=2.0),), ()),
    )
    turned = found.take([1, 0])
    assert [(item.item_id, item.source, len(item.reasons)) for item in turned] == [
        ("b", "y", 0),
        ("a", "x", 1),
    ]
    assert found.to_dict()["items"][1]["score"] is None
    for wrong in ({"scores": [1.0]}, {"sources": ("x",)}, {"propensities": np.ones(3)}):
        with pytest.raises(InputError):
            ItemList(**{"item_ids": ("a", "b"), "scores": [1.0, 2.0], **wrong})  # type: ignore[arg-type]
