"""What both clients do around a request: the address, the key, the reading of what came."""

from __future__ import annotations

import json
from typing import Any, Generic, Protocol, TypeVar

from warmstart.client.calls import Call
from warmstart.client.problems import ProblemError, seconds_to_wait, unreachable
from warmstart.core.errors import InputError
from warmstart.core.extras import load_extra

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
        self._httpx = load_extra("httpx", what="the client", extra="client")

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


class Attempts(Generic[T]):
    """One call, sent until it is answered or it is of no use to send it again; nothing is sent here."""

    def __init__(self, sender: Sender, call: Call[T]) -> None:
        self._sender, self._call = sender, call
        self._tried = 0

    def wait(self, response: Response | None, error: Exception | None) -> float | None:
        """Seconds until the next attempt after what came of this one, None where it was the last."""
        self._tried += 1
        self._came = response, error
        status, headers = (None, {}) if response is None else (response.status_code, response.headers)
        return seconds_to_wait(self._tried, status, headers, self._sender.retries)

    def answer(self) -> T:
        """What came at last. Errors: `UnreachableError`, `ProblemError`."""
        response, error = self._came
        if response is None:
            raise unreachable(self._sender.url, error or OSError()) from error
        return read(self._call, response)


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
