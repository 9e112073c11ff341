"""Who may ask what, and how often: keys, tokens, limits, and the door."""

from __future__ import annotations

from warmstart.serve.security.callers import SCOPES, Caller, Scope
from warmstart.serve.security.errors import Forbidden, Refused, Unauthorised
from warmstart.serve.security.guard import OPEN_CALLER, Guard
from warmstart.serve.security.keys import SYSTEM_TENANT, ApiKey, KeyRing
from warmstart.serve.security.limits import RateLimiter
from warmstart.serve.security.tokens import TokenReader

__all__ = [
    "OPEN_CALLER",
    "SCOPES",
    "SYSTEM_TENANT",
    "ApiKey",
    "Caller",
    "Forbidden",
    "Guard",
    "KeyRing",
    "RateLimiter",
    "Refused",
    "Scope",
    "TokenReader",
    "Unauthorised",
]
