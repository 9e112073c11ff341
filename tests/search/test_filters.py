"""A filter passes exactly the items that a slow loop passes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.errors import InputError
from warmstart.data.records import Item, items_frame
from warmstart.search.filters import FilterIndex, parse_filters

numbers = st.sampled_from([0, 1, 5, 5.0, 19.99, 1e9, 1e9 + 1, -3])
shop_items = st.lists(
    st.builds(
        Item,
        item_id=st.just("x"),
        brand=st.sampled_from(["HP", "hp", "Dell", "华为", ""]),
        price=st.none() | numbers.map(float),
        categories=st.sampled_from([(), ("电脑",), ("Laptops", "Sale")]),
        tags=st.sampled_from([(), ("new",), ("new", "礼物")]),
        available=st.booleans(),
        attributes=st.dictionaries(
            st.sampled_from(["ports", "colour"]), numbers | st.sampled_from(["Red", "红"])
        ),
    ),
    min_size=1,
    max_size=8,
).map(lambda items: [replace(item, item_id=f"i{k}") for k, item in enumerate(items)])
plain = numbers | st.sampled_from(
    ["HP", "ＨＰ", "dell", "华为", "laptops", "礼物", "red", "红", True, False]
)
ranges = st.dictionaries(st.sampled_from(["gte", "gt", "lte", "lt"]), numbers, max_size=2)
conditions = (
    plain | st.lists(plain, max_size=3) | ranges | st.fixed_dictionaries({"not": plain | st.lists(plain)})
)
FIELDS = ["brand", "price", "categories", "tags", "available", "ports", "colour"]


def values_of(item: Item, field: str) -> list[Any]:
    value = item.attributes.get(field) if field in {"ports", "colour"} else getattr(item, field)
    return list(value) if isinstance(value, tuple) else [value] if value is not None else []


def alike(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        return value == wanted
    return str(value).lower() == str(wanted).lower().replace("ｈｐ", "hp")


def passes(item: Item, field: str, condition: Any) -> bool:
    values = values_of(item, field)
    if not isinstance(condition, dict):
        choices = condition if isinstance(condition, list) else [condition]
        return any(alike(value, choice) for value in values for choice in choices)
    if "not" in condition:
        return not passes(item, field, condition["not"])
    compare = {
        "gte": lambda a, b: a >= b,
        "gt": lambda a, b: a > b,
        "lte": lambda a, b: a <= b,
        "lt": lambda a, b: a < b,
    }
    known = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    return all(known and compare[kind](known[0], bound) for kind, bound in condition.items())


@given(shop_items, st.dictionaries(st.sampled_from(FIELDS), conditions, max_size=2))
def test_a_mask_is_what_a_slow_loop_says(items: list[Item], filters: dict[str, Any]):
    index = FilterIndex(items_frame(items))
    filters = {name: condition for name, condition in filters.items() if name in index.fields()}
    expected = [all(passes(item, *condition) for condition in filters.items()) for item in items]
    assert index.mask(filters).tolist() == expected


said = st.sampled_from(
    [True, False, None, 4, "4", 5.5, "Rot", "红", [], [38, "rot"], [True], [None], {"a": 1}]
)
any_item = st.builds(
    Item,
    item_id=st.just("x"),
    title=st.sampled_from(["", "Kettle", "水壶"]),
    brand=st.sampled_from(["", "HP", "hp"]),
    price=st.sampled_from([None, 5.0, 7.5]),
    categories=st.sampled_from([(), ("A",), ("A", "B"), ("A", "A")]),
    tags=st.sampled_from([(), ("B", "礼物")]),
    available=st.booleans(),
    created_at=st.sampled_from([None, 1e9 + 1]),
    attributes=st.dictionaries(st.sampled_from(["touch", "ports", "brand", "price", "tags"]), said),
)
puts = st.lists(st.lists(st.tuples(st.integers(0, 9), any_item), max_size=4), max_size=6)
asked = [
    {field: condition}
    for field in ("touch", "ports", "brand", "price", "tags", "categories", "title", "available", "item_id")
    for condition in (
        "4",
        True,
        ["hp", "Rot", "b"],
        {"gte": 5, "lt": 38},
        {"not": ["A", "kettle", 7.5]},
        {},
    )
]


def answered(index: FilterIndex, filters: dict[str, Any]) -> list[bool] | str:
    try:
        return index.mask(filters).tolist()
    except InputError as error:
        return str(error)


@given(st.lists(any_item, max_size=5), puts)
def test_after_any_changes_an_index_is_the_one_of_the_final_table(
    items: list[Item], changes: list[list[tuple[int, Item]]]
):
    table = [replace(item, item_id=f"i{k}") for k, item in enumerate(items)]
    index = FilterIndex(items_frame(table))
    for change in changes:
        where = []
        for place, item in dict(change).items():
            where.append(min(place, len(table)))  # beyond the end is the next new one
            table[where[-1] : where[-1] + 1] = [replace(item, item_id=f"i{where[-1]}")]
        index.put(items_frame(table[place] for place in where), np.array(where, dtype=np.int64))
    fresh = FilterIndex(items_frame(table))
    assert index.size == len(table)
    assert index.fields() == fresh.fields()
    assert {k: v.tolist() for k, v in index.flags().items()} == {
        k: v.tolist() for k, v in fresh.flags().items()
    }
    for filters in asked:
        assert answered(index, filters) == answered(fresh, filters)


def one(**facts: Any) -> FilterIndex:
    return FilterIndex(items_frame([Item(item_id="a", **facts)]))


def test_no_filter_passes_everything():
    assert one().mask({}).tolist() == [True]


def test_an_unknown_field_names_the_known_ones():
    with pytest.raises(InputError, match="brand"):
        one(brand="HP").mask({"bramd": "HP"})


def test_an_unknown_condition_names_the_known_ones():
    with pytest.raises(InputError, match="gte"):
        one(price=5.0).mask({"price": {"above": 3}})


@pytest.mark.parametrize("bound", ["cheap", None, [1]])
def test_a_bound_that_is_no_number_is_an_error(bound: Any):
    with pytest.raises(InputError, match="a number"):
        one(price=5.0).mask({"price": {"lte": bound}})


def test_times_a_second_apart_are_told_apart():
    index = one(created_at=1_700_000_000.0)
    assert not index.mask({"created_at": {"gte": 1_700_000_001}}).any()
    assert index.mask({"created_at": {"gte": 1_700_000_000, "lte": 1_700_000_000}}).all()


def test_text_is_compared_without_case_accents_and_width():
    index = one(brand="Nescafé", tags=("Ｇｉｆｔ",))
    assert index.mask({"brand": "NESCAFE", "tags": "gift"}).all()


def test_numbers_in_attributes_are_values_and_can_be_compared():
    index = one(attributes={"ports": 4, "sizes": [38, 39], "usb": True})
    assert index.mask({"ports": 4}).all()
    assert index.mask({"ports": "4"}).all()
    assert index.mask({"ports": {"gt": 3, "lt": 5}}).all()
    assert index.mask({"sizes": 39, "usb": True}).all()
    assert not index.mask({"sizes": 40}).any()


@pytest.mark.parametrize(
    ("written", "filters"),
    [
        (["brand=华为"], {"brand": "华为"}),
        (["price >= 5", "price<10"], {"price": {"gte": 5.0, "lt": 10.0}}),
        (["colour!=red", "colour!=blue|green"], {"colour": {"not": ["red", "blue", "green"]}}),
        (["colour!=red", "colour>3"], {"colour": {"not": ["red"], "gt": 3.0}}),
        ([], {}),
    ],
)
def test_conditions_are_read_as_people_write_them(written: list[str], filters: dict[str, Any]):
    assert parse_filters(written) == filters


@pytest.mark.parametrize(
    "written",
    [
        ["brand"],
        ["=HP"],
        ["price<=cheap"],
        ["price=5", "price<=9"],
        ["price<=9", "price=5"],
        ["price<=5", "price<=9"],
        ["brand=HP", "brand=Dell"],
    ],
)
def test_conditions_that_make_no_sense_are_errors(written: list[str]):
    with pytest.raises(InputError):
        parse_filters(written)


def test_flags_are_the_attributes_that_are_true_and_follow_changes():
    items = [
        Item(item_id="a", attributes={"touch": True, "hdmi": False, "ports": 1}),
        Item(item_id="b", attributes={"touch": True}),
    ]
    index = FilterIndex(items_frame(items))
    assert {name: where.tolist() for name, where in index.flags().items()} == {"touch": [0, 1]}
    index.put(items_frame([Item(item_id="a", attributes={"hdmi": True})]), np.array([0]))
    assert {name: where.tolist() for name, where in index.flags().items()} == {"hdmi": [0], "touch": [1]}


def test_of_one_position_twice_the_last_counts():
    index = one(brand="HP")
    index.put(items_frame([Item(item_id="a", brand=brand) for brand in ("Dell", "Acme")]), np.array([0, 0]))
    assert index.mask({"brand": "Acme"}).tolist() == [True]
    assert index.mask({"brand": {"not": ["HP", "Dell"]}}).tolist() == [True]


def test_a_whole_number_beyond_all_doubles_is_larger_than_any_bound():
    index = one(attributes={"far": 10**400, "deep": -(10**400)})
    assert index.mask({"far": {"gt": 1e308}, "deep": {"lt": -1e308}}).all()
    assert index.mask({"far": str(10**400)}).all()
