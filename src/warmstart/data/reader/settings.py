"""`shop.toml`: which files and columns play which part, where their names do not say it.

    name = "my shop"                     # default: the folder's name

    [files]                              # relative to shop.toml; a list is read one after the other;
    items = "export/products.csv.gz"     # [] leaves a role out; roles not named here are found as usual
    events = ["log/2023.csv", "log/2024.csv"]

    [columns.items]                      # our name = "their name"
    item_id = "artnr"
    categories = ["area", "group"]       # levels, broad to narrow; only categories take a list

    [columns.events]
    user_id = "session"

    [items]                              # options of a role
    encoding = "gb18030"                 # any role: instead of finding it out
    separator = ";"                      # any role
    ignore = ["internal_notes"]          # any role: columns not to read
    price_in_cents = true                # items only
    category_separator = "/"             # items only

    [events]
    default_type = "purchase"            # of events without an event_type
    keep_bots = true                     # do not drop users with impossible numbers of events

    [events.types]                       # their word = our event type
    kauf = "purchase"

Anything else is a `ConfigError`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from warmstart.core import columns as c
from warmstart.core.errors import ConfigError, InputError
from warmstart.data.schema import EVENT_TYPES, TABLES

FILE_NAME: Final = "shop.toml"


@dataclass(frozen=True, kw_only=True)
class RoleSettings:
    """What shop.toml says about one role; everything at its default when it says nothing."""

    files: tuple[str, ...] | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    encoding: str | None = None
    separator: str | None = None
    ignore: tuple[str, ...] = ()
    price_in_cents: bool = False
    category_separator: str | None = None
    default_type: str | None = None
    keep_bots: bool = False
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ShopSettings:
    """A shop's folder, its name, and what is said about each role."""

    folder: Path
    name: str
    roles: Mapping[str, RoleSettings]


_COMMON: Final = {"encoding": str, "separator": str, "ignore": list}
_OPTIONS: Final[dict[str, dict[str, type]]] = {
    role: dict(_COMMON)
    | ({"price_in_cents": bool, "category_separator": str} if role == "items" else {})
    | ({"default_type": str, "keep_bots": bool, "types": dict} if role == "events" else {})
    for role in TABLES
}


def columns_of(role: str) -> tuple[str, ...]:
    """The names under `[columns.<role>]`: those of the table, and `visitor_id` for events."""
    return (*TABLES[role], c.VISITOR_ID) if role == "events" else tuple(TABLES[role])


def load_settings(path: Path) -> ShopSettings:
    """Settings of the shop at `path`: a folder, with or without shop.toml, or a `.toml` file.

    Errors: `InputError` when there is nothing at `path`; `ConfigError` when the file cannot be understood.
    """
    if path.is_dir():
        file = path / FILE_NAME
        values = _parse(file) if file.is_file() else {}
        return _settings(path, values, file)
    if path.is_file() and path.suffix == ".toml":
        return _settings(path.parent, _parse(path), path)
    raise InputError(
        expected="a shop: a folder with data files, or a shop.toml that names them",
        found=f"a single file, {path}" if path.exists() else f"nothing at {path}",
        todo="Pass the folder that holds the items file.",
    )


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            expected=f"TOML in {file}", found=str(error), todo="Mend the line it names and read again."
        ) from error


def _settings(folder: Path, values: dict[str, Any], file: Path) -> ShopSettings:
    _known(values, {"name", "files", "columns", *TABLES}, str(file))
    name = _typed(values.get("name", folder.resolve().name or "shop"), str, "name", file)
    files = _typed(values.get("files", {}), dict, "[files]", file)
    columns = _typed(values.get("columns", {}), dict, "[columns]", file)
    _known(files, set(TABLES), f"[files] of {file}")
    _known(columns, set(TABLES), f"[columns] of {file}")
    roles = {
        role: RoleSettings(
            files=_paths(files[role], role, file) if role in files else None,
            columns=_columns(_typed(columns.get(role, {}), dict, f"[columns.{role}]", file), role, file),
            **_options(_typed(values.get(role, {}), dict, f"[{role}]", file), role, file),
        )
        for role in TABLES
    }
    return ShopSettings(folder=folder, name=name, roles=roles)


def _known(values: Mapping[str, Any], names: set[str], where: str) -> None:
    unknown = sorted(set(values) - names)
    if unknown:
        raise ConfigError(
            expected=f"only {', '.join(sorted(names))} in {where}",
            found=", ".join(unknown),
            todo="Correct the spelling or remove it.",
        )


def _typed(value: Any, kind: type, what: str, file: Path) -> Any:
    if not isinstance(value, kind):
        raise ConfigError(
            expected=f"{what} of type {kind.__name__} in {file}",
            found=repr(value),
            todo="Change its value.",
        )
    return value


def _texts(value: Any, what: str, file: Path) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(text, str) and text for text in values):
        raise ConfigError(
            expected=f"{what} as a text or a list of texts in {file}",
            found=repr(value),
            todo="Change its value.",
        )
    return tuple(values)


def _paths(value: Any, role: str, file: Path) -> tuple[str, ...]:
    paths = _texts(value, f"[files] {role}", file)
    for path in paths:
        if not (file.parent / path).is_file():
            raise InputError(
                expected=f"the file '{path}' named in {file}",
                found=f"nothing at {file.parent / path}",
                todo="Correct the path; it is relative to shop.toml.",
            )
    return paths


def _columns(values: dict[str, Any], role: str, file: Path) -> dict[str, tuple[str, ...]]:
    _known(values, set(columns_of(role)), f"[columns.{role}] of {file}")
    columns = {name: _texts(value, f"[columns.{role}] {name}", file) for name, value in values.items()}
    for name, theirs in columns.items():
        if len(theirs) != 1 and name != c.CATEGORIES:
            raise ConfigError(
                expected=f"one column for '{name}' in {file}",
                found=repr(list(theirs)),
                todo="Name the one to read.",
            )
    return columns


def _options(values: dict[str, Any], role: str, file: Path) -> dict[str, Any]:
    _known(values, set(_OPTIONS[role]), f"[{role}] of {file}")
    options = {
        name: _typed(value, _OPTIONS[role][name], f"[{role}] {name}", file)
        for name, value in values.items()
    }
    if "ignore" in options:
        options["ignore"] = _texts(options["ignore"], f"[{role}] ignore", file)
    if "separator" in options and len(options["separator"].encode()) != 1:
        raise ConfigError(
            expected=f"a separator of one character in {file}",
            found=repr(options["separator"]),
            todo="Use ',', ';', '|' or '\\t'.",
        )
    for name in (options.get("default_type"), *options.get("types", {}).values()):
        if name is not None and name not in EVENT_TYPES:
            raise ConfigError(
                expected=f"an event type among {', '.join(EVENT_TYPES)}",
                found=repr(name),
                todo=f"Correct it in {file}.",
            )
    return options
