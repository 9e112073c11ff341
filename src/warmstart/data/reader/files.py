"""Which file of a folder plays which role: by shop.toml, by name, else by its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.data.reader.aliases import EVENT_FILES, FILES, SPLIT_FILES, WITHHELD_FILES, fold, matching
from warmstart.data.reader.mapping import lacking
from warmstart.data.reader.settings import FILE_NAME, RoleSettings, ShopSettings
from warmstart.data.reader.tables import FORMATS, format_of, peek, plain_suffix, stem_of
from warmstart.data.schema import REQUIRED, TABLES

_RECBOLE: Final = {
    ".item": "items",
    ".inter": "events",
    ".user": "users",
    ".kg": "graph",
    ".link": "graph_links",
}
_WORDS: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file with its role. `event_type` and `split` are what its name says of every row in it."""

    path: Path
    file: str
    role: str
    how: str
    event_type: str | None = None
    split: str | None = None


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """The files to read for each role, and the data files left out with the reason."""

    sources: Mapping[str, tuple[Source, ...]]
    left_out: Mapping[str, str]


def assign_files(settings: ShopSettings) -> Assignment:
    """Find the files of a shop.

    Errors: `InputError` when there is no data, when two files could play one role, when a file that
    bears a role's own name lacks its columns, or when no file holds items (a folder of labelled texts
    needs none).
    """
    named = _from_settings(settings)
    taken = {source.path.resolve() for sources in named.values() for source in sources}
    paths = [path for path in _data_files(settings.folder) if path.resolve() not in taken]
    open_roles = [role for role in TABLES if settings.roles[role].files is None]
    headers = {path: _header(path) for path in paths}
    found, rest = _by_name(paths, headers, open_roles, settings)
    vacant = [role for role in open_roles if role not in found]
    by_columns, rest = _by_columns(rest, headers, vacant, settings)
    sources = named | found | by_columns
    sources = {role: sources[role] for role in TABLES if sources.get(role)}
    _check_items(sources, settings, paths)
    return Assignment(sources=sources, left_out={p.name: _why_not(headers[p], sources) for p in rest})


def _data_files(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.startswith((".", "_")) and format_of(path) is not None
    ]


def _header(path: Path) -> list[str]:
    """The names of a file's columns; none when it cannot be read, which matters only if it is needed."""
    try:
        return peek(path)
    except InputError:
        return []


def _from_settings(settings: ShopSettings) -> dict[str, tuple[Source, ...]]:
    return {
        role: tuple(_source(settings.folder / name, name, role, FILE_NAME) for name in said.files)
        for role, said in settings.roles.items()
        if said.files is not None
    }


def _source(path: Path, file: str, role: str, how: str) -> Source:
    if format_of(path) is None:
        raise InputError(
            expected=f"a file in one of the formats {', '.join(FORMATS)}, each also .gz",
            found=file,
            todo="Convert it, or give it the suffix of its format.",
        )
    return Source(
        path=path,
        file=file,
        role=role,
        how=how,
        event_type=_event_type(path) if role == "events" else None,
        split=_split(stem_of(path), role),
    )


def _split(stem: str, role: str) -> str | None:
    """The split that a file's name says of every row in it."""
    if role == "labels":
        return stem if stem in SPLIT_FILES else None
    return WITHHELD_FILES.get(stem) if role == "withheld" else None


def _event_type(path: Path) -> str | None:
    """The kind of event that one word of the file's name says, if exactly one does."""
    said = {EVENT_FILES[word] for word in _WORDS.findall(stem_of(path)) if word in EVENT_FILES}
    return said.pop() if len(said) == 1 else None


def _roles_by_name(path: Path) -> list[str]:
    by_suffix = _RECBOLE.get(plain_suffix(path))
    if by_suffix:
        return [by_suffix]
    stem = fold(stem_of(path))
    return [role for role, names in FILES.items() if stem in map(fold, (role, *names))]


