"""What changed beside the events, as a log that every worker follows."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from warmstart.roles.store import Entry, Record, Store

CHANGES: Final = "changes"
SERVICE: Final = "service"
_SALT: Final = "salt"
_LISTS: Final = ("items", "taken")
_MOST_ITEMS: Final = 5_000
"""Items followed at once."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of the log: exactly one of these is set.

    `items` were written or deleted; the profile of `user_id` was; `forgotten` and `merged` are digests of
    ids that are no more (who was merged into whom: `user_id`); `taken` are events that `user_id` took
    back; `model` is a version that is in force.
    `after` is the last event that had been written before people changed: what the same id did later is
    not meant. None where nobody knows.
    """

    items: tuple[str, ...] = ()
    user_id: str | None = None
    forgotten: str = ""
    merged: str = ""
    taken: tuple[int, ...] = ()
    model: str = ""
    after: int | None = None

    @property
    def is_profile(self) -> bool:
        """Whether it says that a user's attributes were written."""
        return self.user_id is not None and not (self.merged or self.taken)


def tell(store: Store, *changes: Change) -> None:
    """Write changes."""
    store.append([line_of(change) for change in changes], log=CHANGES)


def line_of(change: Change) -> Entry:
    """A change as a line of the log."""
    value: dict[str, Any] = {}
    for name in _LISTS:
        if listed := getattr(change, name):
            value[name] = list(listed)
    for name in ("forgotten", "merged", "model"):
        if said := getattr(change, name):
            value[name] = said
    if change.after is not None:
        value["after"] = change.after
    return Entry(value=value, user_id=change.user_id)


def changes_since(store: Store, number: int) -> Iterable[tuple[int, Change]]:
    """What changed after this number."""
    for entry in store.read(log=CHANGES, since=number):
        said = entry.value | {name: tuple(entry.value.get(name, ())) for name in _LISTS}
        yield entry.number or 0, Change(**said, user_id=entry.user_id)


def together(changes: Iterable[tuple[int, Change]]) -> Iterator[tuple[int, list[Change]]]:
    """Changes that can be followed at once, with the number of the last: items that were written in a row.

    >>> lines = [(1, Change(items=("a",))), (2, Change(items=("b", "a"))), (4, Change(user_id="ann"))]
    >>> [(last, len(group)) for last, group in together(lines)]
    [(2, 2), (4, 1)]
    """
    last, group, size = 0, list[Change](), 0
    for number, change in changes:
        if group and not (change.items and group[-1].items and size < _MOST_ITEMS):
            yield last, group
            group, size = [], 0
        group.append(change)
        last, size = number, size + len(change.items)
    if group:
        yield last, group


def was_forgotten_since(store: Store, number: int) -> bool:
    """Whether anybody was forgotten after this number."""
    return any(change.forgotten for _, change in changes_since(store, number))


class Digests:
    """Names of people that only who knows the name can recognise.

    The salt is the tenant's own, so that a list of likely ids does not open the log of another.
    """

    def __init__(self, store: Store) -> None:
        fresh = Record(key=_SALT, value=secrets.token_hex(32))
        store.put(SERVICE, [fresh], only_new=True)
        kept = store.get(SERVICE, _SALT)
        self._salt = bytes.fromhex((kept or fresh).value)

    def of(self, user_id: str) -> str:
        """The digest of an id."""
        return hashlib.blake2b(user_id.encode(), key=self._salt, digest_size=16).hexdigest()

    def find(self, digest: str, among: Iterable[str]) -> str | None:
        """Which of these ids has the digest; None when none has."""
        return next((user_id for user_id in among if self.of(user_id) == digest), None)
