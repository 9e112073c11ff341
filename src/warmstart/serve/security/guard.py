"""The door: from the headers of a request to the caller behind it."""

from __future__ import annotations

import hmac
import re
from typing import Final

from warmstart.serve.security.callers import SCOPES, Caller
from warmstart.serve.security.errors import NO_CREDENTIAL, Unauthorised
from warmstart.serve.security.keys import KeyRing
from warmstart.serve.security.limits import RateLimiter
from warmstart.serve.security.tokens import TokenReader

OPEN_CALLER: Final = Caller("open", "default", SCOPES)
"""Everybody, where the service asks for no credentials."""

_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


class Guard:
    """Lets callers in, and says how often.

    With `open=True` a request without credentials is let in, with all scopes on the tenant "default":
    for a service that only its own machine can reach. A credential that is sent must be valid all the
    same, so that nobody writes into another tenant than they think.

    >>> from warmstart.store import open_store
    >>> ring = KeyRing(open_store("memory://", tenant="warmstart-system"))
    >>> guard = Guard(ring, TokenReader(None), RateLimiter(rate=10, burst=20), open=False)
    >>> secret, _ = ring.create(tenant="shop", scopes=["read"])
    >>> guard.who(f"Bearer {secret}", None).tenant, guard.who(None, secret).tenant
    ('shop', 'shop')
    """

    def __init__(
        self,
        keys: KeyRing,
        tokens: TokenReader,
        limiter: RateLimiter,
        *,
        open: bool = False,  # noqa: A002  # as in "open to all"
    ) -> None:
        self.keys, self.tokens, self.limiter, self.open = keys, tokens, limiter, open

    def who(self, authorization: str | None, x_api_key: str | None) -> Caller:
        """The caller, by the headers Authorization and X-API-Key (None where absent).

        `Authorization: Bearer` takes a key or a token, `X-API-Key` a key. Errors: `Unauthorised`.
        """
        bearer = None if authorization is None else _bearer(authorization)
        key = None if x_api_key is None else x_api_key.strip()
        if bearer is not None and key is not None and not _same(bearer, key):
            raise Unauthorised("two different credentials")
        if bearer is None and key is None:
            return self._nobody()
        caller = self.keys.verify(key or bearer or "")
        if caller is None:
            caller = self._by_token(bearer)
        if caller.tenant == self.keys.tenant:
            raise Unauthorised("a credential for a tenant that is no shop")
        return caller

    def is_quick(self, authorization: str | None, x_api_key: str | None) -> bool:
        """Whether `who` asks no store, and so does not keep others waiting."""
        bearer = "" if authorization is None else authorization.strip().partition(" ")[2].strip()
        return self.keys.is_at_hand((x_api_key or "").strip() or bearer)

    def wait(self, caller: Caller, cost: float = 1) -> float:
        """Count a request of this caller; 0 lets it in, else the seconds after which to try again."""
        return self.limiter.take(f"{caller.tenant}/{caller.key_id}", cost, caller.rate)

    def _nobody(self) -> Caller:
        if self.open:
            return OPEN_CALLER
        raise Unauthorised(NO_CREDENTIAL)

    def _by_token(self, bearer: str | None) -> Caller:
        if bearer is not None and _TOKEN.fullmatch(bearer):
            return self.tokens.read(bearer)
        raise Unauthorised("a key that is unknown or has ended")


def _bearer(authorization: str) -> str:
    """What follows the scheme (RFC 6750, section 2.1; schemes know no case)."""
    scheme, _, credential = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise Unauthorised("an Authorization header that is not 'Bearer KEY'")
    return credential.strip()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
