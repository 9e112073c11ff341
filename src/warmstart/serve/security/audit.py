"""What administrators did: who, when, what, and never to which customer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.roles.store import AUDIT, Entry, Store
from warmstart.serve.security.callers import Caller
from warmstart.serve.security.redaction import redact_value

_PEOPLE: Final = frozenset({c.USER_ID, "visitor_id", "session_id", "user", "user_ids", "email"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line of the audit log. `at` is Unix seconds; `number` rises by one and is never used again."""

    number: int
    at: float
    action: str
    key_id: str
    tenant: str
    facts: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


class Audit:
    """The audit log of the tenant that a store knows.

    An entry is durable when `record` returns. What names a person is refused, because the log outlives
    them: of a `forget` it keeps how much was deleted. Keys and passwords among the facts are masked.

    >>> from warmstart.store import open_store
    >>> audit = Audit(open_store("memory://", clock=lambda: 1000.0))
    >>> audit.record(Caller("k1", "shop", frozenset({"admin"})), "user.forget", events=3)
    1
    >>> [(act.key_id, act.action, act.facts) for act in audit.entries()]
    [('k1', 'user.forget', {'events': 3})]
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, caller: Caller, action: str, /, **facts: Any) -> int:
        """Write down that a caller did something; returns the number of the entry.

        Errors: `InputError` for facts that name a person, or that JSON cannot hold.
        """
        named = _PEOPLE & facts.keys()
        if named:
            raise InputError(
                expected="facts that name no person",
                found=", ".join(sorted(named)),
                todo="Say what was done and how much of it.",
            )
        value = {
            "key_id": caller.key_id,
            "tenant": caller.tenant,
            "action": action,
            "facts": redact_value(facts),
        }
        return self._store.append([Entry(value=value)], log=AUDIT)[0]

    def entries(self, since: int = 0, n: int | None = None) -> Iterator[Act]:
        """Entries with numbers above `since`, oldest first, at most `n`."""
        for entry in self._store.read(log=AUDIT, since=since, n=n):
            yield Act(number=entry.number or 0, at=entry.at or 0.0, **entry.value)
