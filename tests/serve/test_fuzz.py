"""Whatever is sent to any endpoint gets an answer of the shape that the OpenAPI page promises."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("schemathesis")

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from tests.serve.conftest import ADMIN, ITEMS, Shop
from warmstart.serve.app import create_app
from warmstart.serve.settings import ServeSettings

CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]

API = schemathesis.openapi.from_dict(create_app(ServeSettings()).openapi())
OPERATIONS: list[Any] = [found.ok() for found in API.get_all_operations()]  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    """A shop that anything may happen to; nothing is learned anew in it."""

    async def learn(*_):
        return {"promoted": False, "why": "not in this test"}

    with pytest.MonkeyPatch.context() as here:
        here.setenv("WARMSTART_ADMIN_KEY", ADMIN)
        here.setattr("warmstart.serve.shop.learn", learn)
        home = tmp_path_factory.mktemp("fuzzed")
        chosen = ServeSettings(
            home=home, encoder="catalogue", refit_minutes=0.0, rate=1e6, burst=1e6, follow_seconds=3600.0
        )
        with TestClient(create_app(chosen), raise_server_exceptions=False) as client:
            shop = Shop(client)
            shop.ask("/v1/items", ITEMS)
            shop.ask("/v1/events", {"event_type": "click", "user_id": "ann", "item_id": "tea"})
            yield shop


def request_of(case, headers):
    """What the client of this test has to be told to send a case."""
    said = case.as_transport_kwargs(base_url="http://testserver", headers=headers)
    sent = {name: value for name, value in said.items() if value is not None and name != "cookies"}
    if isinstance(sent.get("data"), str | bytes):
        sent["content"] = sent.pop("data")
    return sent


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_answer_is_as_the_page_says(fuzzed, operation, mode):
    @settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def check(case):
        answer = fuzzed.client.request(**request_of(case, fuzzed.headers))
        case.validate_response(answer, checks=CHECKS)

    try:
        check()
    except Unsatisfiable:
        assert mode == schemathesis.GenerationMode.NEGATIVE  # nothing can be wrong with it


NASTY = [
    "'; DROP TABLE entries; --",
    '" OR 1=1 --',
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "\x00",
    "a\x00b",
    "x" * 600,
    "x" * 1_900,
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "\u202e\u2066abc\u2069",
    "مرحبا שלום",
    "\ud800",
    "a\udfff",
    "${jndi:ldap://x}{{7*7}}",
    "*",
    "(((((",
    "NEAR/0 AND OR NOT",
    "\r\nSet-Cookie: a=b",
    "\ufeff\ufffe",
    " ",
    "0x1p-1074",
]
FILTERS = [
    *({"brand": text} for text in NASTY),
    *({text: "x"} for text in NASTY),
    *({"price": {text: 5}} for text in NASTY[:6]),
    {"price": {"lte": "cheap"}},
    {"price": {"lte": float("nan")}},
    {"price": {"lte": float("inf"), "gte": -1e308}},
    {"price": {"lte": 10**400}},
    {"price": {"lte": 10**25}},
    {"price": {"lte": None}},
    {"price": {"lte": {"lte": {"lte": 1}}}},
    {"price": [[[1]]]},
    {"price": {"not": {"not": ["a"]}}},
    {"price": {}},
    {"brand": []},
    {"brand": [None, True, 1, "a", {}]},
    {"brand": True},
    {"categories": {"not": 7}},
    {"created_at": {"gte": "yesterday"}},
    {"item_id": ["tea"]},
    {"title": {"lte": 1}},
    {"user_id": "ann"},
    {"attributes": {"a": "b"}},
    {"attributes.a": 1},
]
DEEP = "[" * 50_000


def cursor_with(text: str) -> str:
    return (
        base64.urlsafe_b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"))).decode().rstrip("=")
    )


CURSORS = [
    *NASTY,
    cursor_with(DEEP),
    cursor_with('["\\ud800"]'),
    cursor_with("[" + "9" * 5000 + "]"),
    cursor_with("0" * 3_000_000),
    cursor_with('{"a": 1}'),
    cursor_with("[1]"),
    cursor_with("[null]"),
    cursor_with("NaN"),
    "AAAA",
    "====",
    "é" * 99,
]


def send(shop: Shop, method: str, path: str, body: object = None) -> None:
    """Whatever it is: no failure of ours, and an answer that is JSON."""
    content = None if body is None else json.dumps(body).encode()
    answer = shop.client.request(
        method, path, content=content, headers={**shop.headers, "Content-Type": "application/json"}
    )
    assert answer.status_code < 500, (path, body, answer.text)
    answer.json()
    assert shop.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]


@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: ascii(filters)[:40])
def test_filters_are_data(fuzzed, filters):
    send(fuzzed, "POST", "/v1/search", {"query": "tea", "filter": filters})
    boost = [{"filter": filters, "weight": 1}]
    send(fuzzed, "POST", "/v1/recommend", {"user_id": "ann", "boost": boost})


@pytest.mark.parametrize("cursor", CURSORS, ids=lambda cursor: ascii(cursor)[:40])
def test_cursors_are_data(fuzzed, cursor):
    send(fuzzed, "POST", "/v1/search", {"query": "tea", "cursor": cursor})
    send(fuzzed, "POST", "/v1/trending", {"cursor": cursor, "n": 1})


@pytest.mark.parametrize("text", NASTY, ids=lambda text: ascii(text)[:40])
def test_texts_and_ids_are_data(fuzzed, text):
    for body in (
        {"query": text},
        {"query": text, "user_id": text},
        {"query": f"tea {text}", "sentence": True},
    ):
        send(fuzzed, "POST", "/v1/search", body)
    send(fuzzed, "POST", "/v1/recommend", {"user_id": text, "text": text, "context": {text: text}})
    send(fuzzed, "POST", "/v1/recommend", {"exclude": [text], "context": {"a": {"b": [text]}}})
    for path in ("/v1/similar", "/v1/complement", "/v1/explain"):
        send(fuzzed, "POST", path, {"item_id": text})
    send(fuzzed, "POST", "/v1/rank", {"item_ids": [text, "tea"], "query": text})
    send(fuzzed, "POST", "/v1/cart", {"item_ids": [text]})
    send(fuzzed, "POST", "/v1/suggest", {"prefix": text[:200]})
    send(fuzzed, "POST", "/v1/onboard", {"answers": [{"item_id": text, "value": 1e308}]})
    send(
        fuzzed,
        "POST",
        "/v1/items",
        {"item_id": text, "title": text, "brand": text, "attributes": {text: text}},
    )
    send(fuzzed, "POST", "/v1/users", {"user_id": text, "attributes": {"a": text}})
    event = {"event_type": "click", "user_id": text, "item_id": text, "query": text, "event_id": text}
    send(fuzzed, "POST", "/v1/events", {**event, "context": {text: text}, "session_id": text})
    send(fuzzed, "POST", "/v1/users/merge", {"visitor_id": text, "user_id": f"{text[:500]}2"})
    send(fuzzed, "POST", "/v1/admin/keys", {"name": text, "scopes": ["read"], "expires_at": 1e300})
    send(fuzzed, "POST", "/v1/dialects/metarank", {"event": text, "id": text, "user": text, "item": text})
    in_path = quote(text, safe="", errors="surrogatepass")
    send(fuzzed, "POST", f"/v1/dialects/{in_path}", {})
    for method, path in (
        ("GET", "/v1/items/"),
        ("DELETE", "/v1/items/"),
        ("DELETE", "/v1/users/"),
        ("DELETE", "/v1/admin/keys/"),
    ):
        send(fuzzed, method, path + in_path)
    send(fuzzed, "PATCH", f"/v1/items/{in_path}", {"title": text})
    send(fuzzed, "GET", f"/v1/users/{in_path}/export")


RAW = {
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "closed deep lists": b"[" * 900 + b"]" * 900,
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "a long number": b"9" * 10_000,
    "not a number": b'{"n": NaN, "query": "tea", "item_id": "a", "price": Infinity}',
    "a number beyond all": b'{"n": 1e999, "query": "tea"}',
    "twice": b'{"query": "tea", "query": "pot"}',
    "a text": b'"tea"',
    "null": b"null",
    "many lines": b"{}\n" * 20_000,
}


@pytest.mark.parametrize("body", RAW.values(), ids=RAW)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_bodies_that_are_none_are_told_so(fuzzed, operation, body):
    method, path = operation.method.upper(), operation.path.replace("{", "").replace("}", "")
    for kind in ("application/json", "application/x-ndjson"):
        headers = {**fuzzed.headers, "Content-Type": kind}
        answer = fuzzed.client.request(method, path, content=body, headers=headers)
        assert answer.status_code < 500, answer.text


HEADERS = [
    {"Authorization": "Bearer " + "x" * 10_000},
    {"Authorization": b"Bearer \xff\xfe"},
    {"Authorization": "Basic YTpi"},
    {"Authorization": "Bearer a.b.c"},
    {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJ0ZW5hbnQiOiJkZWZhdWx0Iiwic2NvcGUiOiJhZG1pbiJ9."},
    {"X-API-Key": "ws_aaaaaaaaaa_" + "a" * 43},
    {"X-API-Key": ADMIN, "Authorization": "Bearer other"},
    {"X-API-Key": ADMIN[:-1]},
    {"X-API-Key": ""},
]


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: ascii(headers)[:40])
def test_credentials_that_are_none_open_nothing(fuzzed, headers):
    answer = fuzzed.client.post("/v1/search", json={"query": "tea"}, headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("key", ["", "x" * 300, "x" * 400, "'; --", "\x7f", "é"])
def test_idempotency_keys_are_data(fuzzed, key):
    event = {"event_type": "view", "user_id": "u", "item_id": "tea"}
    headers = [*((k.encode(), v.encode()) for k, v in fuzzed.headers.items())]
    headers.append((b"idempotency-key", key.encode()))
    answer = fuzzed.client.post("/v1/events", json=[event, event], headers=headers)
    assert answer.status_code in (200, 422)


def examples():
    """Every example of the page, with where it is sent."""
    schemas = API.raw_schema["components"]["schemas"]
    for operation in OPERATIONS:
        content = (
            operation.definition.raw.get("requestBody", {}).get("content", {}).get("application/json", {})
        )
        named = [found["value"] for found in content.get("examples", {}).values()]
        schema = content.get("schema", {})
        schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        for i, body in enumerate([*named, *schema.get("examples", [])]):
            yield pytest.param(operation, body, id=f"{operation.label} {i}")


@pytest.mark.parametrize(("operation", "body"), list(examples()))
def test_every_example_of_the_page_runs(fuzzed, operation, body):
    path = operation.path.format(item_id="tea", dialect="ga4")
    fuzzed.ask(
        "/v1/items", [{"item_id": "tea-7", "title": "Tea"}, {"item_id": "kettle-1", "title": "Kettle"}]
    )
    answer = fuzzed.client.request(operation.method, path, json=body, headers=fuzzed.headers)
    assert answer.status_code == 200, answer.text
