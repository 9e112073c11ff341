"""Errors as problems (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from warmstart.core.errors import (
    ArtifactError,
    InputError,
    NotFittedError,
    UnknownIdError,
    WarmstartError,
)
from warmstart.data.wire.problems import MOST_FIELDS
from warmstart.serve.security.errors import Forbidden, Unauthorised
from warmstart.store.errors import StoreBusyError, StoreError, StoreFullError, StoreUnavailableError

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
_STATUS: Final[tuple[tuple[type[WarmstartError], int, str], ...]] = (
    (Unauthorised, 401, "Not authorised"),
    (Forbidden, 403, "Not allowed"),
    (UnknownIdError, 404, "Unknown id"),
    (InputError, 400, "Unusable input"),
    (NotFittedError, 503, "Not ready"),
    (ArtifactError, 409, "No such model"),
    (StoreFullError, 507, "Store full"),
    (StoreBusyError, 503, "Store busy"),
    (StoreUnavailableError, 503, "Store unavailable"),
    (StoreError, 500, "Store error"),
    (WarmstartError, 400, "Unusable request"),
)
RETRY: Final = {503: "1", 507: "60"}


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    request: Request | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """A problem as a response."""
    request_id = getattr(request.state, "request_id", None) if request is not None else None
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    if request_id:
        body["request_id"] = request_id
    return JSONResponse(body, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def handle_problems(app: FastAPI) -> None:
    """Let every error leave as a problem, and none with a trace of our insides."""
    app.add_exception_handler(WarmstartError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WarmstartError)  # noqa: S101  # registered for these alone
    status, title = next((s, t) for kind, s, t in _STATUS if isinstance(error, kind))
    headers = {"Retry-After": RETRY[status]} if status in RETRY else {}
    if isinstance(error, Unauthorised):
        headers["WWW-Authenticate"] = error.challenge
    if status >= 500:
        log.error("%s: %s", title, error)
        if isinstance(error, StoreError):  # its message names files and servers
            return problem(status, title, "Try again; the log has more.", request=request, headers=headers)
    return problem(
        status,
        title,
        str(error),
        request=request,
        headers=headers,
        expected=error.expected,
        found=error.found,
        todo=error.todo,
    )


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = [
        {"field": ".".join(str(part)[:60] for part in said["loc"]), "expected": said["msg"][:300]}
        for said in error.errors()[:MOST_FIELDS]
    ]
    detail = "; ".join(f"{said['field']}: {said['expected']}" for said in found)[:1000]
    if not _says_json(request):
        detail = f"A body needs 'Content-Type: application/json' (curl: --json instead of -d). {detail}"
    return problem(422, "Unusable request", detail, request=request, problems=found)


def _says_json(request: Request) -> bool:
    """Whether the body says that it is JSON; curl calls it a form unless told otherwise."""
    return request.method in ("GET", "DELETE") or "json" in request.headers.get("content-type", "")


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    return problem(
        error.status_code, str(error.detail), str(error.detail), request=request, headers=error.headers
    )


async def _bug(request: Request, error: Exception) -> JSONResponse:
    log.error("a bug", exc_info=error)
    return problem(500, "Internal error", "This is a bug; the log has it by request id.", request=request)
