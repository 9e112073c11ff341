"""JSON Web Tokens, for shops that sign their own."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from warmstart.core.errors import ConfigError, InputError
from warmstart.core.extras import load_extra
from warmstart.roles.storable import check_name
from warmstart.serve.security.callers import Caller, Scope, known_scopes
from warmstart.serve.security.errors import Refused

ALGORITHM: Final = "HS256"
SHORTEST_SECRET: Final = 32
"""Bytes: as many as HS256 puts out (RFC 7518, section 3.2)."""
_LONGEST_TOKEN: Final = 8192


class TokenReader:
    """Reads tokens that somebody signed with a secret we share (RFC 7519, HS256).

    Use it where a login service hands out short permissions; an API key is simpler and can be revoked.
    A token must say when it ends (`exp`), the `tenant`, and the `scope` ("read write"; words that are
    no scopes of ours are passed over). With an `audience` it must be meant for us (`aud`); without one it
    must not be meant for anybody else. `nbf` is kept to. `sub` and `iss` only tell callers apart: what is
    logged is a keyed hash of them, for `sub` may be a customer. Without a secret every token is refused.

    `clock` gives Unix seconds; `leeway` is how far the clocks of two machines may be apart.
    Needs the extra 'serve'. Errors: `ConfigError` for a short secret, `MissingExtraError`.
    """

    def __init__(
        self,
        secret: str | None,
        *,
        audience: str | None = None,
        leeway: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret = None if secret is None else _checked(secret)
        self.audience, self.leeway, self._clock = audience, leeway, clock
        if self._secret is not None:
            self._jwt: Any = load_extra("jwt", what="reading tokens", extra="serve")

    def read(self, token: str) -> Caller:
        """The caller that a token speaks for. Errors: `Refused`."""
        if self._secret is None:
            raise Refused("a token, where tokens are not accepted")
        claims = self._claims(token, self._secret)
        self._check_times(claims)
        return Caller(self._name(claims, self._secret), _tenant(claims), _scopes(claims))

    def _claims(self, token: str, secret: bytes) -> Mapping[str, Any]:
        if len(token) > _LONGEST_TOKEN:
            raise Refused("a token that is too long")
        options = {"require": ["exp"], "verify_exp": False, "verify_nbf": False, "verify_iat": False}
        try:
            claims: Mapping[str, Any] = self._jwt.decode(
                token, secret, algorithms=[ALGORITHM], audience=self.audience, options=options
            )
        except self._jwt.MissingRequiredClaimError as error:
            raise Refused(f"a token without '{error.claim}'") from None
        except self._jwt.InvalidAudienceError:
            raise Refused("a token that is meant for somebody else") from None
        except (self._jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise Refused("a token that is not signed as it should be") from None
        return claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        """PyJWT looks at the wall clock itself; ours can be given."""
        now = self._clock()
        if _seconds(claims, "exp") <= now - self.leeway:
            raise Refused("a token that has ended")
        if "nbf" in claims and _seconds(claims, "nbf") > now + self.leeway:
            raise Refused("a token that has not begun")

    @staticmethod
    def _name(claims: Mapping[str, Any], secret: bytes) -> str:
        who = repr([claims.get(name) for name in ("tenant", "iss", "sub")]).encode("utf-8", "replace")
        return f"jwt-{hmac.new(secret, who, hashlib.sha256).hexdigest()[:16]}"


def _checked(secret: str) -> bytes:
    encoded = secret.encode()
    if len(encoded) < SHORTEST_SECRET:
        raise ConfigError(
            expected=f"a secret of at least {SHORTEST_SECRET} bytes for tokens",
            found=f"one of {len(encoded)}",
            todo="Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    if secret.lstrip().startswith(("-----BEGIN", "ssh-")):
        raise ConfigError(
            expected=f"a secret for {ALGORITHM}",
            found="a key that others may know",
            todo="Sign tokens with a shared secret; public keys are not supported.",
        )
    return encoded


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    try:
        seconds = math.nan if isinstance(value, bool | str) else float(value)
    except (TypeError, OverflowError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise Refused(f"a token whose '{name}' is no time")
    return seconds


def _tenant(claims: Mapping[str, Any]) -> str:
    try:
        return check_name("tenant", claims.get("tenant"))
    except InputError:
        raise Refused("a token without a 'tenant'") from None


def _scopes(claims: Mapping[str, Any]) -> frozenset[Scope]:
    said = claims.get("scope")
    scopes = known_scopes(said.split()) if isinstance(said, str) else frozenset()
    if not scopes:
        raise Refused("a token without a 'scope' of ours")
    return scopes
