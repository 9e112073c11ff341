"""What happens to every request before and after it is answered."""

from __future__ import annotations

import json
import logging
import time
import uuid
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from warmstart.serve.problems import MEDIA_TYPE

log = logging.getLogger("warmstart.access")

_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)


class _TooLargeError(Exception):
    """More came than one request may send."""


class Door:
    """Gives each request an id, measures it, logs it in one line, and refuses bodies that are too large."""

    def __init__(self, app: ASGIApp, *, body_bytes: int) -> None:
        self._app, self._most = app, body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passing = _Passing(self._most, scope, receive, send)
        began = time.perf_counter()
        try:
            if passing.announces_too_much():
                raise _TooLargeError
            await self._app(scope, passing.receive, passing.send)
        except _TooLargeError:
            await passing.refuse()
        finally:
            _tell(scope, passing, time.perf_counter() - began)


class _Passing:
    """One request on its way through the door."""

    def __init__(self, most: int, scope: Scope, receive: Receive, send: Send) -> None:
        self._most, self._receive, self._send, self._scope = most, receive, send, scope
        self.request_id = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = self.request_id
        self.status, self._read, self._too_much = 0, 0, False

    def announces_too_much(self) -> bool:
        for name, value in self._scope["headers"]:
            if name == b"content-length":
                return not value.isdigit() or int(value) > self._most
        return False

    async def receive(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > self._most:
            self._too_much = True
            raise _TooLargeError
        return message

    async def send(self, message: Message) -> None:
        if self._too_much:  # whoever read the body took it for a broken one
            await self.refuse()
        else:
            await self._tell(message)

    async def _tell(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            said = list(message.get("headers", ()))
            own = (b"x-request-id", self.request_id.encode())
            rest = [pair for pair in _HEADERS if pair[0] not in {name.lower() for name, _ in said}]
            message["headers"] = [*said, own, *rest]
        await self._send(message)

    async def refuse(self) -> None:
        if self.status:
            return
        said = {
            "type": "about:blank",
            "title": "Too large",
            "status": 413,
            "detail": f"expected a body of at most {self._most:,} bytes. Send it in several requests.",
            "request_id": self.request_id,
        }
        body = json.dumps(said).encode()
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self._tell({"type": "http.response.start", "status": 413, "headers": headers})
        await self._tell({"type": "http.response.body", "body": body})


def _tell(scope: Scope, passing: _Passing, seconds: float) -> None:
    route = getattr(scope.get("route"), "path_format", "unknown")
    state: dict[str, Any] = scope["state"]
    service = getattr(scope["app"].state, "service", None) if "app" in scope else None
    if service is not None:
        service.metrics.request(route, passing.status or 500, seconds)
    said = {
        "request_id": passing.request_id,
        "method": scope["method"],
        "route": route,
        "status": passing.status or 500,
        "ms": round(seconds * 1000, 2),
        "tenant": state.get("tenant"),
        "key": state.get("key_id"),
    }
    log.info("%s", json.dumps(said))
