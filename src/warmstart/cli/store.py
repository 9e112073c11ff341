"""Care for a store: what is in it, backups, dumps, and what may go."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from warmstart.cli import options as o
from warmstart.cli.output import console, count, facts_table, file_size, print_json
from warmstart.cli.stores import existing_file, open_existing, open_kept
from warmstart.core.errors import ConfigError

HELP = "Keep a store: describe, back up, restore, dump, load, compact."

Target = Annotated[
    Path, typer.Argument(metavar="FILE", help="The file to write; one of that name is replaced.")
]
Source = Annotated[Path, typer.Argument(metavar="FILE", help="The file to read.")]
Days = Annotated[
    float | None,
    typer.Option("--days", min=0.0, help="Delete entries older than so many days; without it, none."),
]
Log = Annotated[str, typer.Option("--log", metavar="NAME", help="The log that --days is about.")]


def describe(store: o.StoreUrl, tenant: o.Tenant = "default", *, as_json: o.AsJson = False) -> None:
    """Count what a store keeps of one shop.

    [bold]Example[/bold]

      warmstart store describe --store sqlite:///shop.db
    """
    with open_existing(store, tenant) as kept:
        found = asdict(kept.describe())
    if as_json:
        print_json({"tenant": tenant, **found})
        return
    facts = {"records": found["records"], "entries": found["entries"], "last numbers": found["last"]}
    console().print(facts_table({name: value or None for name, value in facts.items()}))


def backup(file: Target, store: o.StoreUrl, *, as_json: o.AsJson = False) -> None:
    """Copy a SQLite store, all shops of it, while it is in use.

    The copy is checked, and appears whole or not at all.
    For PostgreSQL use its own tools, or 'warmstart store dump'.

    [bold]Example[/bold]

      warmstart store backup shop-backup.db --store sqlite:///shop.db
    """
    from warmstart.store.backup import backup_file
    from warmstart.store.sqlite import SqliteStore

    with SqliteStore.open(existing_file(_sqlite(store))) as kept:
        backup_file(kept, file)
    size = file.stat().st_size
    _tell({"file": str(file), "bytes": size}, f"{file_size(size)} written to {file}", as_json)


def restore(file: Source, store: o.StoreUrl, *, as_json: o.AsJson = False) -> None:
    """Put a backup where a SQLite store is to be opened.

    The backup is checked first. Stop the service before, and move what lies
    there aside: nothing is written over.

    [bold]Example[/bold]

      warmstart store restore shop-backup.db --store sqlite:///shop.db
    """
    from warmstart.store.backup import restore_file

    path = _sqlite(store)
    restore_file(file, path)
    _tell({"file": str(path), "bytes": path.stat().st_size}, f"{file} restored to {path}", as_json)


def compact(
    store: o.StoreUrl,
    tenant: o.Tenant = "default",
    *,
    days: Days = None,
    log: Log = "events",
    as_json: o.AsJson = False,
) -> None:
    """Delete what has expired and what is older than you keep.

    The space goes back to the disk. The service may go on meanwhile.

    [bold]Example[/bold]

      warmstart store compact --store sqlite:///shop.db --days 365
    """
    before = None if days is None else time.time() - days * 86_400
    with open_existing(store, tenant) as kept:
        gone = kept.compact(before=before, log=log)
    said = f"deleted {gone['entries']:,} old entries and {gone['records']:,} expired records"
    _tell({"tenant": tenant, "deleted": gone}, said, as_json)


def dump(
    file: Target, store: o.StoreUrl, tenant: o.Tenant = "default", *, as_json: o.AsJson = False
) -> None:
    """Write all that a store keeps of one shop as JSON Lines.

    Any store can load it. It holds what people did: who is forgotten must
    be forgotten there, too.

    [bold]Example[/bold]

      warmstart store dump shop.jsonl --store sqlite:///shop.db
    """
    from warmstart.store.dump import dump as write

    with open_existing(store, tenant) as kept:
        facts = write(kept, file)
    _tell({"file": str(file), "facts": facts}, f"{count(facts, 'fact')} written to {file}", as_json)


def load(
    file: Source, store: o.StoreUrl, tenant: o.Tenant = "default", *, as_json: o.AsJson = False
) -> None:
    """Bring a dump back, into a shop that is empty.

    Numbers of entries stay what they were. Half a file is noticed before
    anything is written.

    [bold]Example[/bold]

      warmstart store load shop.jsonl --store postgresql://shop@db/shop
    """
    from warmstart.store.dump import restore as bring_back

    with open_kept(store, tenant) as kept:
        facts = bring_back(file, kept)
    _tell({"tenant": tenant, "facts": facts}, f"{count(facts, 'fact')} loaded into {tenant}", as_json)


def _sqlite(url: str) -> Path:
    from warmstart.store.opening import sqlite_path

    if not url.startswith("sqlite:"):
        raise ConfigError(
            expected="sqlite:/// and a path as --store",
            found=url.partition(":")[0],
            todo="For PostgreSQL use pg_dump and pg_restore, or 'warmstart store dump' and 'load'.",
        )
    return sqlite_path(url)


def _tell(done: dict[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        print_json(done)
    else:
        console().print(Text.assemble(("✓ ", "bold green"), text), soft_wrap=True)


COMMANDS = {
    "describe": describe,
    "backup": backup,
    "restore": restore,
    "dump": dump,
    "load": load,
    "compact": compact,
}
