"""A store by its URL."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from warmstart.core.errors import ConfigError
from warmstart.roles.store import Store


def open_store(url: str, *, tenant: str = "default", clock: Callable[[], float] = time.time) -> Store:
    """The store at a URL, made when there is none, with its tables brought up to date.

    `memory://` is gone with the process. `sqlite:///shop.db` is a file beside you, `sqlite:////var/shop.db`
    one by its whole path. `postgresql://user@host/database` is a server (extra 'postgres'); passwords
    belong into the environment (PGPASSWORD) or a password file. Errors: `ConfigError`, `StoreError`.

    >>> with open_store("memory://") as store:
    ...     store.append([])
    []
    """
    scheme = urlsplit(url).scheme
    if scheme == "memory":
        from warmstart.store.memory import MemoryStore

        return MemoryStore(tenant, clock=clock)
    if scheme == "sqlite":
        from warmstart.store.sqlite import SqliteStore

        return SqliteStore.open(sqlite_path(url), tenant=tenant, clock=clock)
    if scheme in ("postgresql", "postgres"):
        from warmstart.store.postgres import PostgresStore

        return PostgresStore.open(url, tenant=tenant, clock=clock)
    raise ConfigError(
        expected="a URL that begins with sqlite:///, postgresql:// or memory://",
        found=f"the scheme {scheme!r}",
        todo="For a file, write sqlite:/// before its path.",
    )


def sqlite_path(url: str) -> Path:
    """The file that a sqlite:/// URL names. Errors: `ConfigError`.

    >>> sqlite_path("sqlite:///shop.db").name
    'shop.db'
    """
    parts = urlsplit(url)
    path = unquote(parts.path).removeprefix("/")
    if parts.netloc or parts.query or path in ("", ":memory:"):
        raise ConfigError(
            expected="sqlite:/// and a path (four slashes for a path from the root)",
            found=repr(url),
            todo="Use memory:// for a store that is not kept.",
        )
    return Path(path)
