"""One JSON request over HTTP, with nothing but the standard library."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

_LONGEST_REPLY = 4 << 20
_LONGEST_REASON = 300


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back: the status (0 without any), the JSON, and in words what it was."""

    status: int
    found: str
    payload: Any = None
    retry_after: float = 0.0
    """Seconds that the server asks to wait."""


class _NoRedirects(HTTPRedirectHandler):
    """Another server than the one that was named gets neither texts nor key."""

    def redirect_request(self, *_: Any) -> Request | None:
        """Follow none."""
        return None


def post_json(url: str, key: str, body: Any, timeout: float) -> Reply:
    """Post and read JSON; whatever goes wrong on the way is a `Reply` that says so.

    The caller has checked that `url` is http or https.
    """
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    request = Request(url, json.dumps(body).encode(), headers, method="POST")  # noqa: S310
    try:
        with build_opener(_NoRedirects).open(request, timeout=timeout) as answer:
            return _read(answer.read(_LONGEST_REPLY))
    except HTTPError as error:
        with error:
            reason = error.read(_LONGEST_REASON).decode("utf-8", "replace")
            wait = _seconds(error.headers.get("Retry-After"))
        return Reply(status=error.code, found=f"status {error.code}: {reason}", retry_after=wait)
    except URLError as error:
        return Reply(status=0, found=f"no connection ({error.reason})")
    except (OSError, HTTPException) as error:
        return Reply(status=0, found=f"no whole reply ({type(error).__name__}: {error})")


def _read(raw: bytes) -> Reply:
    found = raw[:_LONGEST_REASON].decode("utf-8", "replace")
    try:
        return Reply(status=200, found=found, payload=json.loads(raw))
    except (ValueError, RecursionError):
        return Reply(status=200, found=found)


def _seconds(text: str | None) -> float:
    """What Retry-After says, where it says seconds."""
    return float(text) if text and text.isascii() and text.isdigit() else 0.0
