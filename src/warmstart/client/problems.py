"""What a service refuses, and when to ask again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from warmstart.core.errors import WarmstartError

_AGAIN: Final = frozenset({429, 503})
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 60.0


class ProblemError(WarmstartError, RuntimeError):
    """The service answered with a problem (RFC 9457).

    `status` is that of HTTP, `title` the kind in a few words, `request_id` what the service's log has it
    under.
    """

    def __init__(
        self, *, expected: str, found: str, todo: str, status: int, title: str = "", request_id: str = ""
    ) -> None:
        super().__init__(expected=expected, found=found, todo=todo)
        self.status, self.title, self.request_id = status, title, request_id

    @classmethod
    def read(cls, status: int, said: Any) -> ProblemError:
        """The problem in a body, or as much of one as there is.

        >>> ProblemError.read(404, {"expected": "an item", "found": "'x'", "todo": "Check the id."}).todo
        'Check the id.'
        """
        body: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
        return cls(
            expected=body.get("expected") or "a request that the service can answer",
            found=body.get("found") or f"{status}: {body.get('detail') or 'an answer without a problem'}",
            todo=body.get("todo") or "See docs/reference/http.md.",
            status=status,
            title=body.get("title", ""),
            request_id=body.get("request_id", ""),
        )


class UnreachableError(WarmstartError, ConnectionError):
    """No answer came, also when asked again."""


def unreachable(url: str, error: Exception) -> UnreachableError:
    """The error for a service that does not answer."""
    return UnreachableError(
        expected=f"an answer from {url}",
        found=f"{type(error).__name__}: {error}",
        todo="Check the address, and whether /readyz answers there.",
    )


def seconds_to_wait(tried: int, status: int | None, headers: Mapping[str, str], most: int) -> float | None:
    """How long to wait before the same call again; None where that would be of no use.

    `tried` counts calls so far, `status` is None where none came back. `Retry-After` is obeyed up to a
    minute, else the wait doubles.

    >>> [seconds_to_wait(tried, 503, {}, most=3) for tried in (1, 2, 3, 4)]
    [0.2, 0.4, 0.8, None]
    >>> seconds_to_wait(1, 429, {"retry-after": "7"}, most=3)
    7.0
    >>> seconds_to_wait(1, 400, {}, most=3) is None
    True
    """
    if tried > most or (status is not None and status not in _AGAIN):
        return None
    asked = headers.get("retry-after", "")
    doubled = _FIRST_WAIT * 2 ** (tried - 1)
    return min(float(asked) if asked.isdigit() else doubled, _LONGEST_WAIT)
