"""The OpenAPI description names everything that comes and goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("fastapi")

from pydantic import TypeAdapter

from tests.serve.conftest import ITEMS
from warmstart.serve import answers as o
from warmstart.serve.app import create_app
from warmstart.serve.settings import ServeSettings

DESCRIPTION: dict[str, Any] = create_app(ServeSettings()).openapi()
SCHEMAS = DESCRIPTION["components"]["schemas"]
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
}


def names_in(value: Any) -> set[str]:
    """Every schema that is referred to."""
    if isinstance(value, dict):
        own = {value["$ref"].rpartition("/")[2]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(names_in, value.values()))
    return set[str]().union(*map(names_in, value)) if isinstance(value, list) else set()


def examples_of(operation: dict[str, Any]) -> list[Any]:
    body = operation["requestBody"]["content"]["application/json"]
    if "examples" in body:
        return [one["value"] for one in body["examples"].values()]
    return list(SCHEMAS[body["schema"]["$ref"].rpartition("/")[2]].get("examples", []))


def test_every_shape_that_is_named_is_there():
    assert names_in(DESCRIPTION) <= set(SCHEMAS)
    json.dumps(DESCRIPTION)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_has_a_shape_and_every_problem_too(name):
    for code, answer in OPERATIONS[name]["responses"].items():
        content = answer["content"]
        assert all(one.get("schema") for one in content.values())
        assert (code == "200") or "ProblemOut" in json.dumps(content) or name == "GET /readyz"


@pytest.mark.parametrize("name", [name for name, said in OPERATIONS.items() if "/v1/" in name])
def test_every_path_says_which_scope_it_asks_for(name):
    scopes = {scope for one in OPERATIONS[name]["security"] for names in one.values() for scope in names}
    assert len(scopes) == 1
    assert scopes <= {"read", "write", "admin"}
    assert ("/admin/" in name) <= (scopes == {"admin"})


@pytest.mark.parametrize("name", [name for name, said in OPERATIONS.items() if "requestBody" in said])
def test_every_body_has_an_example_that_is_answered_in_the_shape_that_is_promised(name, shop):
    method, path = name.split()
    shop.ask("/v1/items", [{**ITEMS[0], "item_id": "tea-7"}, {**ITEMS[2], "item_id": "kettle-1"}])
    examples = examples_of(OPERATIONS[name])
    assert examples
    if path == "/v1/admin/refit":
        examples = []  # tested where models are fitted; takes seconds
    shape = OPERATIONS[name]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    for example in examples:
        where = path.format(item_id="tea-7", dialect="ga4")
        found = shop.client.request(method, where, json=example, headers=shop.headers)
        assert found.status_code == 200, found.text
        if model := getattr(o, shape.rpartition("/")[2], None):
            TypeAdapter(model).validate_python(found.json())


def test_an_answer_has_no_field_that_is_not_described(shop):
    for path, body, model in (
        ("/v1/search", {"query": "tea", "explain": True}, o.ListOut),
        ("/v1/onboard", {}, o.OnboardOut),
        ("/v1/suggest", {"prefix": "te"}, o.SuggestOut),
        ("/v1/items", ITEMS[0], o.TakenOut),
        ("/v1/users/merge", {"visitor_id": "v", "user_id": "u"}, o.MergedOut),
        ("/v1/admin/keys", {}, o.NewKeyOut),
    ):
        assert set(shop.ask(path, body)) <= set(model.model_fields)
    item = shop.ask("/v1/search", {"query": "tea"})["items"][0]
    assert set(item) == set(o.ItemOut.model_fields)
    assert set(item["reasons"][0]) == set(o.ReasonOut.model_fields)
