"""The keeping of facts: items, users, events and small state, in memory, SQLite or PostgreSQL."""

from __future__ import annotations

from warmstart.roles.store import AUDIT, EVENTS, ITEMS, USERS, Contents, Entry, Record, Store
from warmstart.store.opening import open_store

__all__ = ["AUDIT", "EVENTS", "ITEMS", "USERS", "Contents", "Entry", "Record", "Store", "open_store"]
