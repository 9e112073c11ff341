"""Who calls, and which shop they mean."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.concurrency import run_in_threadpool

from warmstart.serve.problems import MEDIA_TYPE
from warmstart.serve.security.callers import Caller, Scope
from warmstart.serve.security.errors import Forbidden
from warmstart.serve.shop import LiveShop
from warmstart.serve.state import Service

BEARER = HTTPBearer(auto_error=False, description="An API key or a token.")
API_KEY = APIKeyHeader(name="X-API-Key", auto_error=False)

PROBLEM = {"$ref": "#/components/schemas/ProblemOut"}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"description": text, "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
    for code, text in {
        400: "The input cannot be used.",
        401: "No valid key.",
        403: "The key may not do this.",
        404: "Unknown id.",
        409: "There is no such model.",
        413: "The body is too large.",
        422: "The request has another shape.",
        429: "Too many requests.",
        500: "A bug.",
        503: "Try again.",
        507: "The store is full.",
    }.items()
}


async def service_of(request: Request) -> Service:
    """The service of this worker; a coroutine, for which no thread is woken."""
    service: Service = request.app.state.service
    return service


Serving = Annotated[Service, Depends(service_of)]


async def _checked(request: Request, scope: Scope) -> Caller:
    """The caller, if they may do this, now. Counted once for each request."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        caller = request.state.caller = await _let_in(request)
    if not caller.allows(scope):
        raise Forbidden(scope, caller.scopes)
    return caller


async def _let_in(request: Request) -> Caller:
    guard = request.app.state.service.guard
    shown = request.headers.get("authorization"), request.headers.get("x-api-key")
    caller: Caller
    if guard.is_quick(*shown):
        caller = guard.who(*shown)
    else:
        caller = await run_in_threadpool(guard.who, *shown)
    request.state.tenant, request.state.key_id = caller.tenant, caller.key_id
    wait = guard.wait(caller)
    if wait > 0:
        raise HTTPException(
            429, f"Too many requests; try again in {wait:.1f} s.", {"Retry-After": str(int(wait) + 1)}
        )
    return caller


class _Caller(SecurityBase):
    """A dependency: who calls, where they may do what needs this scope.

    It needs no other dependency: solving several takes longer than what they do. So it reads both headers
    itself; that keys go in either is added to the description elsewhere (`description.describe`).
    """

    def __init__(self, scope: Scope) -> None:
        self.model, self.scheme_name, self._scope = BEARER.model, BEARER.scheme_name, scope

    async def __call__(self, request: Request) -> Caller:
        """Errors: `Unauthorised`, `Forbidden`; 429 for who comes too often."""
        return await _checked(request, self._scope)


class _Shop(_Caller):
    """A dependency: the shop of who calls."""

    async def __call__(self, request: Request) -> LiveShop:  # type: ignore[override]  # FastAPI asks it
        """Errors: as for the caller, and those of opening the shop."""
        caller = await _checked(request, self._scope)
        shop: LiveShop = await request.app.state.service.shop(caller.tenant)
        return shop


Writer = Annotated[Caller, Security(_Caller("write"), scopes=["write"])]
Admin = Annotated[Caller, Security(_Caller("admin"), scopes=["admin"])]
ReadShop = Annotated[LiveShop, Security(_Shop("read"), scopes=["read"])]
WriteShop = Annotated[LiveShop, Security(_Shop("write"), scopes=["write"])]
AdminShop = Annotated[LiveShop, Security(_Shop("admin"), scopes=["admin"])]


class Json(Response):
    """JSON, written fast."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes of the body."""
        import orjson

        return orjson.dumps(content)
