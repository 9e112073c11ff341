"""Who asks, in which tenant, and what they may do."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from warmstart.core.errors import InputError
from warmstart.serve.security.errors import Forbidden

Scope = Literal["read", "write", "admin"]
"""`read` asks for answers, `write` brings items, users and events, `admin` may do everything."""

SCOPES: Final[frozenset[Scope]] = frozenset(get_args(Scope))


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who has shown a valid credential.

    `key_id` is safe to log and to count by: it is no secret and names no customer. `rate` is how many
    requests a second this caller may make where it differs from the others' limit.

    >>> caller = Caller("k1", "shop", frozenset({"write"}))
    >>> caller.allows("write"), caller.allows("read")
    (True, False)
    """

    key_id: str
    tenant: str
    scopes: frozenset[Scope]
    rate: float | None = None

    def allows(self, scope: Scope) -> bool:
        """Whether this caller may do what needs the scope: `admin` may all, no other implies another."""
        return scope in self.scopes or "admin" in self.scopes

    def require(self, scope: Scope) -> None:
        """Do nothing if the caller has the scope. Errors: `Forbidden`."""
        if not self.allows(scope):
            raise Forbidden(scope, self.scopes)


def known_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Those of the names that are scopes.

    >>> sorted(known_scopes(["read", "openid"]))
    ['read']
    """
    wanted = set(names)
    return frozenset(scope for scope in SCOPES if scope in wanted)


def check_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """The names as scopes, at least one. Errors: `InputError` for a name that is none."""
    wanted = frozenset(names)
    scopes = known_scopes(wanted)
    if not scopes or scopes != wanted:
        raise InputError(
            expected=f"scopes out of {', '.join(get_args(Scope))}",
            found=", ".join(map(repr, sorted(wanted))) or "none",
            todo="A shop's server needs read and write; keep admin for yourself.",
        )
    return scopes


def check_rate(rate: float | None) -> float | None:
    """A rate that can be kept to. Errors: `InputError` unless it is None or above zero."""
    if rate is None or (rate > 0 and math.isfinite(rate)):
        return rate
    raise InputError(
        expected="a number of requests a second above 0",
        found=repr(rate),
        todo="Revoke a key that may ask nothing.",
    )
