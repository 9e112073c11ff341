"""Events are kept for as long as a shop wants to, and no longer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from warmstart.roles.store import Store
from warmstart.serve.leases import Lease

log = logging.getLogger(__name__)

DAY: Final = 86_400.0
EVERY: Final = 3_600.0
"""Seconds between two looks for what is too old."""


class Retention:
    """Deletes the events of a shop that happened more than `days` ago, and records that have ended.

    The model that answers has learned from them and goes on; the next one that is fitted has not. 0 days:
    everything is kept.
    """

    def __init__(self, store: Store, days: float, *, clock: Callable[[], float] = time.time) -> None:
        self._store, self._days, self._clock = store, days, clock
        self._next = 0.0

    @property
    def is_due(self) -> bool:
        """Whether it is time to look; right after a start, then every hour."""
        return self._days > 0 and self._clock() >= self._next

    def apply(self) -> dict[str, int]:
        """Delete what is too old; how much of what. Nothing where another worker is at it."""
        self._next = self._clock() + EVERY
        lease = Lease(self._store, "retention", clock=self._clock)
        if not lease.take():
            return {}
        try:
            gone = self._store.compact(before=self._clock() - self._days * DAY)
        finally:
            lease.release()
        if any(gone.values()):
            log.info("older than %g days, deleted: %s", self._days, gone)
        return gone
