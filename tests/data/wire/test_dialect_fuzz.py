"""Whatever comes in as a dialect is read, or named in `skipped`, or refused as an `InputError`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.core.errors import InputError
from warmstart.data.wire.dialects import DIALECTS, Facts, read
from warmstart.data.wire.events import EventIn

TIME = 1_772_337_600.0
ISO = "2026-03-01T04:00:00Z"
SAMPLES: dict[str, Any] = {
    "warmstart": {
        "events": [
            {
                "user_id": "u",
                "visitor_id": "v",
                "items": ["a", {"item_id": "b", "price": 2}],
                "context": {"x": 1},
            },
            {
                "visitor_id": "v",
                "event_type": "search",
                "query": "茶",
                "timestamp": ISO,
                "properties": {"y": [1]},
            },
        ],
        "items": [
            {"item_id": "a", "title": "茶壶", "categories": "A > B", "attributes": {"c": "d"}, "price": 2}
        ],
        "users": [{"user_id": "u", "attributes": {"city": "杭州"}}],
        "merges": [{"visitor_id": "v", "user_id": "u"}],
    },
    "ga4": {
        "client_id": "v",
        "user_id": "u",
        "timestamp_micros": 1_772_337_600_000_000,
        "user_properties": {"tier": {"value": "gold"}},
        "events": [
            {
                "name": "purchase",
                "params": {
                    "transaction_id": "T",
                    "value": 5,
                    "currency": "EUR",
                    "session_id": 7,
                    "items": [{"item_id": "a", "price": 2.5, "quantity": 2, "index": 0}],
                },
            },
            {"name": "search", "params": {"search_term": "茶"}},
            {"name": "login", "params": {}},
        ],
    },
    "segment": {
        "batch": [
            {
                "type": "track",
                "event": "Product Reviewed",
                "userId": "u",
                "anonymousId": "v",
                "messageId": "m",
                "timestamp": ISO,
                "context": {"device": {"type": "mobile"}},
                "properties": {"product_id": "a", "rating": 4, "price": 3, "position": 1, "note": "好"},
            },
            {
                "type": "track",
                "event": "Order Completed",
                "userId": "u",
                "properties": {"products": [{"sku": "a"}]},
            },
            {"type": "identify", "userId": "u", "anonymousId": "v", "traits": {"plan": "gold"}},
            {"type": "alias", "previousId": "v", "userId": "u"},
        ]
    },
    "google_retail": [
        {
            "eventType": "purchase-complete",
            "visitorId": "v",
            "eventTime": ISO,
            "userInfo": {"userId": "u"},
            "attributionToken": "t",
            "productDetails": [{"product": {"id": "a"}, "quantity": 2}],
            "purchaseTransaction": {"id": "T", "revenue": 39.5, "currencyCode": "CNY"},
            "attributes": {"channel": {"text": ["ads"]}},
        },
        {
            "inputConfig": {
                "productInlineSource": {
                    "products": [
                        {
                            "id": "a",
                            "title": "跑鞋",
                            "brands": ["Acme"],
                            "categories": ["鞋 > 跑", "Sale"],
                            "priceInfo": {"price": 9, "currencyCode": "CNY"},
                            "images": [{"uri": "https://a/b.jpg"}],
                            "attributes": {"n": {"numbers": [1, 2]}},
                            "tags": ["new"],
                            "sizes": ["38"],
                        }
                    ]
                }
            }
        },
    ],
    "ubi": [
        {
            "query_id": "q",
            "client_id": "v",
            "user_query": "茶",
            "timestamp": ISO,
            "query_response_hit_ids": ["a", 2],
        },
        {
            "action_name": "click",
            "query_id": "q",
            "client_id": "v",
            "user_id": "u",
            "timestamp": ISO,
            "event_attributes": {"object": {"object_id": "a"}, "position": {"ordinal": 3}},
        },
    ],
    "algolia": {
        "events": [
            {
                "eventType": "conversion",
                "eventSubtype": "purchase",
                "eventName": "x",
                "userToken": "v",
                "authenticatedUserToken": "u",
                "queryID": "q",
                "objectIDs": ["a", "b"],
                "positions": [1, 2],
                "objectData": [{"price": 2, "quantity": 1}, {"price": "3"}],
                "value": 5,
                "currency": "EUR",
                "timestamp": 1_772_337_600_000,
            }
        ]
    },
    "gorse": [
        {
            "FeedbackType": "rating",
            "UserId": "u",
            "ItemId": "a",
            "Timestamp": ISO,
            "Value": 3,
            "Comment": "好",
        },
        {
            "ItemId": "a",
            "IsHidden": False,
            "Categories": ["茶"],
            "Labels": ["x"],
            "Comment": "茶",
            "Timestamp": ISO,
        },
        {"UserId": "u", "Labels": {"a": 1}},
    ],
    "recombee": {
        "requests": [
            {
                "method": "POST",
                "path": "/purchases/",
                "params": {
                    "userId": "u",
                    "itemId": "a",
                    "timestamp": ISO,
                    "amount": 2,
                    "price": 3,
                    "additionalData": {},
                },
            },
            {
                "method": "POST",
                "path": "/items/a",
                "params": {"title": "茶", "price": 2, "x": [1], "category": "y"},
            },
            {"method": "POST", "path": "/users/u", "params": {"city": "杭州"}},
            {"method": "PUT", "path": "/users/u/merge/v"},
        ]
    },
    "metarank": [
        {
            "event": "item",
            "id": "1",
            "timestamp": "1772337600000",
            "item": "a",
            "fields": [{"name": "title", "value": "茶"}],
        },
        {
            "event": "user",
            "id": "2",
            "timestamp": ISO,
            "user": "u",
            "fields": [{"name": "age", "value": 33}],
        },
        {
            "event": "ranking",
            "id": "3",
            "timestamp": ISO,
            "user": "u",
            "session": "s",
            "items": [{"id": "a"}],
        },
        {
            "event": "interaction",
            "id": "4",
            "ranking": "3",
            "timestamp": ISO,
            "user": "u",
            "type": "click",
            "item": "a",
        },
    ],
}


names = sorted(
    {
        *(
            "events",
            "name",
            "params",
            "items",
            "item_id",
            "client_id",
            "user_id",
            "visitor_id",
            "query",
            "event_type",
        ),
        *(
            "batch",
            "type",
            "event",
            "properties",
            "products",
            "product_id",
            "userId",
            "anonymousId",
            "previousId",
        ),
        *(
            "eventType",
            "visitorId",
            "productDetails",
            "product",
            "id",
            "inputConfig",
            "productInlineSource",
            "title",
        ),
        *(
            "action_name",
            "event_attributes",
            "object",
            "object_id",
            "position",
            "ordinal",
            "user_query",
            "query_id",
        ),
        *(
            "objectIDs",
            "positions",
            "objectData",
            "userToken",
            "FeedbackType",
            "UserId",
            "ItemId",
            "Labels",
            "price",
        ),
        *(
            "requests",
            "method",
            "path",
            "itemId",
            "timestamp",
            "fields",
            "value",
            "item",
            "user",
            "rating",
            "place",
        ),
        *(
            "attributes",
            "context",
            "categories",
            "merges",
            "users",
            "priceInfo",
            "images",
            "tags",
            "self",
            "traits",
        ),
    }
)
values = sorted(
    {
        *(
            "purchase",
            "view_item",
            "search",
            "track",
            "identify",
            "alias",
            "Product Viewed",
            "click",
            "read",
            "rate",
        ),
        *(
            "item",
            "user",
            "ranking",
            "interaction",
            "detail-page-view",
            "/purchases/",
            "/items/a",
            "/users/u/merge/v",
        ),
        *(ISO, "1772337600000", "\ud83d", "\0", "茶", "u", "v", "", "1e400", "nan", "9" * 400),
    }
)
leaves = (
    st.sampled_from(values)
    | st.none()
    | st.booleans()
    | st.floats()
    | st.sampled_from([10**400, -1, 0, 1.5, int(TIME)])
)
payloads = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names), inner, max_size=6),
    max_leaves=25,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all parts of a payload."""
    yield path
    inside = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, inner in inside:
        yield from paths(inner, (*path, name))


