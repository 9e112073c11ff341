"""API keys: made once, shown once, kept as a hash."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from warmstart.core.errors import ConfigError, InputError, UnknownIdError
from warmstart.roles.storable import check_name
from warmstart.roles.store import Record, Store
from warmstart.serve.security.callers import Caller, Scope, check_rate, check_scopes, known_scopes

SYSTEM_TENANT: Final = "warmstart-system"
"""The tenant that the service keeps its own facts in: keys, and what administrators did."""

KEYS: Final = "keys"
SHORTEST_IMPORTED: Final = 32
"""Characters that a key chosen by somebody else must have."""

_KEY = re.compile(r"ws_([a-z2-7]{10})_[A-Za-z0-9_-]{43}")
_CACHED: Final = 10_000
_NOBODY: Final = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What may be known of a key: everything but the secret. Times are Unix seconds."""

    key_id: str
    tenant: str
    scopes: frozenset[Scope]
    name: str = ""
    rate: float | None = None
    created_at: float = 0.0
    expires_at: float | None = None

    @property
    def caller(self) -> Caller:
        """Whoever presents the key."""
        return Caller(self.key_id, self.tenant, self.scopes, self.rate)

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self) | {"scopes": sorted(self.scopes)}


@dataclass(frozen=True, slots=True)
class _Kept:
    key: ApiKey
    digest: bytes


