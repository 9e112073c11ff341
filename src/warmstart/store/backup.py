"""A SQLite store as a second file, and back. For PostgreSQL use its own tools, or `store.dump`."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from warmstart.core.errors import InputError
from warmstart.store.sqlite import APPLICATION_ID, SqliteStore, damaged, explained, foreign


def backup_file(store: SqliteStore, path: Path) -> None:
    """Copy the whole database, all tenants, as it is at this moment; others go on reading and writing.

    The copy is checked, and appears whole or not at all; an older backup of the same name is replaced.
    Copying the file by other means while it is open loses what is still in its write-ahead log.
    """
    part = path.with_name(f"{path.name}.part")
    _drop(part)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(sqlite3.connect(part)) as target:
            store.file.copy_into(target)
        check_file(part)
        _settle(part, path)
    finally:
        _drop(part)


def restore_file(backup: Path, path: Path) -> None:
    """Put a backup where a store is to be opened. The service must not run.

    Errors: `InputError` when anything of an older store lies there, `StoreCorruptError` for a damaged
    backup.
    """
    there = [p for p in _beside(path) if p.exists()]
    if there:
        raise InputError(
            expected=f"nothing at {path}, nor a -wal or -shm beside it",
            found=", ".join(p.name for p in there),
            todo="Stop the service and move these aside: mixed with the backup they would damage it.",
        )
    check_file(backup)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    shutil.copyfile(backup, part)
    part.chmod(0o600)
    _settle(part, path)


def check_file(path: Path) -> None:
    """See whether a file that nobody has open is a whole store; changes nothing.

    Errors: `InputError` when there is none, `StoreCorruptError`, `StoreVersionError`.
    """
    if not path.is_file() or not path.stat().st_size:
        raise InputError(expected=f"a backup at {path}", found="nothing", todo="Check the path.")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)) as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    except sqlite3.Error as error:
        raise explained(error, path) from error
    if application != APPLICATION_ID:
        raise foreign(path)
    if found != ["ok"]:
        raise damaged(path, " ".join(found))


def _settle(part: Path, path: Path) -> None:
    """Give a file its name once its bytes, and then its name, are on the disk."""
    _sync(part)
    part.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _drop(part: Path) -> None:
    for leftover in _beside(part):
        with suppress(FileNotFoundError):
            leftover.unlink()


def _beside(path: Path) -> list[Path]:
    return [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