def changed(value: Any, path: tuple[Any, ...], part: Any) -> Any:
    """The payload with another part at the end of the path."""
    if not path:
        return part
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], part)
    return copy


def check(facts: Facts) -> None:
    """All that was accepted passes our own models, and can be kept."""
    for event in facts.events:
        assert EventIn.read(event.model_dump(exclude_unset=True)) == event
        event.to_events(TIME)
        json.dumps(event.stored(), allow_nan=False, ensure_ascii=False).encode()
    for item in facts.items:
        assert item.to_item().item_id == item.item_id
        json.dumps(item.stored(), allow_nan=False, ensure_ascii=False).encode()
    for user in facts.users:
        json.dumps(user.stored(), allow_nan=False, ensure_ascii=False).encode()
    for line in (*facts.skipped, *(name for merge in facts.merges for name in merge)):
        assert line


@pytest.mark.parametrize("name", DIALECTS)
def test_all_of_a_good_payload_is_read(name):
    facts = read(name, SAMPLES[name])
    assert facts.skipped == ()
    assert facts.events
    check(facts)
    assert read(name, json.dumps(SAMPLES[name])) == facts


@pytest.mark.parametrize("name", DIALECTS)
@given(data=st.data())
@settings(max_examples=80)
def test_a_good_payload_with_one_part_replaced_is_read_or_refused(name, data):
    path = data.draw(st.sampled_from(list(paths(SAMPLES[name]))))
    try:
        facts = read(name, changed(SAMPLES[name], path, data.draw(payloads)))
    except InputError:
        return
    check(facts)


@pytest.mark.parametrize("name", DIALECTS)
@given(payload=payloads)
@settings(max_examples=30)
def test_no_payload_does_more_than_be_refused(name, payload):
    try:
        check(read(name, payload))
    except InputError as error:
        assert error.todo  # noqa: PT017


@pytest.mark.parametrize("name", DIALECTS)
@given(text=st.text(max_size=40) | st.binary(max_size=40))
@settings(max_examples=20)
def test_no_text_does_more_than_be_refused(name, text):
    try:
        facts = read(name, text)
    except InputError:
        return
    assert len(facts.events) + len(facts.items) + len(facts.users) == 0
