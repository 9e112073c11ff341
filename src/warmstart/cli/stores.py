"""Open the store that a command was pointed at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from warmstart.core.errors import ConfigError, InputError

if TYPE_CHECKING:
    from warmstart.roles.store import Store


def open_kept(url: str, tenant: str) -> Store:
    """A store that outlives this command, made when there is none. Errors: `ConfigError` for memory://."""
    if url.startswith("memory:"):
        raise ConfigError(
            expected="a store that is kept",
            found="memory://, which would be gone with this command",
            todo="Name a file: sqlite:///shop.db",
        )
    from warmstart.store import open_store

    return open_store(url, tenant=tenant)


def open_existing(url: str, tenant: str) -> Store:
    """A store that is there. Errors: `InputError` where a file would have to be made."""
    if url.startswith("sqlite:"):
        from warmstart.store.opening import sqlite_path

        existing_file(sqlite_path(url))
    return open_kept(url, tenant)


def existing_file(path: Path) -> Path:
    """The path of a store that is there. Errors: `InputError`."""
    if path.is_file():
        return path
    raise InputError(
        expected=f"a store at {path}",
        found="nothing",
        todo="Check the path: three slashes for one from here, four for one from the root.",
    )
