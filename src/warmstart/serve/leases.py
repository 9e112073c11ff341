"""Who of all workers does what only one may do at a time."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from warmstart.roles.store import Record, Store

_KIND: Final = "leases"
SECONDS: Final = 60.0
"""How long a lease holds unless it is renewed: as long as others wait for somebody whose machine died."""
_MEMORY: Final = 86_400.0


class Lease:
    """The right to do something, which one holder has until they give it back, or are known to be dead.

    A holder on this machine whose process is gone is dead at once, so a service that was killed while it
    learned goes on as soon as it is started again; of one on another machine it takes `SECONDS` without
    `renew` to know. A lease that would last longer than any can (a clock was set back) is nobody's.
    """

    def __init__(self, store: Store, name: str, *, clock: Callable[[], float] = time.time) -> None:
        self._store, self._name, self._clock = store, name, clock
        pid = os.getpid()
        self._own = [socket.gethostname(), pid, _began(pid), secrets.token_hex(8)]

    def take(self) -> bool:
        """Whether it is ours now."""
        if self._store.put(_KIND, [self._record()], only_new=True):
            return True
        held = self._store.get(_KIND, self._name)
        if held is None:
            return bool(self._store.put(_KIND, [self._record()], only_new=True))
        return self._is_void(held) and self._inherit(held)

    def renew(self) -> None:
        """Hold it for as long again."""
        self._store.put(_KIND, [self._record()])

    def release(self) -> None:
        """Give it back, if it is still ours."""
        held = self._store.get(_KIND, self._name)
        if held is not None and held.value == self._own:
            self._store.delete(_KIND, [self._name])

    def _record(self) -> Record:
        return Record(key=self._name, value=self._own, expires_at=self._clock() + SECONDS)

    def _is_void(self, held: Record) -> bool:
        if (held.expires_at or 0.0) > self._clock() + 2 * SECONDS:
            return True
        return _is_dead(held.value)

    def _inherit(self, held: Record) -> bool:
        """Of several who see that a holder is dead, one takes over: whoever claims it first."""
        claim = Record(
            key=f"{self._name}-after-{_text(held.value)}"[:500],
            value=self._own,
            expires_at=self._clock() + _MEMORY,
        )
        if not self._store.put(_KIND, [claim], only_new=True):
            return False
        self.renew()
        return True


def _text(owner: Any) -> str:
    return "-".join(map(str, owner)) if isinstance(owner, list) else str(owner)


def _is_dead(owner: Any) -> bool:
    """Whether the process was one of this machine and runs no more."""
    if not (isinstance(owner, list) and len(owner) == 4):
        return True  # as older versions wrote it, none of which runs now
    host, pid, began, _ = owner
    return bool(host == socket.gethostname()) and _began(pid) != began


def _began(pid: int) -> str:
    """When a process began, as the system counts it: numbers of processes are used again, this is not.

    Empty where there is none; where the system does not tell, every process looks alive.
    """
    if not Path("/proc/self/stat").is_file():
        return "unknown"
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]
