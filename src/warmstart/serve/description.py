"""The OpenAPI description of the service, whole: what FastAPI cannot see from the signatures is added."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel

from warmstart.data.wire.events import EventIn
from warmstart.data.wire.items import ItemIn
from warmstart.data.wire.records import UserIn
from warmstart.serve.answers import ProblemOut
from warmstart.serve.routes.common import API_KEY

_REF: Final = "#/components/schemas/{model}"
_BESIDE: Final[tuple[type[BaseModel], ...]] = (ItemIn, UserIn, EventIn, ProblemOut)
"""What bodies are read into by hand, and what comes instead of an answer."""


def describe(app: FastAPI) -> None:
    """Let `/openapi.json` name every shape that comes and goes."""
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]  # as FastAPI documents it


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is not None:
        return app.openapi_schema
    description = FastAPI.openapi(app)
    schemas = description["components"]["schemas"]
    for model in _BESIDE:
        found = model.model_json_schema(ref_template=_REF)
        for name, inner in found.pop("$defs", {}).items():
            schemas.setdefault(name, inner)
        schemas.setdefault(model.__name__, found)
    _name_both_headers(description)
    return description


def _name_both_headers(description: dict[str, Any]) -> None:
    """A key may come as a bearer or in a header of its own."""
    own = API_KEY.scheme_name
    schemes = description["components"]["securitySchemes"]
    schemes[own] = API_KEY.model.model_dump(mode="json", by_alias=True, exclude_none=True)
    for operations in description["paths"].values():
        for operation in operations.values():
            needed = [scopes for one in operation.get("security", ()) for scopes in one.values()]
            operation.get("security", []).extend({own: scopes} for scopes in needed)
