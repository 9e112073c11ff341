"""Vectors on disk, so that no text is encoded twice by the same model.

One SQLite file holds them all. A key is a hash of the encoder's fingerprint and the text, so a changed
model, setting or text misses the cache instead of giving a stale vector. The cache is a convenience:
when its file cannot be read or written it says so and steps aside.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import numpy as np

from warmstart.core.errors import ConfigError
from warmstart.core.linear import FloatArray

CACHE_VARIABLE = "WARMSTART_CACHE"
SIZE_VARIABLE = "WARMSTART_CACHE_MB"
CACHE_FILE = "vectors.sqlite"
DEFAULT_MEGABYTES = 2048

_SCHEMA_VERSION = 1
_PAGE_BYTES = 16384  # vectors of 1,024 numbers take 4 kB; small pages would waste a third
_KEYS_PER_SELECT = 500  # SQLite's limit on parameters is 999 in old builds
_KEPT_SHARE = 0.8
_WAIT_S = 30.0

T = TypeVar("T")


class CacheWarning(UserWarning):
    """The vector cache could not be used as it was; the work goes on without it."""


def cache_folder() -> Path:
    """The folder named by WARMSTART_CACHE, else the platform's cache folder for warmstart."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "warmstart"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "warmstart" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "warmstart"


@dataclass(frozen=True)
class VectorCache:
    """Vectors by encoder fingerprint and text, in one SQLite file of bounded size.

    Several processes may use the same file. When it outgrows `max_bytes` the oldest entries go. A
    damaged file is removed with a `CacheWarning` and begun anew; one that cannot be opened or stays
    locked means misses and a `CacheWarning`, never an error.
    """

    path: Path
    max_bytes: int = DEFAULT_MEGABYTES << 20

    @classmethod
    def shared(cls) -> Self:
        """The cache of this user on this machine; WARMSTART_CACHE_MB bounds its size."""
        size = os.environ.get(SIZE_VARIABLE, str(DEFAULT_MEGABYTES))
        if not size.isdecimal() or int(size) < 1:
            raise ConfigError(
                expected=f"a whole number of megabytes in {SIZE_VARIABLE}",
                found=repr(size),
                todo="Unset it.",
            )
        return cls(cache_folder() / CACHE_FILE, int(size) << 20)

    def get(self, fingerprint: str, texts: Sequence[str], dim: int) -> dict[str, FloatArray]:
        """The vectors that are known, by text; those of another length count as unknown."""
        places = {_key(fingerprint, text): text for text in texts}
        nothing: list[tuple[bytes, bytes]] = []
        rows = self._with_connection(lambda connection: _select(connection, list(places)), nothing)
        return {
            places[key]: np.frombuffer(blob, dtype="<f4").astype(np.float32)
            for key, blob in rows
            if len(blob) == 4 * dim
        }

    def put(self, fingerprint: str, vectors: Mapping[str, FloatArray]) -> None:
        """Keep vectors by text, all of them or, when something fails, none."""
        rows = [
            (_key(fingerprint, text), np.asarray(vector, dtype="<f4").tobytes())
            for text, vector in vectors.items()
        ]
        self._with_connection(lambda connection: _insert(connection, rows, self.max_bytes), None)

    def clear(self) -> None:
        """Forget everything."""
        for suffix in ("", "-journal"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def __len__(self) -> int:
        return self._with_connection(_count, 0)

    def _with_connection(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What `work` gives; after damage it is tried once more on a new file."""
        for _ in range(2):
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with closing(
                    sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None)
                ) as connection:
                    _prepare(connection)
                    return work(connection)
            except (sqlite3.OperationalError, OSError) as error:
                _warn(f"the vector cache {self.path} cannot be used ({error}); going on without it")
                return otherwise
            except sqlite3.DatabaseError as error:
                _warn(f"the vector cache {self.path} is damaged ({error}); beginning a new one")
                self.clear()
        return otherwise


def _key(fingerprint: str, text: str) -> bytes:
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16, person=b"warmstart-vector")
    digest.update(b"\0" + fingerprint.encode())
    return digest.digest()


def _prepare(connection: sqlite3.Connection) -> None:
    if _pragma(connection, "user_version") == _SCHEMA_VERSION:
        return
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute("BEGIN IMMEDIATE")
    if _pragma(connection, "user_version") != _SCHEMA_VERSION:  # another process may have been quicker
        connection.execute("DROP TABLE IF EXISTS vectors")
        connection.execute(
            "CREATE TABLE vectors"
            " (place INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, vector BLOB NOT NULL)"
        )
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _select(connection: sqlite3.Connection, keys: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    rows: list[tuple[bytes, bytes]] = []
    for start in range(0, len(keys), _KEYS_PER_SELECT):
        some = keys[start : start + _KEYS_PER_SELECT]
        marks = ",".join("?" * len(some))
        # Only question marks are put into the statement; the values are bound.
        rows += connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some)  # noqa: S608
    return rows


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[bytes, bytes]], max_bytes: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT OR IGNORE INTO vectors (key, vector) VALUES (?, ?)", rows)
    used = _used_bytes(connection)
    if used > max_bytes:
        surplus = int(_count(connection) * (1 - _KEPT_SHARE * max_bytes / used)) + 1
        connection.execute(
            "DELETE FROM vectors WHERE place IN (SELECT place FROM vectors ORDER BY place LIMIT ?)",
            (surplus,),
        )
    connection.execute("COMMIT")


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0])


def _warn(message: str) -> None:
    warnings.warn(message, CacheWarning, stacklevel=5)
