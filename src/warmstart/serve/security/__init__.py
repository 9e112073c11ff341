"""Who may ask what, and how often; what they did; and what is left out of the logs."""

from __future__ import annotations

from warmstart.serve.security.audit import Act, Audit
from warmstart.serve.security.callers import SCOPES, Caller, Scope
from warmstart.serve.security.errors import Forbidden, Refused, Unauthorised
from warmstart.serve.security.guard import OPEN_CALLER, Guard
from warmstart.serve.security.keys import SYSTEM_TENANT, ApiKey, KeyRing
from warmstart.serve.security.limits import RateLimiter
from warmstart.serve.security.redaction import RedactionFilter, redact
from warmstart.serve.security.tokens import TokenReader

__all__ = [
    "OPEN_CALLER",
    "SCOPES",
    "SYSTEM_TENANT",
    "Act",
    "ApiKey",
    "Audit",
    "Caller",
    "Forbidden",
    "Guard",
    "KeyRing",
    "RateLimiter",
    "RedactionFilter",
    "Refused",
    "Scope",
    "TokenReader",
    "Unauthorised",
    "redact",
]
