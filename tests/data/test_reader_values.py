import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.data.reader.lists import join_levels, to_categories, to_tags
from warmstart.data.reader.objects import columns_to_objects, merge_objects, parse_object, to_objects
from warmstart.data.reader.times import EARLIEST_EVENT, EARLIEST_ITEM, to_seconds
from warmstart.data.reader.values import NULLS, parse_price, to_booleans, to_ids, to_numbers, to_prices

LATEST = 2_000_000_000.0


def one(convert: Callable[[pl.Series], pl.Series], text: str) -> Any:
    return convert(pl.Series([text], dtype=pl.String())).to_list()[0]


def seconds(text: str, earliest: float = EARLIEST_EVENT) -> Any:
    return to_seconds(pl.Series([text], dtype=pl.String()), earliest, LATEST).to_list()[0]


@pytest.mark.parametrize("null", NULLS)
def test_what_programs_write_for_nothing_is_nothing(null):
    for convert in (to_ids, to_numbers, to_prices, to_booleans, to_objects):
        assert one(convert, null) is None
    assert seconds(null) is None


def test_ids_keep_leading_zeros_and_lose_only_a_spreadsheets_point_zero():
    assert to_ids(pl.Series(["007", " a1 ", "1.0"])).to_list() == ["007", "a1", "1.0"]
    assert to_ids(pl.Series(["7.0", "1.0"])).to_list() == ["7", "1"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_read_back(number):
    assert one(to_numbers, repr(number)) == number


@given(
    amount=st.integers(0, 10**9).map(lambda cents: cents / 100),
    style=st.sampled_from(["${:,.2f}", "{:.2f} USD", "US$ {:,.2f}", "¥{:,.2f}", "{:,.2f}元"]),
)
def test_prices_are_read_in_english_and_chinese_style(amount, style):
    assert one(to_prices, style.format(amount)) == pytest.approx(amount)


@given(amount=st.integers(0, 10**9).map(lambda cents: cents / 100))
def test_prices_are_read_in_continental_style(amount):
    written = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert one(to_prices, f"{written} €") == pytest.approx(amount)
    assert one(to_prices, f"{written.replace('.', ' ')} kr") == pytest.approx(amount)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("¥1299", 1299.0),
        ("１２９９", 1299.0),
        ("1,299", 1299.0),
        ("1.299.000", 1_299_000.0),
        ("CHF 1'299.–", 1299.0),
        ("12,5", 12.5),
        ("1.299", 1.299),
        ("Rs. 450", 450.0),
        ("10 - 20", None),
        ("from 5 to 9", None),
        ("free", None),
        ("-4", None),
        ("inf", None),
    ],
)
def test_a_price_is_read_or_left_empty_never_guessed(text, price):
    assert one(to_prices, text) == price


@given(st.text(max_size=20))
def test_no_text_breaks_the_parsers(text):
    price = parse_price(text)
    assert price is None or math.isfinite(price)
    assert parse_object(text) is None or isinstance(parse_object(text), dict)
    column = pl.Series([text, "x > y"])
    assert len(to_categories(column)[0]) == len(to_tags(column)[0]) == len(to_objects(column)) == 2
    assert len(to_booleans(column)) == len(to_ids(column)) == 2
    value = seconds(text)
    assert value is None or EARLIEST_EVENT <= value <= LATEST


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (
            ("true", "Yes", "1", "in stock", "InStock", "https://schema.org/InStock", "有货", "17", "Y"),
            True,
        ),
        (("false", "No", "0", "out of stock", "Sold-Out", "缺货", "0.0", "n"), False),
        (("perhaps", "?", "货"), None),
    ],
)
def test_availability_is_understood_in_the_words_of_feeds(words, meaning):
    assert to_booleans(pl.Series(words)).to_list() == [meaning] * len(words)


MOMENT = 1_600_000_000.25


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1600000000.25", MOMENT),
        ("1600000000250", MOMENT),
        ("1600000000250000", MOMENT),
        ("1600000000250000000", MOMENT),
        ("2020-09-13T12:26:40.25Z", MOMENT),
        ("2020-09-13 12:26:40.25", MOMENT),
        ("2020-09-13 12:26:40,250 UTC", MOMENT),
        ("2020-09-13T14:26:40.25+02:00", MOMENT),
        ("2020-09-13T14:26:40.25+0200", MOMENT),
        ("2020-09-13 14:26:40.25 +02", MOMENT),
        ("20200913122640", 1_600_000_000.0),
        ("Sun, 13 Sep 2020 12:26:40 GMT", 1_600_000_000.0),
        ("Sun Sep 13 12:26:40 +0000 2020", 1_600_000_000.0),
        ("2020-09-13T12:26", 1_599_999_960.0),
        ("2020-09-13", 1_599_955_200.0),
        ("20200913", 1_599_955_200.0),
        ("2020/9/13", 1_599_955_200.0),
        ("13 Sep 2020", 1_599_955_200.0),
        ("September 13, 2020", 1_599_955_200.0),
        ("09 13, 2020", 1_599_955_200.0),
        ("2020年9月13日", 1_599_955_200.0),
        ("2020-09", 1_598_918_400.0),
        ("2020", 1_577_836_800.0),
        ("1989-12-31", None),
        ("0", None),
        ("-1", None),
        ("17", None),
        ("2040-01-01", None),
        ("13/09/2020", None),
        ("2020-02-30", None),
        ("yesterday", None),
    ],
)
def test_times_are_read_as_people_and_programs_write_them(text, expected):
    assert seconds(text) == (None if expected is None else pytest.approx(expected, abs=1e-6))


@given(
    moment=st.datetimes(datetime(1990, 1, 2), datetime(2033, 1, 1)).map(lambda m: m.replace(microsecond=0)),
    hours=st.integers(-12, 14),
)
def test_iso_times_of_any_zone_name_the_same_moment(moment, hours):
    local = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
    expected = moment.replace(tzinfo=UTC).timestamp()
    assert seconds(local.isoformat()) == expected
    assert seconds(local.isoformat(" ")) == expected
    assert seconds(moment.isoformat()) == expected
    assert seconds(str(int(expected))) == seconds(str(int(expected) * 1000)) == expected


def test_items_may_be_older_than_the_web():
    assert seconds("1937-12-21", EARLIEST_ITEM) == datetime(1937, 12, 21, tzinfo=UTC).timestamp()
    assert seconds("1937", EARLIEST_ITEM) == datetime(1937, 1, 1, tzinfo=UTC).timestamp()


def test_a_time_column_may_mix_ways_of_writing():
    mixed = pl.Series(["1600000000", "2020-09-13", None, "13 Sep 2020", "soon"])
    day = 1_599_955_200.0
    assert to_seconds(mixed, EARLIEST_EVENT, LATEST).to_list() == [1.6e9, day, None, day, None]


names = st.text(st.sampled_from("abc 中文&'-/"), min_size=1, max_size=6).map(str.strip).filter(bool)
paths = st.lists(names, min_size=1, max_size=4, unique=True)


@given(st.lists(st.one_of(st.none(), paths), min_size=1, max_size=6))
def test_categories_are_read_back_from_paths_bars_and_json(lists):
    for write in (" > ".join, "|".join, lambda parts: json.dumps(parts, ensure_ascii=False)):
        column = pl.Series([None if parts is None else write(parts) for parts in lists], dtype=pl.String())
        assert to_categories(column)[0].to_list() == lists


def test_categories_of_python_lists_and_nested_lists_are_flattened():
    column = pl.Series(
        ["[['Home', 'Kitchen'], ['Home', 'Knives']]", '[{"name": "A"}, {"name": "B"}]', "[]"]
    )
    assert to_categories(column)[0].to_list() == [["Home", "Kitchen", "Knives"], ["A", "B"], None]


def test_several_paths_in_one_value_are_joined():
    assert one(lambda s: to_categories(s)[0], "A > B | A > C") == ["A", "B", "C"]


def test_a_comma_parts_genres_but_not_a_path():
    column = pl.Series(["Health, Beauty", "Toys"])
    assert to_categories(column)[0].to_list() == [["Health, Beauty"], ["Toys"]]
    assert to_categories(column, genres=True)[0].to_list() == [["Health", "Beauty"], ["Toys"]]


