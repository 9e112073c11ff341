"""Who is logged in, kept where every worker sees it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Final

from warmstart.roles.store import Record, Store
from warmstart.serve.security.callers import Caller
from warmstart.serve.security.keys import KeyRing

SESSIONS: Final = "sessions"
LASTING: Final = 12 * 3600.0
"""Seconds after which a session ends."""


class Sessions:
    """The sessions of administrators, in the store of the tenant that no key opens.

    A session id is 256 random bits and kept as its SHA-256 alone. A session ends with its key: when that is
    revoked, has expired, or has another secret now. Times are Unix seconds.

    >>> from warmstart.store import open_store
    >>> store = open_store("memory://", tenant="warmstart-system")
    >>> ring = KeyRing(store)
    >>> secret, key = ring.create(tenant="shop", scopes=["admin"])
    >>> sessions = Sessions(store, ring)
    >>> session_id = sessions.begin(key.caller)
    >>> sessions.caller(session_id) == key.caller, sessions.caller("a guess")
    (True, None)
    >>> _ = ring.revoke(key.key_id)
    >>> sessions.caller(session_id) is None
    True
    """

    def __init__(self, store: Store, keys: KeyRing, clock: Callable[[], float] = time.time) -> None:
        self._store, self._keys, self._clock = store, keys, clock

    def begin(self, caller: Caller) -> str:
        """The id of a new session for whoever showed this caller's key; empty where that has ended."""
        holder = self._keys.holder(caller.key_id)
        if holder is None:
            return ""
        session_id = secrets.token_urlsafe(32)
        value = {"key_id": caller.key_id, "mark": holder[1]}
        ends = self._clock() + LASTING
        self._store.put(SESSIONS, [Record(key=_digest(session_id), value=value, expires_at=ends)])
        return session_id

    def caller(self, session_id: str) -> Caller | None:
        """Who is logged in; None where nobody is, or no more."""
        record = self._store.get(SESSIONS, _digest(session_id)) if session_id else None
        holder = self._keys.holder(record.value["key_id"]) if record else None
        if record is None or holder is None or not hmac.compare_digest(record.value["mark"], holder[1]):
            return None
        return holder[0]

    def end(self, session_id: str) -> None:
        """Log out."""
        self._store.delete(SESSIONS, [_digest(session_id)])


def _digest(session_id: str) -> str:
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()
