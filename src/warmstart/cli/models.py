"""Open what a command was pointed at: a shop or a fitted model."""

from __future__ import annotations

import shutil
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from warmstart.core.errors import InputError

if TYPE_CHECKING:
    from warmstart.data.records import Event
    from warmstart.engine.engine import Engine
    from warmstart.engine.persistence import Saved


def is_model(path: Path) -> bool:
    """Whether a folder holds a saved model."""
    from warmstart.core.artifact import POINTER_FILE

    return (path / POINTER_FILE).is_file()


def open_model(path: Path) -> Engine:
    """Load a fitted model. Errors: `InputError` says whether nothing, or a shop, is there instead."""
    _check_model(path)
    from warmstart.engine.engine import Engine

    return Engine.load(path)


def open_saved(path: Path) -> Saved:
    """Load the parts of a fitted model. Errors: as `open_model`."""
    _check_model(path)
    from warmstart.engine import persistence

    return persistence.load(path)


def _check_model(path: Path) -> None:
    if not is_model(path):
        raise InputError(
            expected="the folder of a fitted model",
            found=_what_is_there(path),
            todo=f"Fit one first: warmstart fit SHOP --out {path if not path.exists() else 'MODEL'}",
        )


def remove_older_versions(path: Path) -> None:
    """Delete all but the current version of a saved model, so that nothing forgotten stays on disk."""
    from warmstart.core.artifact import current_version

    current = current_version(path)
    for version in path.glob("v[0-9]*"):
        if version != current:
            shutil.rmtree(version)


def _what_is_there(path: Path) -> str:
    if not path.exists():
        near = get_close_matches(path.name, _siblings(path), n=1)
        return f"nothing at {path}" + (f" (did you mean {path.parent / near[0]}?)" if near else "")
    if path.is_file():
        return f"a file, {path}"
    names = sorted(entry.name for entry in path.iterdir())
    return (
        f"{path} with {', '.join(names[:4])}{' …' if len(names) > 4 else ''}" if names else f"{path}, empty"
    )


def _siblings(path: Path) -> list[str]:
    parent = path.parent
    return [entry.name for entry in parent.iterdir()] if parent.is_dir() else []


def parse_event(text: str, user_id: str) -> Event:
    """`click:42` as an event; an id alone counts as a click.

    Errors: `InputError` names the types there are when the part before the colon is none of them.
    """
    from warmstart.data.records import Event
    from warmstart.data.schema import EVENT_TYPES

    event_type, colon, item_id = text.partition(":")
    if not colon:
        event_type, item_id = "click", text
    if event_type not in EVENT_TYPES:
        near = get_close_matches(event_type, EVENT_TYPES, n=1)
        raise InputError(
            expected="TYPE:ITEM, such as click:42",
            found=repr(text),
            todo=f"Did you mean {near[0]}:{item_id}?" if near else f"Types: {', '.join(EVENT_TYPES)}.",
        )
    return Event(user_id=user_id, item_id=item_id, event_type=event_type)
