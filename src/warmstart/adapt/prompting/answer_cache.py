"""Answers on disk, so that nothing is asked or paid twice.

One SQLite file beside that of the vectors. A key is a hash of the model's identity, the whole prompt and
the settings of the question; prompts are not stored, answers are, as they came. Failures are never kept.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from warmstart.encoders.cache import CacheWarning, cache_folder
from warmstart.roles.language_model import Prompt

CACHE_FILE = "answers.sqlite"
DEFAULT_BYTES = 256 << 20

_WAIT_S = 30.0
_KEPT_SHARE = 0.8
_TABLE = (
    "CREATE TABLE IF NOT EXISTS answers"
    " (place INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, answer TEXT NOT NULL)"
)

T = TypeVar("T")


def answer_key(identity: str, prompt: Prompt, settings: Mapping[str, Any]) -> bytes:
    """What an answer is found by: model, prompt and settings, as a hash."""
    facts = json.dumps([identity, asdict(prompt), dict(settings)], sort_keys=True)
    return hashlib.blake2b(facts.encode(), digest_size=16, person=b"warmstart-answer").digest()


@dataclass(frozen=True)
class AnswerCache:
    """Answers by key in one SQLite file of bounded size; the oldest go first.

    Several processes may use it. A damaged file is begun anew, one that cannot be used is done without,
    both with a `CacheWarning`.
    """

    path: Path
    max_bytes: int = DEFAULT_BYTES

    @classmethod
    def shared(cls) -> Self:
        """The cache of this user on this machine, in the folder that WARMSTART_CACHE names."""
        return cls(cache_folder() / CACHE_FILE)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, str]:
        """The answers that are known."""
        nothing: dict[bytes, str] = {}
        return self._with_connection(lambda connection: _select(connection, keys), nothing)

    def put(self, key: bytes, answer: str) -> None:
        """Keep an answer."""
        self._with_connection(lambda connection: _insert(connection, key, answer, self.max_bytes), None)

    def clear(self) -> None:
        """Forget everything."""
        for suffix in ("", "-journal"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def _with_connection(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        for _ in range(2):
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.touch(mode=0o600)  # answers may repeat what customers wrote
                with closing(
                    sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None)
                ) as connection:
                    connection.execute(_TABLE)
                    return work(connection)
            except (sqlite3.OperationalError, OSError) as error:
                _warn(f"the answer cache {self.path} cannot be used ({error}); going on without it")
                return otherwise
            except sqlite3.DatabaseError as error:
                _warn(f"the answer cache {self.path} is damaged ({error}); beginning a new one")
                self.clear()
        return otherwise


def _select(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, str]:
    query = "SELECT answer FROM answers WHERE key = ?"
    found = {key: connection.execute(query, (key,)).fetchone() for key in keys}
    return {key: str(row[0]) for key, row in found.items() if row is not None}


def _insert(connection: sqlite3.Connection, key: bytes, answer: str, max_bytes: int) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO answers (key, answer) VALUES (?, ?)",
        (key, answer.encode("utf-8", "replace").decode()),
    )
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    if (pages - free) * size > max_bytes:
        count = int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])
        surplus = int(count * (1 - _KEPT_SHARE * max_bytes / ((pages - free) * size))) + 1
        connection.execute(
            "DELETE FROM answers WHERE place IN (SELECT place FROM answers ORDER BY place LIMIT ?)",
            (surplus,),
        )


def _warn(message: str) -> None:
    warnings.warn(message, CacheWarning, stacklevel=5)
