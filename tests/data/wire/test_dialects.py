"""Payloads of other systems, written after their public specifications, and what is read from them."""

import json
from typing import Any

import pytest

from warmstart.core.errors import InputError
from warmstart.data.schema import EVENT_TYPES
from warmstart.data.wire.dialects import DIALECTS, Facts, read
from warmstart.data.wire.events import EventIn
from warmstart.data.wire.items import ItemIn, ItemPatch
from warmstart.data.wire.records import UserIn

TIME = 1_772_337_600.0
ISO = "2026-03-01T04:00:00Z"


def kinds(facts: Facts) -> list[str]:
    return [event.event_type for event in facts.events]


def one(facts: Facts) -> EventIn:
    assert facts.skipped == ()
    (event,) = facts.events
    return event


def test_ga4_reads_a_purchase_with_its_items():
    body = {
        "client_id": "123.456",
        "user_id": "ann",
        "timestamp_micros": "1772337600000000",
        "user_properties": {"membership": {"value": "gold"}},
        "events": [
            {
                "name": "purchase",
                "params": {
                    "transaction_id": "T-1",
                    "value": 85.5,
                    "currency": "CNY",
                    "session_id": "88",
                    "engagement_time_msec": "100",
                    "coupon": "SPRING",
                    "items": [
                        {"item_id": "tea", "item_name": "龙井茶", "price": 20.5, "quantity": 3, "index": 0},
                        {"item_id": 77, "price": "24", "quantity": 1, "index": 1},
                    ],
                },
            }
        ],
    }
    facts = read("ga4", json.dumps(body))
    event = one(facts)
    assert (event.who, event.visitor_id, event.event_id) == ("ann", "123.456", "T-1")
    assert (event.timestamp, event.session_id, event.properties["coupon"]) == (TIME, "88", "SPRING")
    assert [e.value for e in event.to_events(TIME)] == [61.5, 24.0]
    assert [item.item_id for item in event.items] == ["tea", "77"]
    assert facts.users == (UserIn(user_id="ann", attributes={"membership": "gold"}),)


def test_ga4_reads_searches_lists_and_logins_and_names_what_it_cannot_use():
    body = {
        "client_id": "v",
        "user_id": "ann",
        "events": [
            {"name": "search", "params": {"search_term": "红茶"}},
            {"name": "view_item_list", "params": {"items": [{"item_id": "a", "index": 4}]}},
            {"name": "login", "params": {"method": "x"}},
            {"name": "begin_checkout", "params": {}},
            {"name": "confetti", "params": {}},
            {"name": "view_item", "params": {"items": [{"item_name": "only a name"}]}},
            {"name": "add_to_cart", "params": {}},
            {"params": {}},
        ],
    }
    facts = read("ga4", body)
    assert kinds(facts) == ["search", "impression"]
    assert facts.events[0].query == "红茶"
    assert facts.events[1].items[0].position == 4
    assert facts.merges == (("v", "ann"),)
    places = ["events.3", "events.4", "events.5", "events.6", "events.7"]
    assert [line.split(":")[0].removeprefix("record 1.") for line in facts.skipped] == places
    assert "'confetti': no meaning here" in facts.skipped[1]


def test_ga4_events_of_nobody_are_skipped():
    facts = read("ga4", {"events": [{"name": "view_item", "params": {"items": [{"item_id": "a"}]}}]})
    assert facts.events == ()
    assert "a user_id or a visitor_id" in facts.skipped[0]