class KeyRing:
    """The API keys of a service, in the store of a tenant that no key opens.

    A key is `ws_`, ten characters that name it, `_`, and 43 that hold 256 random bits. Only its SHA-256
    is kept: hashing slowly (argon2, bcrypt) protects passwords, which people choose and others guess;
    2^256 possibilities need no such help, and a slow hash would cost each request.

    What was read from the store is believed for `lifetime` seconds, so a key that was revoked elsewhere
    stops at most that much later here. `clock` gives Unix seconds, for expiry; `timer` seconds that only
    rise. May be used by many threads.

    >>> from warmstart.store import open_store
    >>> ring = KeyRing(open_store("memory://", tenant=SYSTEM_TENANT))
    >>> secret, key = ring.create(tenant="shop", scopes=["read"])
    >>> ring.verify(secret) == key.caller, ring.verify("ws_guess")
    (True, None)
    """

    def __init__(
        self,
        store: Store,
        *,
        lifetime: float = 5.0,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self.lifetime = store, lifetime
        self._clock, self._timer = clock, timer
        self._cache: OrderedDict[str, tuple[float, _Kept]] = OrderedDict()
        self._imported: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    @property
    def tenant(self) -> str:
        """The tenant that holds the keys; no caller may be let into it."""
        return self._store.name

    def create(
        self,
        *,
        tenant: str,
        scopes: Iterable[str],
        name: str = "",
        rate: float | None = None,
        expires_at: float | None = None,
    ) -> tuple[str, ApiKey]:
        """Make a key; returns the secret, which is never seen again, and what is kept of it.

        Errors: `InputError` for a tenant or scope that there cannot be, and for a time that has passed.
        """
        if expires_at is not None and not expires_at > self._clock():
            raise InputError(
                expected="a key that ends in the future",
                found=f"expires_at={expires_at!r}",
                todo="Pass Unix seconds.",
            )
        while True:
            key_id = base64.b32encode(secrets.token_bytes(10)).decode().lower()[:10]
            key = self._checked(
                key_id, tenant=tenant, scopes=scopes, name=name, rate=rate, expires_at=expires_at
            )
            secret = f"ws_{key_id}_{secrets.token_urlsafe(32)}"
            if self._store.put(KEYS, [_record(key, _digest(secret))], only_new=True):
                return secret, key

    def import_secret(
        self,
        secret: str,
        *,
        tenant: str = "default",
        scopes: Iterable[str] = ("admin",),
        key_id: str = "environment",
        name: str = "from the environment",
        rate: float | None = None,
    ) -> ApiKey:
        """Accept a secret that came with the settings (WARMSTART_ADMIN_KEY), in this process only.

        It is not stored, so that it ends when the setting does; every worker imports it for itself.
        Errors: `ConfigError` for one that is too short, or holds spaces.
        """
        if len(secret) < SHORTEST_IMPORTED or not secret.isascii() or re.search(r"\s", secret):
            raise ConfigError(
                expected=f"a key of at least {SHORTEST_IMPORTED} ASCII characters without spaces",
                found="a shorter one" if len(secret) < SHORTEST_IMPORTED else "other characters",
                todo="Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )
        key = self._checked(key_id, tenant=tenant, scopes=scopes, name=name, rate=rate)
        self._imported[key_id] = _Kept(key, _digest(secret))
        return key

    def verify(self, presented: str) -> Caller | None:
        """Whose key this is; None for one that is unknown, revoked or past its end.

        Whether a *secret* is right takes the same time to say however much of it is. Whether an id
        exists may be seen in the time that the look-up takes; ids are no secret.
        """
        digest = _digest(presented)
        found = self._imported_of(digest)
        shape = _KEY.fullmatch(presented)
        kept = self._look_up(shape[1]) if shape else None
        if hmac.compare_digest(digest, kept.digest if kept else _NOBODY) and kept:
            found = kept.key
        return None if found is None or self._has_ended(found) else found.caller

    def holder(self, key_id: str) -> tuple[Caller, str] | None:
        """Whose key has this id, and a mark that the same id has with no other secret; None once it ended.

        For a session that began with a key and is to end with it: an id itself is no proof of anything.
        """
        kept = self._imported.get(key_id) or self._look_up(key_id)
        if kept is None or self._has_ended(kept.key):
            return None
        return kept.key.caller, hashlib.sha256(kept.digest).hexdigest()

    def is_at_hand(self, presented: str) -> bool:
        """Whether `verify` can say it without asking the store, which may be slow, or away."""
        shape = _KEY.fullmatch(presented)
        return shape is None or self._cached(shape[1], self._timer()) is not None

    def revoke(self, key_id: str) -> ApiKey:
        """End a key: at once here, within `lifetime` seconds in other processes. Returns what it was.

        Errors: `UnknownIdError`; `ConfigError` for one that comes from the settings.
        """
        if key_id in self._imported:
            raise ConfigError(
                expected="the id of a key that is stored",
                found=f"'{key_id}', which comes from the settings",
                todo="Take it out of the environment and restart.",
            )
        record = self._store.get(KEYS, key_id)
        if record is None:
            raise UnknownIdError(
                expected="the id of a key",
                found=f"{key_id!r:.80}",
                todo="See the ids there are: warmstart keys list",
            )
        self._store.delete(KEYS, [key_id])
        with self._lock:
            self._cache.pop(key_id, None)
        return _kept(record).key

    def list(self) -> Sequence[ApiKey]:
        """All keys that are valid now, in the order in which they were made."""
        stored = [_kept(record).key for record in self._store.scan(KEYS)]
        imported = [kept.key for kept in self._imported.values()]
        return sorted([*stored, *imported], key=lambda key: (key.created_at, key.key_id))

    def _checked(
        self,
        key_id: str,
        *,
        tenant: str,
        scopes: Iterable[str],
        name: str,
        rate: float | None,
        expires_at: float | None = None,
    ) -> ApiKey:
        if check_name("tenant", tenant) == self.tenant:
            raise InputError(
                expected="the tenant of a shop",
                found=f"'{tenant}', which holds the keys themselves",
                todo="Name another tenant.",
            )
        return ApiKey(
            key_id=key_id,
            tenant=tenant,
            scopes=check_scopes(scopes),
            name=name,
            rate=check_rate(rate),
            created_at=self._clock(),
            expires_at=expires_at,
        )

    def _has_ended(self, key: ApiKey) -> bool:
        return key.expires_at is not None and key.expires_at <= self._clock()

    def _imported_of(self, digest: bytes) -> ApiKey | None:
        same = [kept.key for kept in self._imported.values() if hmac.compare_digest(digest, kept.digest)]
        return same[0] if same else None

    def _look_up(self, key_id: str) -> _Kept | None:
        now = self._timer()
        if kept := self._cached(key_id, now):
            return kept
        record = self._store.get(KEYS, key_id)
        return self._remember(key_id, now, None if record is None else _kept(record))

    def _cached(self, key_id: str, now: float) -> _Kept | None:
        with self._lock:
            read_at, kept = self._cache.get(key_id, (now, None))
        return kept if 0 <= now - read_at < self.lifetime else None

    def _remember(self, key_id: str, read_at: float, kept: _Kept | None) -> _Kept | None:
        """Unknown ids are not remembered: whoever makes them up would fill the cache with them."""
        with self._lock:
            self._cache.pop(key_id, None)
            if kept is not None:
                self._cache[key_id] = (read_at, kept)
            if len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        return kept


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _record(key: ApiKey, digest: bytes) -> Record:
    facts = {name: value for name, value in key.as_dict().items() if name not in ("key_id", "expires_at")}
    return Record(key=key.key_id, value=facts | {"digest": digest.hex()}, expires_at=key.expires_at)


def _kept(record: Record) -> _Kept:
    """Fields that a newer warmstart wrote are passed over."""
    known = {field.name for field in fields(ApiKey)}
    facts = {name: value for name, value in record.value.items() if name in known}
    facts |= {
        "scopes": known_scopes(facts["scopes"]),
        "key_id": record.key,
        "expires_at": record.expires_at,
    }
    return _Kept(ApiKey(**facts), bytes.fromhex(record.value["digest"]))
