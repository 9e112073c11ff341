"""A tenant as lines of JSON: from any backend into any other, and by hand where need be.

The first line names the format, then follow records and entries, one a line; the last says how many
lines there were, so that half a file is noticed before anything of it is written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final, TypeVar

from warmstart.core.errors import ArtifactError, InputError
from warmstart.roles.store import EVENTS, Contents, Entry, Record, Store

T = TypeVar("T")

FORMAT: Final = 1
BATCH: Final = 5000


def append_all(
    store: Store, entries: Iterable[Entry], *, log: str = EVENTS, batch_size: int = BATCH
) -> int:
    """Write any number of entries, a batch at a time; returns how many numbers were given.

    Each batch is durable before the next begins. After a crash run it again: with idempotency keys
    nothing is written twice.
    """
    return sum(len(store.append(batch, log=log)) for batch in _batches(entries, batch_size))


def dump(store: Store, path: Path) -> int:
    """Write all that a tenant has into a file; returns the number of records and entries.

    Entries that arrive meanwhile are left out. The file appears whole or not at all, and only its owner
    may read it: it holds what people did, so whoever is forgotten must be forgotten there too.
    """
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    lines = facts = 0
    with part.open("w", encoding="utf-8") as file:
        for line in _lines(store):
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
            lines += 1
            facts += "entry" in line or "record" in line
        file.write(json.dumps({"end": lines}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return facts


def restore(path: Path, store: Store) -> int:
    """Bring a dump back into a tenant that is empty; returns the number of records and entries.

    Entries keep their numbers. Errors: `ArtifactError` for half a file or one of something else,
    before anything is written; `InputError` for a tenant that has something already.
    """
    if store.describe() != Contents(records={}, entries={}, last={}):
        raise InputError(
            expected="an empty tenant",
            found=f"'{store.name}', which has something",
            todo="Name a new tenant: restore(path, store.tenant('again')).",
        )
    for _ in _checked(path):
        pass
    try:
        return sum(_bring_back(store, kind, lines) for kind, lines in _groups(path))
    except TypeError as error:  # a field that we do not know
        raise _broken(path, str(error)) from error


def _lines(store: Store) -> Iterator[dict[str, Any]]:
    contents = store.describe()
    yield {"warmstart_store": FORMAT}
    for log, last in contents.last.items():
        for entry in store.read(log=log):
            if (entry.number or 0) > last:
                break
            yield {"log": log, "entry": _said(entry)}
        yield {"log": log, "last": last}
    for kind in contents.records:
        for record in store.scan(kind):
            yield {"kind": kind, "record": _said(record)}


def _said(row: Entry | Record) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in type(row).__slots__}
    return {name: value for name, value in values.items() if value is not None or name == "value"}


def _checked(path: Path) -> Iterator[dict[str, Any]]:
    """The lines between the first and the last, when these are what they should be."""
    count, ended = 0, False
    with path.open(encoding="utf-8") as file:
        for text in file:
            line = _object(path, text)
            if count == 0 and line != {"warmstart_store": FORMAT}:
                raise _broken(path, "another beginning")
            if ended:
                raise _broken(path, "lines after the end")
            ended = line == {"end": count}
            if count and not ended:
                yield line
            count += 1
    if not ended:
        raise _broken(path, "no end: half a file")


def _object(path: Path, text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError as error:
        raise _broken(path, f"a line that is not JSON ({error})") from error
    if not isinstance(line, dict):
        raise _broken(path, "a line that is no object")
    return line


def _broken(path: Path, found: str) -> ArtifactError:
    return ArtifactError(
        expected=f"a whole dump of format {FORMAT} in {path}",
        found=found,
        todo="Take an older dump, or copy the file again.",
    )


def _groups(path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Runs of lines that belong into one call each: their log or kind, and the lines."""
    for place, lines in groupby(
        _checked(path), key=lambda line: ("log" in line, line.get("log"), line.get("kind"))
    ):
        for batch in _batches(lines, BATCH):
            yield str(place[1] or place[2]), batch


def _bring_back(store: Store, name: str, lines: list[dict[str, Any]]) -> int:
    entries = [Entry(**line["entry"]) for line in lines if "entry" in line]
    records = [Record(**line["record"]) for line in lines if "record" in line]
    if records:
        store.put(name, records)
    else:
        store.append(entries, log=name, last=max((line.get("last", 0) for line in lines), default=0))
    return len(entries) + len(records)


def _batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch
