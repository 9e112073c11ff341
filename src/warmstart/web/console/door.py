"""Who may come into the console, and what keeps others from acting through them."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

from warmstart.serve.routes.common import Serving
from warmstart.serve.run import LOOPBACK
from warmstart.serve.security.callers import Caller
from warmstart.serve.security.errors import Unauthorised
from warmstart.serve.security.guard import OPEN_CALLER
from warmstart.serve.settings import SYSTEM
from warmstart.serve.shop import LiveShop
from warmstart.serve.state import Service
from warmstart.web.console.sessions import LASTING, Sessions
from warmstart.web.visitors import is_from_here

COOKIE: Final = "warmstart_console"
_PATH: Final = "/console"
_LOGINS: Final = 5.0
"""Attempts to log in, a second, for each address."""


def sessions_of(service: Service) -> Sessions:
    """The sessions of a service."""
    return Sessions(service.store.tenant(SYSTEM), service.guard.keys)


async def log_in(request: Request, response: Response, service: Service, secret: str) -> Caller:
    """Begin a session. Errors: `Unauthorised`, `Forbidden`, 429 for too many attempts."""
    address = request.client.host if request.client else ""
    _let_pass(service.guard.limiter.take(f"login/{address}", 1, _LOGINS))
    caller = await run_in_threadpool(service.guard.keys.verify, secret.strip())
    if caller is None or caller.tenant == SYSTEM:
        raise Unauthorised("a key that is unknown or has ended")
    caller.require("admin")
    session_id = await run_in_threadpool(sessions_of(service).begin, caller)
    if not session_id:
        raise Unauthorised("a key that is unknown or has ended")
    response.set_cookie(
        COOKIE,
        session_id,
        max_age=int(LASTING),
        path=_PATH,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return caller


async def log_out(request: Request, response: Response, service: Service) -> None:
    """End the session of a browser, if it has one."""
    await run_in_threadpool(sessions_of(service).end, request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE, path=_PATH, httponly=True, samesite="strict")


def check_from_here(request: Request) -> None:
    """Errors: 403 where another site sends the request, 415 where a form does."""
    if not is_from_here(request):
        raise HTTPException(403, "Only the pages of this console may do this.")
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HTTPException(415, "A body needs 'Content-Type: application/json'.")


async def here(request: Request, service: Serving) -> Caller:
    """The administrator who asks. Errors: `Unauthorised`, `Forbidden`, 421 and 429."""
    caller = _open_to(request) if service.guard.open else await _of_session(request, service)
    request.state.tenant, request.state.key_id = caller.tenant, caller.key_id
    caller.require("admin")
    _let_pass(service.guard.wait(caller))
    return caller


async def _acting(request: Request, caller: Annotated[Caller, Depends(here)]) -> Caller:
    check_from_here(request)
    return caller


async def _shop(caller: Annotated[Caller, Depends(here)], service: Serving) -> LiveShop:
    return await service.shop(caller.tenant)


Here = Annotated[Caller, Depends(here)]
Acting = Annotated[Caller, Depends(_acting)]
Shop = Annotated[LiveShop, Depends(_shop)]


def _open_to(request: Request) -> Caller:
    """Whoever asks by the name of this machine: under another name a foreign page may have led here."""
    if request.url.hostname not in LOOPBACK:
        raise HTTPException(421, "This console is open to this machine alone.")
    return OPEN_CALLER


async def _of_session(request: Request, service: Service) -> Caller:
    session_id = request.cookies.get(COOKIE, "")
    caller = await run_in_threadpool(sessions_of(service).caller, session_id) if session_id else None
    if caller is None:
        raise Unauthorised("no session, or one that has ended")
    return caller


def _let_pass(wait: float) -> None:
    if wait > 0:
        raise HTTPException(
            429, f"Too many requests; try again in {wait:.1f} s.", {"Retry-After": str(int(wait) + 1)}
        )
