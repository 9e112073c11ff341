"""The page about HTTP, from the service's own OpenAPI description."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_INTRO = """\
Paths begin with `/v1`, except for `/healthz`, `/readyz`, `/metrics` and `/openapi.json`. From the last
this page is made, and clients in other languages can be. Bodies are JSON; unknown fields are refused.
Keys travel as `Authorization: Bearer KEY` or `X-API-Key: KEY`; the scope `admin` includes the others.
Each answer has the header `X-Request-Id`. [How to, with curl](../how-to/serve.md).
"""


def http_page(generated: str) -> str:
    """Every path: who may call it, what can be said, an example, and what comes back."""
    from warmstart.serve.app import create_app
    from warmstart.serve.settings import ServeSettings

    description = create_app(ServeSettings()).openapi()
    schemas: dict[str, Schema] = description["components"]["schemas"]
    parts = ["# HTTP: paths, fields, answers\n", generated, _INTRO, *_table_of_paths(description)]
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            parts += _operation(method.upper(), path, operation, schemas)
    parts += ["## Shapes\n", *_shapes(schemas), *_errors(description)]
    return "\n".join(parts)


def _table_of_paths(description: Schema) -> list[str]:
    rows = [
        f"| `{method.upper()} {path}` | {_scope(operation)} | {operation['summary'].rstrip('.')} |"
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    return ["| call | scope | what for |", "|---|---|---|", *rows, ""]


def _scope(operation: Schema) -> str:
    asked = operation.get("security", [])
    return f"`{next(iter(asked[0].values()))[0]}`" if asked else "none"


def _operation(method: str, path: str, operation: Schema, schemas: Mapping[str, Schema]) -> list[str]:
    parts = [
        f"## {method} {path}\n",
        f"{_one_line(operation['description'])} Scope: {_scope(operation)}.\n",
    ]
    if parameters := operation.get("parameters", []):
        rows = [_parameter(one) for one in parameters]
        parts += ["| parameter | where | type | what it is | default |", "|---|---|---|---|---|", *rows, ""]
    if body := operation.get("requestBody"):
        parts += _body(body["content"], schemas)
    return [*parts, _comes_back(operation["responses"]["200"])]


def _parameter(one: Schema) -> str:
    schema = one["schema"]
    default = "required" if one.get("required") else f"`{json.dumps(schema.get('default', ''))}`"
    text = _cell(one.get("description") or schema.get("description", ""))
    return f"| `{one['name']}` | {one['in']} | {_type(schema)} | {text} | {default} |"


def _body(content: Schema, schemas: Mapping[str, Schema]) -> list[str]:
    json_body = content["application/json"]
    schema, parts = json_body["schema"], list[str]()
    if "$ref" in schema:
        name = _name(schema)
        model = schemas[name]
        parts += [_link(name) + "\n"] if name == "ItemPatch" else _fields(model)
        examples = model.get("examples", [])
    else:
        whole = [_type(one) for one in schema.get("anyOf", [schema])]
        lines = ", or NDJSON, one record a line" if "application/x-ndjson" in content else ""
        parts.append(f"The body: {' or '.join(whole)}{lines}.\n")
        examples = [one["value"] for one in json_body.get("examples", {}).values()]
    return [*parts, *_examples(examples)]


def _examples(examples: list[Any]) -> list[str]:
    lines = [json.dumps(one, ensure_ascii=False) for one in examples]
    return ["```json", *lines, "```\n"] if lines else []


def _comes_back(answer: Schema) -> str:
    content = answer.get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    return f"Answer: {_link(_name(schema))}.\n" if "$ref" in schema else "Answer: text for Prometheus.\n"


def _shapes(schemas: Mapping[str, Schema]) -> Iterator[str]:
    shown = {"ItemIn", "ItemPatch", "UserIn", "EventIn", "EventItem", "BoostIn", "AnswerIn"}
    for name in sorted(schemas):
        if name in shown or name.endswith("Out") or name == "ProblemField":
            schema = schemas[name]
            yield f"### {name}\n"
            yield f"{_one_line(schema.get('description', ''))}\n"
            yield from _fields(schema)
            yield from _examples(schema.get("examples", []) if name.endswith("Out") else [])


def _fields(schema: Schema) -> list[str]:
    required = set(schema.get("required", []))
    rows = [
        f"| `{name}` | {_type(one)} | {_cell(one.get('description', ''))} "
        f"| {_default(name, one, required)} |"
        for name, one in schema.get("properties", {}).items()
    ]
    return ["| field | type | what it is | default |", "|---|---|---|---|", *rows, ""]


def _default(name: str, schema: Schema, required: set[str]) -> str:
    if name in required:
        return "required"
    default = schema.get("default")
    return "" if default in (None, "", [], {}) else f"`{json.dumps(default)}`"


def _type(schema: Schema) -> str:
    """A type in words, with its bounds."""
    if "$ref" in schema:
        return _link(_name(schema))
    if "enum" in schema:
        return "one of " + ", ".join(f"`{one}`" for one in schema["enum"])
    if inner := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_type(one) for one in inner))
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}{_bounds(schema, 'Items')}"
    return f"{kind}{_bounds(schema, 'Length')}"


def _bounds(schema: Schema, of: str) -> str:
    if "maximum" in schema and "minimum" in schema:
        return f", {schema['minimum']:g} to {schema['maximum']:g}"
    most = schema.get(f"max{of}", schema.get("maxProperties"))
    return "" if most is None else f", at most {most:,}"


def _name(schema: Schema) -> str:
    return str(schema["$ref"].rpartition("/")[2])


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")


def _errors(description: Schema) -> list[str]:
    responses = description["paths"]["/v1/search"]["post"]["responses"]
    rows = [f"| {code} | {one['description']} |" for code, one in responses.items() if code != "200"]
    text = "Every error is a [problem](#problemout) (RFC 9457), as `application/problem+json`.\n"
    return ["## Errors\n", text, "| status | means |", "|---|---|", *rows, ""]
