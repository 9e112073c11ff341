"""The tables, and the steps that lead from one version of them to the next and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from warmstart.core.errors import InputError
from warmstart.store.database import Database, Session
from warmstart.store.errors import StoreVersionError


@dataclass(frozen=True)
class Migration:
    """One step. `{key}`, `{rows}`, `{whole}` and `{real}` stand for what the dialects spell differently."""

    up: tuple[str, ...]
    down: tuple[str, ...]


MIGRATIONS: Final = (
    Migration(
        up=(
            "CREATE TABLE records (tenant {key} NOT NULL, kind {key} NOT NULL, key {key} NOT NULL,"
            " value TEXT NOT NULL, user_id {key}, expires_at {real},"
            " PRIMARY KEY (tenant, kind, key)){rows}",
            "CREATE TABLE entries (tenant {key} NOT NULL, log {key} NOT NULL, number {whole} NOT NULL,"
            " user_id {key}, key {key}, at {real} NOT NULL, value TEXT NOT NULL,"
            " PRIMARY KEY (tenant, log, number)){rows}",
            "CREATE UNIQUE INDEX entries_by_key ON entries (tenant, log, key) WHERE key IS NOT NULL",
            "CREATE TABLE counters (tenant {key} NOT NULL, log {key} NOT NULL, number {whole} NOT NULL,"
            " PRIMARY KEY (tenant, log)){rows}",
        ),
        down=("DROP TABLE counters", "DROP TABLE entries", "DROP TABLE records"),
    ),
    Migration(
        up=(
            "CREATE INDEX entries_by_user ON entries (tenant, user_id, log, number)"
            " WHERE user_id IS NOT NULL",
            "CREATE INDEX records_by_user ON records (tenant, user_id) WHERE user_id IS NOT NULL",
        ),
        down=("DROP INDEX records_by_user", "DROP INDEX entries_by_user"),
    ),
)
"""Never change one that was released: append another."""

LATEST: Final = len(MIGRATIONS)


def migrate(database: Database, to: int = LATEST) -> int:
    """Bring the tables to a version, up or down, in one transaction; returns the version before.

    Down loses what the older tables cannot hold; 0 drops everything. Two processes may call it at once.
    Errors: `StoreVersionError` when a newer warmstart has been here, `InputError` for no such version.
    """
    if not 0 <= to <= LATEST:
        raise InputError(
            expected=f"a version from 0 to {LATEST}", found=str(to), todo="Leave it out for the latest."
        )
    return database.write(lambda session: _migrate(session, to, database.dialect))


def _migrate(session: Session, to: int, dialect: dict[str, str]) -> int:
    session.lock_tables()
    session.run("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)")
    found = int(session.rows("SELECT COALESCE(MAX(version), 0) FROM migrations")[0][0])
    if found > LATEST:
        raise StoreVersionError(
            expected=f"tables of version {LATEST} or older",
            found=f"version {found}",
            todo="Upgrade warmstart: a newer one has used this store. An older one must not write to it.",
        )
    for version in range(found + 1, to + 1):
        for statement in MIGRATIONS[version - 1].up:
            session.run(statement.format(**dialect))
        session.run("INSERT INTO migrations (version) VALUES (?)", version)
    for version in range(found, to, -1):
        for statement in MIGRATIONS[version - 1].down:
            session.run(statement)
        session.run("DELETE FROM migrations WHERE version = ?", version)
    return found
