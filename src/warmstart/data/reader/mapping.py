"""Which column of a file is which of ours."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.data.issues import Issue, IssueLog
from warmstart.data.reader.aliases import CATEGORY_LEVELS, COLUMNS, fold, matching
from warmstart.data.reader.report import ColumnUse
from warmstart.data.reader.settings import RoleSettings, columns_of
from warmstart.data.schema import REQUIRED

EXTRAS: Final[dict[str, str]] = {"items": c.ATTRIBUTES, "users": c.ATTRIBUTES, "events": c.CONTEXT}
"""Where the columns go that have no place of their own; in other roles they are ignored."""

_IDS: Final = (c.ITEM_ID, c.USER_ID)


@dataclass(frozen=True, kw_only=True)
class ColumnMap:
    """`sources` gives the file's columns for each of ours (several only for category levels)."""

    sources: Mapping[str, tuple[str, ...]]
    extras: tuple[str, ...]
    uses: tuple[ColumnUse, ...]

    def source(self, column: str) -> str | None:
        """The file's name for one of our columns, or None."""
        return self.sources.get(column, (None,))[0]


def lacking(role: str, header: Sequence[str], settings: RoleSettings) -> list[str]:
    """The required columns of a role that a file with this header does not have."""

    def has(column: str) -> bool:
        return column in settings.columns or bool(
            matching((column, *COLUMNS[role].get(column, ())), header)
        )

    missing = [column for column in REQUIRED[role] if not has(column)]
    if role == "events":
        if has(c.VISITOR_ID):
            missing = [column for column in missing if column != c.USER_ID]
        missing += [] if has(c.ITEM_ID) or has(c.QUERY) else [c.ITEM_ID]
    return missing


def map_columns(
    role: str, header: Sequence[str], settings: RoleSettings, file: str, log: IssueLog
) -> ColumnMap:
    """Map a file's columns: shop.toml first, then equal names, then aliases.

    Errors: `InputError` when shop.toml names a column that is not there, when two columns could be the
    same required one, or when a required one is missing.
    """
    free = [name for name in header if name not in settings.ignore]
    chosen: dict[str, tuple[tuple[str, ...], str]] = {}
    for column, theirs in settings.columns.items():
        _check_named(theirs, header, role, file)
        chosen[column] = (theirs, "shop.toml")
    free = [name for name in free if not any(name in names for names, _ in chosen.values())]
    for aliases in (False, True):  # a column's own name wins over every alias
        for column in columns_of(role):
            if column in chosen:
                continue
            names = COLUMNS[role].get(column, ()) if aliases else (column,)
            found = matching(names, free)
            if found:
                name = _pick(column, found, role, file, log)
                chosen[column] = ((name,), "exact" if name == column else "alias")
                free.remove(name)
    if role == "items" and c.CATEGORIES not in chosen:
        levels = matching(CATEGORY_LEVELS, free)
        if levels:
            chosen[c.CATEGORIES] = (tuple(levels), "level" if len(levels) > 1 else "alias")
            free = [name for name in free if name not in levels]
    _check_required(role, header, settings, chosen, file)
    extras = tuple(name for name in free if role in EXTRAS and fold(name) and not _unnamed(name))
    uses = _uses(role, header, chosen, extras)
    return ColumnMap(sources={ours: names for ours, (names, _) in chosen.items()}, extras=extras, uses=uses)


def _unnamed(name: str) -> bool:
    return fold(name).startswith("unnamed")


def _check_named(theirs: Sequence[str], header: Sequence[str], role: str, file: str) -> None:
    for name in theirs:
        if name not in header:
            near = difflib.get_close_matches(name, header, n=1)
            raise InputError(
                expected=f"the column '{name}' that shop.toml names under [columns.{role}] in {file}",
                found=f"columns {', '.join(header)}",
                todo=f"Did you mean '{near[0]}'?" if near else "Correct shop.toml.",
            )


def _pick(column: str, found: list[str], role: str, file: str, log: IssueLog) -> str:
    if len(found) == 1:
        return found[0]
    if column in REQUIRED[role] or column in _IDS:
        raise InputError(
            expected=f"one column of {file} that can be '{column}'",
            found=f"several: {', '.join(found)}",
            todo=f'Say which in shop.toml: [columns.{role}] {column} = "{found[0]}"',
        )
    log.add(
        Issue(
            kind="ambiguous_column",
            column=column,
            expected=f"one column that can be '{column}'",
            found=", ".join(found),
            action=f"'{found[0]}' is read; to choose another write it under [columns.{role}] in shop.toml",
            file=file,
        )
    )
    return found[0]


def _check_required(
    role: str,
    header: Sequence[str],
    settings: RoleSettings,
    chosen: Mapping[str, object],
    file: str,
) -> None:
    missing = lacking(role, header, settings)
    missing += [
        name for name in REQUIRED[role] if name not in chosen and name != c.USER_ID and name not in missing
    ]
    if not missing:
        return
    hint = ""
    if role == "events" and c.USER_ID in missing and c.SESSION_ID in chosen:
        hint = " A session can stand for the user where there is none."
    raise InputError(
        expected=f"a column '{missing[0]}' in {file}, read as {role}",
        found=f"columns {', '.join(header) or 'none'}",
        todo=f'Add it, or name it in shop.toml: [columns.{role}] {missing[0]} = "its name there".{hint}',
    )


def _uses(
    role: str,
    header: Sequence[str],
    chosen: Mapping[str, tuple[tuple[str, ...], str]],
    extras: tuple[str, ...],
) -> tuple[ColumnUse, ...]:
    """What became of each column, in the file's order."""
    uses: list[ColumnUse] = []
    for name in header:
        ours = [(column, names, how) for column, (names, how) in chosen.items() if name in names]
        for column, names, how in ours:
            shown = f"{column}, level {names.index(name) + 1}" if len(names) > 1 else column
            uses.append(ColumnUse(theirs=name, ours=shown, how=how))
        if not ours and name in extras:
            kind = "context" if role == "events" else "attribute"
            uses.append(ColumnUse(theirs=name, ours=f"{EXTRAS[role]}.{name}", how=kind))
        elif not ours:
            uses.append(ColumnUse(theirs=name, ours="", how="ignored"))
    return tuple(uses)
