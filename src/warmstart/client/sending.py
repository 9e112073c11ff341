"""What both clients do around a request: the address, the key, the reading of what came."""

from __future__ import annotations

import json
from typing import Any, Protocol, TypeVar

from warmstart.client.calls import Call
from warmstart.client.problems import ProblemError
from warmstart.core.errors import InputError

T = TypeVar("T")


class Response(Protocol):
    """What is read of an answer of httpx."""

    @property
    def status_code(self) -> int:
        """The status."""

    @property
    def headers(self) -> Any:
        """The headers, in any case."""

    @property
    def content(self) -> bytes:
        """The body."""


class Sender:
    """Base of the clients: where to, as whom, how often again."""

    def __init__(self, url: str, key: str, *, retries: int) -> None:
        if not url.startswith(("http://", "https://")):
            raise InputError(
                expected="an address with http:// or https://",
                found=f"{url!r:.80}",
                todo="Pass the whole one.",
            )
        self.url, self.retries = url.rstrip("/"), retries
        self._who = {"Authorization": f"Bearer {key}"} if key else {}

    def _parts(self, call: Call[T]) -> dict[str, Any]:
        """The arguments of httpx's `request`."""
        return {
            "method": call.method,
            "url": self.url + call.path,
            "content": call.body,
            "headers": {**self._who, **call.headers},
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"


def read(call: Call[T], response: Response) -> T:
    """The answer. Errors: `ProblemError`."""
    said = _json_of(response.content)
    if not 200 <= response.status_code < 300 or said is None:
        raise ProblemError.read(response.status_code, said)
    return call.read(said)


def _json_of(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
