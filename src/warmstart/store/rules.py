"""What every backend decides alike: the numbers of new entries, and the attributes of two in one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from warmstart.core.errors import InputError
from warmstart.roles.store import EntryRow, RecordRow


def numbered(
    rows: Sequence[EntryRow], last: int, known: Mapping[str, int]
) -> tuple[list[int], list[tuple[int, EntryRow]]]:
    """The number of each entry, and those that have to be written.

    `last` is the log's last number, `known` the number of each idempotency key that it has.
    Errors: `InputError` for entries that bring numbers which the log has passed.
    """
    numbers, new = [], []
    seen = dict(known)
    for row in rows:
        key = row[2]
        number = seen.get(key) if key is not None else None
        if number is None:
            number = last = _next(row[0], last)
            new.append((number, row))
            if key is not None:
                seen[key] = number
        numbers.append(number)
    return numbers, new


def _next(given: int | None, last: int) -> int:
    if given is None:
        return last + 1
    if given <= last:
        raise InputError(
            expected=f"entries with numbers above {last}, the last of this log",
            found=str(given),
            todo="Bring a dump back into a tenant that is empty.",
        )
    return given


def joined(theirs: RecordRow, own: RecordRow | None, user_id: str) -> RecordRow:
    """The attributes of a visitor and of a user as the user's; the user's own win."""
    if own is None:
        return user_id, theirs[1], user_id, theirs[3]
    both = (json.loads(theirs[1]), json.loads(own[1]))
    if not all(isinstance(value, dict) for value in both):
        return own
    return user_id, json.dumps(both[0] | both[1]), user_id, own[3]