def test_segment_reads_a_batch_of_all_kinds_of_calls():
    base = {"anonymousId": "anon", "timestamp": ISO, "messageId": "m"}
    body = {
        "batch": [
            {**base, "type": "track", "event": "Products Searched", "properties": {"query": "茶壶"}},
            {
                **base,
                "type": "track",
                "event": "Product Viewed",
                "context": {"device": {"type": "mobile"}},
                "properties": {
                    "product_id": "507f",
                    "sku": "G-32",
                    "name": "茶壶",
                    "price": 18.99,
                    "position": 3,
                },
            },
            {
                **base,
                "type": "track",
                "event": "Order Completed",
                "userId": "ann",
                "properties": {
                    "order_id": "50314b",
                    "total": 47.0,
                    "currency": "USD",
                    "products": [
                        {"product_id": "507f", "price": 19, "quantity": 2},
                        {"sku": "G-9", "price": 9},
                    ],
                },
            },
            {
                "type": "identify",
                "userId": "ann",
                "anonymousId": "anon",
                "traits": {"plan": "gold", "email": "a@b.c"},
            },
            {"type": "alias", "previousId": "old", "userId": "ann"},
            {"type": "page", "userId": "ann", "name": "Home"},
            {
                **base,
                "type": "track",
                "event": "Product Reviewed",
                "properties": {"product_id": "a", "rating": 2},
            },
            {**base, "type": "track", "event": "Product Reviewed", "properties": {"product_id": "a"}},
            {**base, "type": "track", "event": "Signed Up"},
        ]
    }
    facts = read("segment", body)
    assert kinds(facts) == ["search", "view", "purchase", "rate", "review"]
    search, view, order, rate, _ = facts.events
    assert (search.query, search.timestamp, search.event_id) == ("茶壶", TIME, "m")
    assert (view.items[0].item_id, view.items[0].position, view.context) == (
        "507f",
        2,
        {"device": "mobile"},
    )
    assert [e.value for e in order.to_events(TIME)] == [38.0, 9.0]
    assert (order.who, order.visitor_id, rate.value) == ("ann", "anon", 2.0)
    assert facts.merges == (("anon", "ann"), ("old", "ann"))
    assert facts.users == (UserIn(user_id="ann", attributes={"plan": "gold"}),)
    assert [line.split(":")[0] for line in facts.skipped] == ["record 1.batch.5", "record 1.batch.8"]


def test_google_retail_reads_an_event_as_it_is_written():
    event = one(
        read(
            "google_retail",
            {
                "eventType": "purchase-complete",
                "visitorId": "v",
                "eventTime": "2026-03-01T04:00:00.123456789Z",
                "userInfo": {"userId": "ann"},
                "attributionToken": "token",
                "productDetails": [{"product": {"id": "茶1"}, "quantity": 2}],
                "purchaseTransaction": {"id": "T", "revenue": 39.5, "currencyCode": "CNY"},
                "attributes": {"channel": {"text": ["ads"]}, "sizes": {"numbers": [1, 2]}},
            },
        )
    )
    assert (event.who, event.visitor_id, event.request_id, event.event_id) == ("ann", "v", "token", "T")
    assert event.to_events(TIME + 1)[0].value == 39.5
    assert event.properties == {"channel": "ads", "sizes": [1, 2]}
    assert event.timestamp == pytest.approx(TIME + 0.123456)


def test_google_retail_reads_imports_of_events_and_products():
    events = [
        {
            "eventType": "search",
            "visitorId": "v",
            "searchQuery": "鞋",
            "productDetails": [{"product": {"id": "a"}}],
        },
        {"eventType": "home-page-view", "visitorId": "v"},
        {"eventType": "category-page-view", "visitorId": "v", "pageCategories": ["A > B"]},
    ]
    facts = read("google_retail", {"inputConfig": {"userEventInlineSource": {"userEvents": events}}})
    assert kinds(facts) == ["search"]
    assert [e.event_type for e in facts.events[0].to_events(TIME)] == ["search", "impression"]
    assert len(facts.skipped) == 2
    product = {
        "name": "projects/p/locations/global/catalogs/default_catalog/branches/0/products/sku-1",
        "title": "跑鞋",
        "brands": ["Acme"],
        "categories": ["鞋 > 运动鞋", "Sale"],
        "priceInfo": {"price": 399, "currencyCode": "CNY"},
        "images": [{"uri": "https://shop.example/1.jpg"}],
        "availability": "OUT_OF_STOCK",
        "attributes": {"vendor": {"text": ["v1", "v2"]}},
        "primaryProductId": "sku",
        "publishTime": ISO,
    }
    facts = read(
        "google_retail", {"inputConfig": {"productInlineSource": {"products": [product, {"title": "x"}]}}}
    )
    (item,) = facts.items
    assert item.stored() == {
        "item_id": "sku-1",
        "title": "跑鞋",
        "brand": "Acme",
        "categories": ["鞋", "运动鞋"],
        "price": 399.0,
        "currency": "CNY",
        "image_url": "https://shop.example/1.jpg",
        "attributes": {"vendor": ["v1", "v2"], "other_categories": ["Sale"]},
        "available": False,
        "created_at": TIME,
        "group_id": "sku",
    }
    assert "products.1" in facts.skipped[0]
    assert "inline" in read("google_retail", {"inputConfig": {"gcsSource": {}}}).skipped[0]


