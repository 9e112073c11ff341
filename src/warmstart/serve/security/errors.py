"""Why a request is not let in. No message ever repeats what was presented."""

from __future__ import annotations

from typing import Final

from warmstart.core.errors import WarmstartError

_REALM: Final = 'Bearer realm="warmstart"'


class Unauthorised(WarmstartError):  # noqa: N818  # the name of the answer, 401
    """Nobody we know: the request brought no credential, or not a valid one.

    `reason` may be told to the caller.

    >>> Unauthorised("no credential").challenge
    'Bearer realm="warmstart"'
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            expected="an API key or a token that is valid",
            found=reason,
            todo="Send 'Authorization: Bearer KEY' or 'X-API-Key: KEY'.",
        )

    @property
    def reason(self) -> str:
        """What was wrong, in a few words."""
        return self.found

    @property
    def challenge(self) -> str:
        """The value of the header WWW-Authenticate (RFC 6750, section 3)."""
        return _REALM if self.reason == NO_CREDENTIAL else f'{_REALM}, error="invalid_token"'


class Refused(Unauthorised):
    """A JSON Web Token that cannot be trusted, or has ended."""


class Forbidden(WarmstartError):  # noqa: N818  # the name of the answer, 403
    """Somebody we know, who may not do this."""

    def __init__(self, scope: str, scopes: frozenset[str]) -> None:
        super().__init__(
            expected=f"a key with the scope '{scope}'",
            found=f"one with: {', '.join(sorted(scopes)) or 'none'}",
            todo="Ask an administrator for another key.",
        )


NO_CREDENTIAL: Final = "no credential"
