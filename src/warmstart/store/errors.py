"""What can go wrong with a store, by what the caller can do about it."""

from __future__ import annotations

from warmstart.core.errors import WarmstartError


class StoreError(WarmstartError, RuntimeError):
    """A store that cannot be opened or used; nothing of the call was written, but see below."""


class StoreBusyError(StoreError):
    """Somebody else holds the lock for longer than we wait: try again."""


class StoreFullError(StoreError):
    """No room: make some, then try again. Reading goes on."""


class StoreCorruptError(StoreError):
    """The file is damaged: bring back a backup."""


class StoreVersionError(StoreError):
    """The tables were made by a newer warmstart, or by something else."""


class StoreUnavailableError(StoreError):
    """The server cannot be reached: try again, with the same idempotency keys."""


class StoreUncertainError(StoreUnavailableError):
    """The server went away while it committed: what the call wrote is there, or it is not.

    Put, delete, merge and forget can simply be done again; so can an append whose entries have keys.
    """


def closed() -> StoreError:
    """The error for a store that was closed, or inherited through a fork."""
    return StoreError(
        expected="an open store of this process",
        found="one that was closed, or opened before a fork",
        todo="Open one in each process with open_store(url), and close it last.",
    )