def test_ubi_reads_a_query_its_results_and_the_click_that_follows():
    lines = [
        {
            "query_id": "q1",
            "client_id": "v",
            "user_query": "手机壳",
            "timestamp": ISO,
            "query_response_hit_ids": ["p1", 2],
            "query_attributes": {"page": 1},
        },
        {
            "action_name": "click",
            "query_id": "q1",
            "client_id": "v",
            "session_id": "s",
            "timestamp": ISO,
            "message": "Clicked",
            "event_attributes": {
                "object": {"object_id": "p1", "object_id_field": "sku"},
                "position": {"ordinal": 1},
            },
        },
        {"action_name": "product_hover", "client_id": "v", "timestamp": ISO},
        {"action_name": "dance", "client_id": "v", "timestamp": ISO},
        {"user_query": "x", "query_id": "q2", "timestamp": ISO},
        {"application": "x"},
    ]
    facts = read("ubi", "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode())
    assert kinds(facts) == ["search", "click"]
    search, click = facts.events
    assert [dict(e.context) for e in search.to_events(TIME)] == [{}, {"slot": 0}, {"slot": 1}]
    assert [e.item_id for e in search.to_events(TIME)] == [None, "p1", "2"]
    assert (click.item_id, click.position, click.query, click.request_id) == ("p1", 0, "手机壳", "q1")
    assert [line.split(":")[0] for line in facts.skipped] == ["line 3", "line 4", "line 5", "line 6"]


def test_algolia_reads_clicks_conversions_and_views():
    base = {"eventName": "x", "index": "products", "userToken": "v", "timestamp": 1_772_337_600_000}
    events: list[dict[str, Any]] = [
        {**base, "eventType": "click", "objectIDs": ["茶"], "positions": [2], "queryID": "q"},
        {
            **base,
            "eventType": "conversion",
            "eventSubtype": "purchase",
            "authenticatedUserToken": "ann",
            "objectIDs": ["a", "b"],
            "objectData": [{"price": 19.99, "quantity": 3}, {"price": "59.99", "quantity": 2}],
            "value": 179.95,
            "currency": "USD",
        },
        {
            **base,
            "eventType": "conversion",
            "eventSubtype": "addToCart",
            "objectIDs": ["a"],
            "objectData": [{"price": 5}],
        },
        {**base, "eventType": "view", "objectIDs": ["a", "b"]},
        {**base, "eventType": "view", "objectIDs": ["a"]},
        {**base, "eventType": "view", "filters": ["brand:x"]},
        {**base, "eventType": "gaze", "objectIDs": ["a"]},
    ]
    facts = read("algolia", {"events": events})
    assert kinds(facts) == ["click", "purchase", "add_to_cart", "impression", "view"]
    click, bought, added = facts.events[:3]
    assert (click.items[0].position, click.request_id, click.timestamp) == (1, "q", TIME)
    assert (bought.who, bought.visitor_id) == ("ann", "v")
    assert [e.value for e in bought.to_events(TIME)] == pytest.approx([59.97, 119.98])
    assert added.to_events(TIME)[0].value == 5.0
    assert [line.split(":")[0] for line in facts.skipped] == ["record 1.events.5", "record 1.events.6"]


def test_gorse_reads_feedback_items_and_users():
    facts = read(
        "gorse",
        [
            {
                "FeedbackType": "star",
                "UserId": "bob",
                "ItemId": "vuejs:vue",
                "Timestamp": ISO,
                "Comment": "好",
            },
            {"FeedbackType": "rating", "UserId": "bob", "ItemId": "a", "Value": 4},
            {"FeedbackType": "watch-later", "UserId": "bob", "ItemId": "a"},
            {"FeedbackType": "read", "ItemId": "a"},
            {
                "ItemId": "a",
                "IsHidden": True,
                "Categories": ["茶"],
                "Labels": ["green"],
                "Comment": "龙井",
                "Timestamp": ISO,
            },
            {"ItemId": "b", "Labels": {"colour": "red"}, "Timestamp": "0001-01-01T00:00:00Z"},
            {"UserId": "bob", "Labels": ["engineer"], "Comment": "his name"},
            {"Nothing": 1},
        ],
    )
    assert kinds(facts) == ["like", "rate"]
    assert (facts.events[0].timestamp, facts.events[1].value) == (TIME, 4.0)
    first, second = facts.items
    assert (first.title, first.categories, first.tags, first.available) == (
        "龙井",
        ("茶",),
        ("green",),
        False,
    )
    assert second.stored() == {"item_id": "b", "attributes": {"colour": "red"}}
    assert facts.users == (UserIn(user_id="bob", attributes={"labels": ["engineer"]}),)
    assert [line.split(":")[0] for line in facts.skipped] == ["record 3", "record 4", "record 8"]


def test_recombee_reads_a_batch_of_interactions_values_and_merges():
    requests = [
        {
            "method": "POST",
            "path": "/detailviews/",
            "params": {"userId": "u", "itemId": "a", "timestamp": ISO},
        },
        {
            "method": "POST",
            "path": "/purchases/",
            "params": {
                "userId": "u",
                "itemId": "a",
                "timestamp": TIME,
                "amount": 2,
                "price": 30,
                "recommId": "r",
            },
        },
        {"path": "/ratings/", "params": {"userId": "u", "itemId": "a", "rating": -0.5}},
        {"method": "POST", "path": "/bookmarks/", "params": {"userId": "u", "itemId": "a"}},
        {
            "method": "POST",
            "path": "/items/%E8%8C%B6",
            "params": {
                "!cascadeCreate": True,
                "title": "茶",
                "price": 5,
                "colour": "green",
                "images": ["https://a/b.jpg"],
            },
        },
        {"method": "POST", "path": "/users/u", "params": {"city": "杭州"}},
        {"method": "PUT", "path": "/users/u/merge/guest", "params": {}},
        {"method": "DELETE", "path": "/items/a"},
        {"method": "POST", "path": "/recomms/users/u/items/", "params": {}},
        {"params": {}},
    ]
    facts = read("recombee", {"requests": requests})
    assert kinds(facts) == ["view", "purchase", "rate", "wishlist"]
    bought = facts.events[1]
    assert (bought.to_events(TIME)[0].value, bought.quantity, bought.request_id) == (30.0, 2.0, "r")
    assert [event.timestamp for event in facts.events] == [TIME, TIME, None, None]
    assert facts.events[2].value == -0.5
    (item,) = facts.items
    assert item.stored() == {
        "item_id": "茶",
        "title": "茶",
        "price": 5.0,
        "image_url": "https://a/b.jpg",
        "attributes": {"colour": "green"},
    }
    kept = ItemIn(item_id="茶", title="old", brand="Acme", attributes={"size": 1})
    changed = ItemPatch.of(item).applied_to(kept)
    assert (changed.brand, changed.title, changed.attributes) == (
        "Acme",
        "茶",
        {"size": 1, "colour": "green"},
    )
    assert facts.merges == (("guest", "u"),)
    assert facts.users == (UserIn(user_id="u", attributes={"city": "杭州"}),)
    assert len(facts.skipped) == 3


def test_metarank_reads_its_four_kinds_of_events():
    shared = {"id": "r1", "timestamp": "1772337600000"}
    facts = read(
        "metarank",
        [
            {
                "event": "item",
                **shared,
                "item": "i1",
                "fields": [{"name": "title", "value": "可爱的猫"}, {"name": "colour", "value": ["white"]}],
            },
            {"event": "user", **shared, "user": "u", "fields": [{"name": "age", "value": 33}]},
            {
                "event": "ranking",
                **shared,
                "user": "u",
                "session": "s",
                "fields": [{"name": "query", "value": "猫"}],
                "items": [{"id": "i3", "relevancy": 2.0}, {"id": "i1"}],
            },
            {
                "event": "interaction",
                "id": "e1",
                "ranking": "r1",
                "timestamp": ISO,
                "session": "s",
                "type": "purchase",
                "item": "i1",
                "fields": [{"name": "count", "value": 2}, {"name": "price", "value": 3}],
            },
            {"event": "interaction", **shared, "user": "u", "type": "poke", "item": "i1"},
            {"event": "holiday", **shared},
        ],
    )
    assert kinds(facts) == ["impression", "purchase"]
    shown, bought = facts.events
    assert [(e.item_id, e.context) for e in shown.to_events(TIME)] == [
        ("i3", {"slot": 0}),
        ("i1", {"slot": 1}),
    ]
    assert (shown.query, shown.request_id, bought.request_id, bought.event_id) == ("猫", "r1", "r1", "e1")
    assert (bought.who, bought.timestamp, bought.to_events(TIME)[0].value) == ("s", TIME, 6.0)
    assert facts.items[0].stored() == {
        "item_id": "i1",
        "title": "可爱的猫",
        "attributes": {"colour": ["white"]},
    }
    assert facts.users == (UserIn(user_id="u", attributes={"age": 33}),)
    assert len(facts.skipped) == 2


def test_what_cannot_be_read_of_a_good_event_is_left_out_and_said():
    thing = {"item_id": "a", "price": "9,90 €", "index": -3}
    event = {"name": "add_to_cart", "params": {"value": "free", "items": [thing]}}
    facts = read("ga4", {"client_id": "v", "user_id": [1], "events": [event]})
    assert (facts.events[0].who, facts.events[0].items[0].item_id) == ("v", "a")
    assert [line.removeprefix("record 1.events.0") for line in facts.skipped] == [
        ": user_id is neither text nor a whole number, and left out",
        ".items: price is not a number, and left out",
        ".items: position is no place in a list, and left out",
        ": value is not a number, and left out",
    ]
    assert read("warmstart", {"events": 5}).skipped == ("record 1.events: not a list",)


def test_our_own_dialect_reads_all_kinds_of_records():
    facts = read(
        "warmstart",
        {
            "events": [{"user_id": "u", "item_id": "a"}, {"user_id": "u", "gaze": 1}],
            "items": [{"item_id": "a", "title": "茶"}],
            "users": [{"user_id": "u"}],
            "merges": [{"visitor_id": "v", "user_id": "u"}, {"visitor_id": "u", "user_id": "u"}],
        },
    )
    assert (len(facts.events), len(facts.items), len(facts.users)) == (1, 1, 1)
    assert facts.merges == (("v", "u"),)
    assert [line.split(":")[0] for line in facts.skipped] == ["record 1.events.1", "record 1.merges.1"]
    loose = read("warmstart", [{"user_id": "u", "query": "茶"}, {"item_id": "a"}, {"user_id": "u"}])
    assert (len(loose.events), len(loose.items), len(loose.users)) == (1, 1, 1)


def test_unknown_dialects_broken_json_and_too_many_records_are_refused():
    with pytest.raises(InputError, match="google_retail"):
        read("matomo", {})
    with pytest.raises(InputError, match="JSON"):
        read("ga4", b'{"events": ')
    click = {"eventType": "click", "userToken": "v", "objectIDs": ["a"]}
    with pytest.raises(InputError, match="at most 2"):
        read("algolia", {"events": [click] * 3}, most=2)
    with pytest.raises(InputError, match="at most 2"):
        read("algolia", [click] * 3, most=2)
    facts = read("algolia", f"{json.dumps(click)}\nnonsense\n{json.dumps(click)}")
    assert len(facts.events) == 2
    assert facts.skipped[0].startswith("line 2: ")


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_every_dialect_maps_to_our_event_types_and_cites_its_specification(dialect):
    assert set(dialect.event_types.values()) <= set(EVENT_TYPES)
    assert not set(dialect.event_types) & set(dialect.unused)
    assert dialect.spec
    assert dialect.notes