def _by_name(
    paths: Iterable[Path],
    headers: Mapping[Path, list[str]],
    roles: Sequence[str],
    settings: ShopSettings,
) -> tuple[dict[str, tuple[Source, ...]], list[Path]]:
    found: dict[str, list[Path]] = {}
    rest: list[Path] = []
    for path in paths:
        role = next((role for role in _roles_by_name(path) if role in roles), None)
        if role is None or not _may_play(path, role, headers[path], settings):
            rest.append(path)
        else:
            found.setdefault(role, []).append(path)
    chosen = {role: _together(role, matches, "file name") for role, matches in found.items()}
    return chosen, rest


def _may_play(path: Path, role: str, header: list[str], settings: ShopSettings) -> bool:
    """Whether the columns allow the role that the name promises.

    A file with the role's own name and the wrong columns is kept: reading it says what is missing. An
    empty one is kept too, so that it is reported as empty.
    """
    missing = lacking(role, header, settings.roles[role])
    own_name = fold(stem_of(path)) == fold(role)
    return not missing or (own_name and not _signature(header))


def _by_columns(
    paths: Iterable[Path],
    headers: Mapping[Path, list[str]],
    roles: Sequence[str],
    settings: ShopSettings,
) -> tuple[dict[str, tuple[Source, ...]], list[Path]]:
    found: dict[str, list[Path]] = {}
    rest: list[Path] = []
    for path in paths:
        role = _signature(headers[path])
        if role in roles and not lacking(role, headers[path], settings.roles[role]):
            found.setdefault(role, []).append(path)
        else:
            rest.append(path)
    chosen = {role: _together(role, matches, "columns") for role, matches in found.items()}
    return chosen, rest


def _signature(header: Sequence[str]) -> str:
    """The role that a header alone makes certain, or an empty string."""

    def has(role: str, *columns: str) -> bool:
        return not set(columns) & set(lacking(role, header, RoleSettings()))

    titled = bool(matching((c.TITLE, "name"), header))
    if len(matching((c.TEXT, c.LABEL), header)) == 2 and not has("reviews", c.ITEM_ID):
        return "labels"
    for role in ("judgments", "graph", "graph_links"):
        if has(role, *REQUIRED[role]):
            return role
    acts = has("events", c.USER_ID, c.ITEM_ID)
    if acts:
        return "reviews" if has("reviews", c.TEXT) else "events"
    return "items" if has("items", c.ITEM_ID) and titled else ""


def _together(role: str, paths: Sequence[Path], how: str) -> tuple[Source, ...]:
    """The sources of a role; several only where their names say that they are parts of one."""
    sources = tuple(_source(path, path.name, role, how) for path in paths)
    if len(sources) == 1:
        return sources
    parts = [source.event_type if role == "events" else source.split for source in sources]
    stems = {stem_of(path) for path in paths}
    if None in parts or len(stems) < len(paths):
        names = ", ".join(path.name for path in paths)
        raise InputError(
            expected=f"one file that can be {role}",
            found=f"several: {names}",
            todo=f'Say which in shop.toml: [files] {role} = "{paths[0].name}" (or a list of them).',
        )
    return tuple(replace(source, how=f"{how}, one of {len(sources)} parts") for source in sources)


def _check_items(
    sources: Mapping[str, tuple[Source, ...]], settings: ShopSettings, paths: Sequence[Path]
) -> None:
    if "items" in sources or set(sources) in ({"labels"}, {"labels", "unlabelled"}):
        return
    names = ", ".join(path.name for path in paths) or "no data files"
    raise InputError(
        expected=f"an items file (items.csv, .tsv, .jsonl or .parquet) in {settings.folder}",
        found=names,
        todo='Add one with a column item_id, or name it in shop.toml: [files] items = "its name".',
    )


def _why_not(header: Sequence[str], sources: Mapping[str, tuple[Source, ...]]) -> str:
    if not header:
        return "no columns could be read"
    role = _signature(header)
    if role in sources:
        return f"its columns say {role}, which is read from {sources[role][0].file}"
    shown = ", ".join(header[:6]) + (", …" if len(header) > 6 else "")
    return f"neither its name nor its columns say what it is: {shown}"
