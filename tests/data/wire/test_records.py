"""Records from outside: what is taken, what is refused and how, and what comes back from the log."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.core.errors import InputError
from warmstart.data.records import Event, Item
from warmstart.data.schema import EVENT_TYPES
from warmstart.data.wire.fields import DEEPEST, LARGEST_OBJECT, WireRecord, to_seconds
from warmstart.data.wire.parsing import load_json
from warmstart.data.wire.records import EventIn, ItemIn, ItemPatch, UserIn, parse_records

NOW = 1.8e9
MODELS: tuple[type[WireRecord], ...] = (EventIn, ItemIn, ItemPatch, UserIn)

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ids = words.filter(str.strip)
amounts = st.floats(0, 1e6)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(words, json_values, max_size=3).filter(lambda value: _depth(value) <= DEEPEST)


def _depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(_depth, inside), default=0)


def said(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


things = ids | said(
    price=amounts, quantity=st.floats(0.5, 9), position=st.integers(0, 99), value=amounts
).flatmap(lambda rest: ids.map(lambda item_id: {"item_id": item_id, **rest}))
events = st.tuples(
    st.sampled_from(EVENT_TYPES),
    st.sampled_from([("item_id",), ("items",), ("query",), ("items", "query")]),
    said(
        session_id=ids,
        request_id=ids,
        event_id=ids,
        visitor_id=ids,
        position=st.integers(0, 99),
        price=amounts,
        quantity=st.floats(0.5, 9),
        currency=st.sampled_from(["EUR", "CNY"]),
        timestamp=st.floats(1e9, 2e9),
        context=objects,
        properties=objects,
    ),
    st.fixed_dictionaries(
        {
            "item_id": ids,
            "items": st.lists(things, min_size=1, max_size=3),
            "query": ids,
            "user_id": ids,
            "value": amounts,
        }
    ),
).map(
    lambda parts: {
        "event_type": parts[0],
        **parts[2],
        **{name: parts[3][name] for name in (*parts[1], "user_id", "value")},
    }
)
items = said(
    title=words,
    description=words,
    brand=words,
    categories=st.lists(words, max_size=3),
    price=amounts,
    currency=st.just("CNY"),
    image_url=st.just("https://shop.example/茶.jpg"),
    attributes=objects,
    tags=st.lists(words, max_size=3),
    available=st.booleans(),
    created_at=st.floats(-2e9, 2e9),
    group_id=ids,
).flatmap(lambda rest: ids.map(lambda item_id: {"item_id": item_id, **rest}))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_examples_of_the_schema_can_be_read(model):
    examples = model.model_json_schema()["examples"]
    assert len(examples) >= 1
    for example in examples:
        json.dumps(model.read(example).model_dump(mode="json"))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_schema_describes_the_record_to_those_who_write_no_python(model):
    description = model.model_json_schema()["description"]
    assert len(description) > 40
    assert ">>>" not in description
    assert "InputError" not in description


def test_the_schemas_fit_into_an_openapi_document():
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()

    def take(event: EventIn | list[EventIn]) -> None: ...

    app.add_api_route("/v1/events", take, methods=["POST"])
    schema = app.openapi()["components"]["schemas"]["EventIn"]
    assert len(schema["examples"]) == 5
    one_or_object = schema["properties"]["items"]["items"]["anyOf"]
    assert [kind["type"] for kind in one_or_object] == ["string", "object"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_record_can_be_changed_and_no_unknown_field_is_taken(model):
    record = model.read(model.model_json_schema()["examples"][0])
    with pytest.raises(ValueError, match="frozen"):
        setattr(record, next(iter(model.model_fields)), None)
    with pytest.raises(InputError, match="unknown field") as refused:
        model.read({**model.model_json_schema()["examples"][0], "colour": "red"})
    assert ("properties" if model is EventIn else "attributes") in refused.value.todo


@given(events)
@settings(max_examples=60)
def test_an_event_comes_back_from_the_log_as_it_was(value):
    event = EventIn.read(value)
    stored = json.loads(json.dumps(event.stored()))
    assert not {"user_id", "visitor_id"} & set(stored)
    again = EventIn.from_stored(stored, event.who)
    assert again == event.model_copy(update={"user_id": event.who, "visitor_id": None})
    assert again.to_events(NOW) == event.to_events(NOW)


@given(events)
@settings(max_examples=60)
def test_an_event_becomes_one_event_per_item_at_no_later_time_than_it_came(value):
    event = EventIn.read(value)
    found = event.to_events(received_at=1.5e9)
    named = [event.item_id] if event.item_id else [item.item_id for item in event.items]
    assert [e.item_id for e in found if e.item_id is not None] == named
    assert all(e.user_id == event.who and e.timestamp <= 1.5e9 for e in found)  # type: ignore[operator]


@given(items)
@settings(max_examples=60)
def test_an_item_comes_back_from_the_store_and_from_the_engine_as_it_was(value):
    item = ItemIn.read(value)
    assert ItemIn.from_stored(json.loads(json.dumps(item.stored()))) == item
    assert ItemIn.from_item(item.to_item()) == item


def test_a_user_comes_back_as_they_were():
    user = UserIn.read({"user_id": "安", "attributes": {"城市": "上海", "sizes": [38, 38.5]}})
    assert UserIn.from_stored(user.stored(), "安") == user


@pytest.mark.parametrize(
    ("value", "field", "words"),
    [
        ({"item_id": "a"}, "", "a user_id or a visitor_id"),
        ({"user_id": "u"}, "", "an item_id, items or a query"),
        ({"user_id": "u", "query": "  "}, "", "an item_id, items or a query"),
        ({"user_id": "u", "item_id": "a", "items": ["b"]}, "", "found both"),
        ({"user_id": "u", "item_id": 5}, "item_id", "Put it in quotes"),
        ({"user_id": "u", "item_id": "a" * 513}, "item_id", "512 characters"),
        ({"user_id": "u", "item_id": " "}, "item_id", "not blank"),
        ({"user_id": "u\0", "item_id": "a"}, "user_id", "without NUL"),
        ({"user_id": "u", "query": "\ud83d"}, "query", "not within an emoji"),
        ({"user_id": "u", "item_id": "a", "event_type": "gaze"}, "event_type", "add_to_cart"),
        ({"user_id": "u", "item_id": "a", "event_type": "rate"}, "", "grade as value"),
        ({"user_id": "u", "item_id": "a", "price": -1}, "price", "greater than or equal to 0"),
        ({"user_id": "u", "item_id": "a", "price": math.nan}, "price", "finite"),
        ({"user_id": "u", "item_id": "a", "price": "9.90"}, "price", "without quotes"),
        ({"user_id": "u", "item_id": "a", "value": 10**5000}, "value", "64 bits"),
        ({"user_id": "u", "item_id": "a", "position": 1.5}, "position", "integer"),
        ({"user_id": "u", "item_id": "a", "timestamp": 1_700_000_000_000}, "timestamp", "milliseconds"),
        ({"user_id": "u", "item_id": "a", "timestamp": 1.7e18}, "timestamp", "nanoseconds"),
        ({"user_id": "u", "item_id": "a", "timestamp": math.inf}, "timestamp", "a time"),
        ({"user_id": "u", "item_id": "a", "timestamp": True}, "timestamp", "a time"),
        ({"user_id": "u", "item_id": "a", "timestamp": "1700000000"}, "timestamp", "ISO 8601"),
        ({"user_id": "u", "item_id": "a", "timestamp": "gestern"}, "timestamp", "ISO 8601"),
        ({"user_id": "u", "item_id": "a", "timestamp": 12}, "timestamp", "1990"),
        ({"user_id": "u", "item_id": "a", "context": {"x": math.nan}}, "context", "finite"),
        ({"user_id": "u", "item_id": "a", "context": {"x": 2**70}}, "context", "64 bits"),
        ({"user_id": "u", "item_id": "a", "context": {"x": "y" * LARGEST_OBJECT}}, "context", "too large"),
        ({"user_id": "u", "item_id": "a", "context": {"x": {5: 1}}}, "context", "names that are strings"),
        ({"user_id": "u", "item_id": "a", "context": {"x": "\0"}}, "context", "without NUL"),
        ({"user_id": "u", "item_id": "a", "context": ["x"]}, "context", "valid dictionary"),
        (
            {"user_id": "u", "items": ["a", {"item_id": "b", "price": "1"}]},
            "items.1.price",
            "without quotes",
        ),
        ({"user_id": "u", "items": ["a"] * 1001}, "items", "1000 items"),
        ("茶", "", "valid dictionary"),
    ],
)
def test_a_wrong_event_is_refused_by_field_with_what_to_do(value, field, words):
    with pytest.raises(InputError, match=words) as refused:
        EventIn.read(value)
    assert (f"field '{field}'" in str(refused.value)) == bool(field)
    _, problems = parse_records(EventIn, [value])
    assert (problems[0].field, problems[0].index) == (field, 0)


def test_an_object_within_itself_is_refused():
    knot: dict[str, Any] = {}
    knot["again"] = knot
    with pytest.raises(InputError, match="too deep"):
        EventIn.read({"user_id": "u", "item_id": "a", "context": knot})
    with pytest.raises(InputError):
        EventIn.read({"user_id": "u", "item_id": knot})


def test_times_are_seconds_or_text_and_without_a_zone_utc():
    assert to_seconds("2026-03-01T04:00:00Z") == to_seconds("2026-03-01T12:00:00+08:00") == 1772337600.0
    assert to_seconds("2026-03-01 04:00:00") == to_seconds(1772337600) == 1772337600.0
    assert to_seconds("20260301") == to_seconds("2026-03-01") == 1772323200.0


def test_a_visitor_beside_a_user_is_kept_and_the_user_is_meant():
    event = EventIn.read({"user_id": "ann", "visitor_id": "v", "item_id": "a"})
    assert (event.who, event.visitor_id) == ("ann", "v")


def test_what_an_event_says_for_all_items_holds_for_each():
    shown = EventIn.read(
        {
            "visitor_id": "v",
            "event_type": "impression",
            "items": ["a", "b"],
            "position": 4,
            "context": {"page": "x"},
        }
    )
    assert [dict(e.context) for e in shown.to_events(NOW)] == [
        {"page": "x", "slot": 4},
        {"page": "x", "slot": 5},
    ]
    bought = EventIn.read(
        {
            "user_id": "u",
            "event_type": "purchase",
            "value": 99.0,
            "items": [{"item_id": "a", "price": 2.0, "quantity": 3}, {"item_id": "b", "value": 5.0}, "c"],
        }
    )
    assert [e.value for e in bought.to_events(NOW)] == [6.0, 5.0, None]
    rated = EventIn.read(
        {"user_id": "u", "event_type": "rate", "items": ["a", "b"], "value": 4.0, "price": 9.0}
    )
    assert [e.value for e in rated.to_events(NOW)] == [4.0, 4.0]


def test_the_value_of_one_item_is_its_price_times_how_many_and_never_of_a_grade():
    one = {"user_id": "u", "item_id": "a", "price": 2.5}
    assert EventIn.read({**one, "quantity": 2}).to_events(NOW)[0].value == 5.0
    assert EventIn.read(one).to_events(NOW)[0].value == 2.5
    assert EventIn.read({**one, "value": 1.0}).to_events(NOW)[0].value == 1.0
    assert EventIn.read({**one, "event_type": "like"}).to_events(NOW)[0].value is None


def test_a_search_that_lists_what_it_found_is_a_search_and_impressions():
    event = EventIn.read(
        {"user_id": "u", "event_type": "search", "query": "茶壶", "items": ["a", "b"], "position": 0}
    )
    search, first, second = event.to_events(NOW)
    assert search == Event(user_id="u", event_type="search", query="茶壶", timestamp=NOW)
    assert (first.event_type, first.item_id, first.context) == ("impression", "a", {"slot": 0})
    assert (second.event_type, second.item_id, second.query) == ("impression", "b", "茶壶")


def test_a_coupon_needs_no_item():
    event = EventIn.read({"user_id": "u", "event_type": "coupon_use", "properties": {"code": "TEA10"}})
    assert event.to_events(NOW) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "no id"},
        {"item_id": "a", "price": -0.01},
        {"item_id": "a", "price": math.inf},
        {"item_id": "a", "image_url": "javascript:alert(1)"},
        {"item_id": "a", "image_url": " data:text/html,x"},
        {"item_id": "a", "description": "x" * 100_001},
        {"item_id": "a", "created_at": "soon"},
        {"item_id": "a", "available": "yes"},
        {"item_id": "a", "tags": "red"},
        {"item_id": "a", "tags": ["x"] * 101},
    ],
)
def test_a_wrong_item_is_refused(wrong):
    with pytest.raises(InputError):
        ItemIn.read(wrong)


def test_items_of_a_table_are_items_of_the_wire():
    item = Item(item_id="a", price=5, created_at=-1, attributes={"sizes": (1, 2)}, image="pictures/a.jpg")
    assert ItemIn.from_item(item).stored() == {
        "item_id": "a",
        "price": 5.0,
        "created_at": -1.0,
        "attributes": {"sizes": [1, 2]},
        "image_url": "pictures/a.jpg",
    }


def test_a_patch_changes_what_it_names_and_null_clears():
    item = ItemIn.read(
        {
            "item_id": "a",
            "title": "壶",
            "available": False,
            "attributes": {"a": {"b": 1, "c": 2}, "d": 3},
            "tags": ["x"],
        }
    )
    patch = ItemPatch.read(
        {"available": None, "price": 3, "tags": None, "attributes": {"a": {"b": None}, "e": 5}}
    )
    assert patch.applied_to(item).stored() == {
        "item_id": "a",
        "title": "壶",
        "price": 3.0,
        "attributes": {"a": {"c": 2}, "d": 3, "e": 5},
    }
    assert ItemPatch.read({"attributes": None}).applied_to(item).attributes == {}


@given(items)
@settings(max_examples=30)
def test_an_empty_patch_changes_nothing_and_one_with_all_makes_the_other(value):
    item, other = ItemIn.read({"item_id": "a", "title": "old", "price": 1.0}), ItemIn.read(value)
    assert ItemPatch().applied_to(item) == item
    wanted = {name: getattr(other, name) for name in ItemPatch.model_fields if name != "attributes"}
    changed = ItemPatch.read(wanted).applied_to(item)
    assert changed == other.model_copy(update={"item_id": "a", "attributes": {}})


ANN, BOB = {"user_id": "ann"}, {"user_id": "鲍勃"}


@pytest.mark.parametrize(
    "payload",
    [
        [ANN, BOB],
        json.dumps([ANN, BOB]),
        json.dumps([ANN, BOB], indent=1, ensure_ascii=False).encode(),
        "\ufeff" + json.dumps(ANN) + "\r\n\n" + json.dumps(BOB) + "\n",
        f"{json.dumps(ANN)}\n{json.dumps(BOB, ensure_ascii=False)}".encode("utf-8-sig"),
    ],
)
def test_records_come_as_values_as_a_document_or_as_lines(payload):
    users, problems = parse_records(UserIn, payload)
    assert ([user.user_id for user in users], problems) == (["ann", "鲍勃"], [])


@pytest.mark.parametrize("payload", [ANN, json.dumps(ANN), json.dumps(ANN, indent=2)])
def test_one_record_needs_no_list(payload):
    assert parse_records(UserIn, payload)[0] == [UserIn(user_id="ann")]


def test_problems_name_the_record_and_the_line_and_the_good_ones_are_read():
    text = '{"user_id": "a"}\n\n{"user_id": 5, "x": 1}\nnonsense\n{"user_id": "b"}\n{"user_id": NaN}'
    users, problems = parse_records(UserIn, text.encode())
    assert [user.user_id for user in users] == ["a", "b"]
    assert [problem.place for problem in problems] == [
        "line 3, field 'user_id'",
        "line 3, field 'x'",
        "line 4",
        "line 6",
    ]
    assert [problem.index for problem in problems] == [1, 1, 2, 4]
    assert "line 3, field 'user_id'" in str(problems[0].error())


@pytest.mark.parametrize(
    "payload",
    ['{"user_id": ', "[1, 2", "\ud83d", b"\xff\xfe", "[" * 10_000, "{" + "9" * 6000, "null", '"a"', "5"],
)
def test_broken_json_is_a_problem_not_a_crash(payload):
    users, problems = parse_records(UserIn, payload)
    assert users == []
    assert len(problems) == 1


def test_too_many_records_and_no_text_at_all_are_refused():
    with pytest.raises(InputError, match="at most 2 records"):
        parse_records(UserIn, [ANN] * 3, most=2)
    with pytest.raises(InputError, match="at least one"):
        parse_records(UserIn, b" \n")
    assert parse_records(UserIn, []) == ([], [])
    long = json.dumps({"user_id": "a", "attributes": {"x": "y" * 1_000_000}})
    assert parse_records(UserIn, f"{json.dumps(ANN)}\n{long}")[1][0].line == 2


def test_json_of_a_document_is_loaded_or_refused():
    assert load_json(b'\xef\xbb\xbf{"a": [1]}') == {"a": [1]}
    with pytest.raises(InputError, match="JSON"):
        load_json("{")


@given(json_values)
@settings(max_examples=100)
def test_whatever_comes_is_read_or_named_as_a_problem(value):
    for model in MODELS:
        records, problems = parse_records(model, [value])
        assert len(records) + bool(problems) == 1