def test_genres_are_split_at_spaces_only_when_words_are_shared():
    shared = pl.Series(["Action Comedy", "Comedy Drama", "Action", "Comedy", "Drama Action"])
    assert to_categories(shared, genres=True)[0].to_list()[0] == ["Action", "Comedy"]
    own = pl.Series(["Science Fiction", "True Crime"])
    assert to_categories(own, genres=True)[0].to_list() == [["Science Fiction"], ["True Crime"]]


def test_a_given_separator_splits_categories():
    values, note = to_categories(pl.Series(["Home/Kitchen"]), separator="/")
    assert values.to_list() == [["Home", "Kitchen"]]
    assert note == "split at '/'"


def test_levels_join_from_broad_to_narrow_without_gaps():
    levels = [
        to_categories(pl.Series(values, dtype=pl.String()))[0]
        for values in (["A", None], ["B", "C"], [None] * 2)
    ]
    assert join_levels(levels).to_list() == [["A", "B"], ["C"]]


values = (
    st.text(st.sampled_from('ab "\\\n\t中{}[]:;,<&'), max_size=8)
    .map(str.strip)
    .filter(lambda t: t not in NULLS)
)


@given(st.lists(st.dictionaries(names, values, max_size=4), min_size=1, max_size=5))
def test_json_attributes_are_read_back(objects):
    column = pl.Series([json.dumps(value) for value in objects])
    read = [None if text is None else json.loads(text) for text in to_objects(column).to_list()]
    assert read == [value or None for value in objects]


plain_values = values.filter(lambda text: text[0] not in "[{")


@given(st.lists(st.tuples(plain_values, plain_values), min_size=1, max_size=5))
def test_extra_columns_become_valid_json_whatever_they_hold(rows):
    frame = pl.DataFrame({"b": [row[0] for row in rows], 'a"中': [row[1] for row in rows]})
    texts = columns_to_objects(frame, {name: name for name in frame.columns}).to_list()
    expected = [json.dumps({'a"中': a, "b": b}, ensure_ascii=False) for b, a in rows]
    assert texts == expected


def test_a_columns_values_decide_its_json_type():
    frame = pl.DataFrame(
        {
            "year": ["1995", "2001"],
            "zip_code": ["85711", "32067"],
            "phone": ["007", "1"],
            "new": ["True", "false"],
            "sizes": ['["S", "M"]', None],
            "note": ['say "hi"\n', None],
        }
    )
    first, second = columns_to_objects(frame, {name: name for name in frame.columns}).to_list()
    assert json.loads(first) == {
        "year": 1995,
        "zip_code": "85711",
        "phone": "007",
        "new": True,
        "sizes": ["S", "M"],
        "note": 'say "hi"',
    }
    assert json.loads(second) == {"year": 2001, "zip_code": "32067", "phone": "1", "new": False}


def test_one_odd_value_does_not_make_a_column_of_numbers_text():
    years = ["1995"] * 40 + ["unknown"]
    texts = columns_to_objects(pl.DataFrame({"year": years}), {"year": "year"}).to_list()
    assert json.loads(texts[0]) == {"year": 1995}
    assert json.loads(texts[-1]) == {"year": "unknown"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Colour: red; Size: 9", {"Colour": "red", "Size": "9"}),
        ("颜色：红|尺码：大", {"颜色": "红", "尺码": "大"}),
        ("Link: http://x.y/z\nNote: a; b", {"Link": "http://x.y/z", "Note": "a; b"}),
        ("Fit: slim; regular; Size: 9", {"Fit": "slim; regular", "Size": "9"}),
        ('[{"name": "Colour", "value": "red"}]', {"Colour": "red"}),
        ("{'Colour': 'red'}", {"Colour": "red"}),
        ("just words", None),
        ("[1, 2]", None),
    ],
)
def test_attributes_are_read_in_every_common_spelling(text, expected):
    assert parse_object(text) == expected


def test_where_two_objects_have_a_key_the_second_wins():
    merged = merge_objects(pl.Series(['{"a": 1, "b": 1}', None]), pl.Series(['{"a": 2}', '{"c": 3}']))
    assert merged.to_list() == ['{"a": 2, "b": 1}', '{"c": 3}']
