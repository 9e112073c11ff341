"""The backends that the contract is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from tests.store.postgres_server import PostgresServer, binaries
from warmstart.roles.store import Store
from warmstart.store import open_store


@dataclass
class Clock:
    """A clock that goes where a test wants it, also backwards."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Backend:
    """One database; each test takes tenants that nobody else has."""

    name: str
    store: Store
    reopen: Callable[[], Store] | None
    _names: Iterator[int] = field(default_factory=count)

    def fresh(self) -> Store:
        """An empty tenant on the wall clock."""
        return self.store.tenant(f"t{next(self._names)}")

    def on(self, clock: Clock) -> Store:
        """An empty tenant on a clock of the test's own."""
        store = self.fresh()
        store._clock = clock
        return store


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server, or a skip that says why there is none."""
    pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    server = PostgresServer(programs)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session", params=["memory", "sqlite", "postgres"])
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    url = _url(request, tmp_path_factory.mktemp("store"))
    reopen = None if request.param == "memory" else lambda: open_store(url)
    with open_store(url) as store:
        yield Backend(request.param, store, reopen)


def _url(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres").url)
    return "memory://" if request.param == "memory" else f"sqlite:///{folder / 'shop.db'}"


@pytest.fixture
def store(backend: Backend) -> Store:
    """An empty tenant in each backend."""
    return backend.fresh()


@pytest.fixture
def clock() -> Clock:
    return Clock()
