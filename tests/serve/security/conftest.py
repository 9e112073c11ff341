"""A ring of keys whose clocks stand still until a test moves them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from warmstart.roles.store import Store
from warmstart.serve.security.keys import SYSTEM_TENANT, KeyRing
from warmstart.store import open_store


@dataclass
class Clock:
    """Seconds that go where a test wants them, also backwards."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    return open_store("memory://", tenant=SYSTEM_TENANT, clock=clock)


@pytest.fixture
def ring(store: Store, clock: Clock) -> KeyRing:
    return KeyRing(store, clock=clock, timer=clock)
