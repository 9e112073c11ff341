"""Who calls, and which shop they mean."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.concurrency import run_in_threadpool

from warmstart.serve.problems import MEDIA_TYPE
from warmstart.serve.security.callers import Caller, Scope
from warmstart.serve.security.errors import Forbidden
from warmstart.serve.shop import LiveShop
from warmstart.serve.state import Service

_bearer = HTTPBearer(auto_error=False, description="An API key or a token.")
_api_key = APIKeyHeader(name="X-API-Key", auto_error=False)

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


def allowed(scope: Scope) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """A dependency: the caller, if they may do this, now."""

    async def check(
        request: Request,
        service: Serving,
        _bearer_seen: Any = Security(_bearer, scopes=[scope]),  # noqa: B008  # the scope is known here only
        _key_seen: Any = Security(_api_key, scopes=[scope]),  # noqa: B008
    ) -> Caller:
        shown = request.headers.get("authorization"), request.headers.get("x-api-key")
        if service.guard.is_quick(*shown):
            caller = service.guard.who(*shown)
        else:
            caller = await run_in_threadpool(service.guard.who, *shown)
        request.state.tenant, request.state.key_id = caller.tenant, caller.key_id
        wait = service.guard.wait(caller)
        if wait > 0:
            raise HTTPException(
                429, f"Too many requests; try again in {wait:.1f} s.", {"Retry-After": str(int(wait) + 1)}
            )
        if not caller.allows(scope):
            raise Forbidden(scope, caller.scopes)
        return caller

    return check


Reader = Annotated[Caller, Depends(allowed("read"))]
Writer = Annotated[Caller, Depends(allowed("write"))]
Admin = Annotated[Caller, Depends(allowed("admin"))]


async def _read_shop(caller: Reader, service: Serving) -> LiveShop:
    return await service.shop(caller.tenant)


async def _write_shop(caller: Writer, service: Serving) -> LiveShop:
    return await service.shop(caller.tenant)


async def _admin_shop(caller: Admin, service: Serving) -> LiveShop:
    return await service.shop(caller.tenant)


ReadShop = Annotated[LiveShop, Depends(_read_shop)]
WriteShop = Annotated[LiveShop, Depends(_write_shop)]
AdminShop = Annotated[LiveShop, Depends(_admin_shop)]


class Json(Response):
    """JSON, written fast."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes of the body."""
        import orjson

        return orjson.dumps(content)
