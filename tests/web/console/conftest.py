"""A console, in process: what its doors answer to a browser that keeps cookies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.conftest import events, items

if TYPE_CHECKING:
    from starlette.testclient import TestClient

ADMIN = "an-admin-key-for-the-tests-only-0123456789"


@dataclass
class Console:
    """A browser in front of the console."""

    client: TestClient

    def ask(self, path: str, body: Any = None, **more: Any) -> Any:
        """The answer of a door, whatever it is: of a change where there is a body."""
        if body is None:
            return self.client.get(f"/console/api/{path}", **more)
        return self.client.post(f"/console/api/{path}", json=body, **more)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.ask(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = self.ask(path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def api(self, path: str, body: Any, key: str = ADMIN) -> Any:
        """What a shop's server sends."""
        answer = self.client.post(path, json=body, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def service(self) -> Any:
        app: Any = self.client.app
        return app.state.service


@pytest.fixture
def opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Opens a service with pages on a folder."""
    pytest.importorskip("fastapi")
    pytest.importorskip("httpx")
    from starlette.testclient import TestClient

    from warmstart.serve.settings import ServeSettings
    from warmstart.web.app import create_app

    monkeypatch.setenv("WARMSTART_ADMIN_KEY", ADMIN)

    @contextmanager
    def opened(url: str = "http://127.0.0.1", **settings: Any) -> Iterator[Console]:
        chosen = ServeSettings(
            **{"home": tmp_path / "home", "encoder": "catalogue", "refit_minutes": 0.0, **settings}
        )
        with TestClient(create_app(chosen), base_url=url) as client:
            yield Console(client)

    return opened


@pytest.fixture
def stranger(opening) -> Iterator[Console]:
    """Somebody who is not logged in."""
    with opening() as found:
        yield found


@pytest.fixture
def console(stranger: Console) -> Console:
    """An administrator of a small shop."""
    stranger.api("/v1/items", items())
    stranger.api("/v1/events", events())
    stranger.post("login", {"key": ADMIN})
    return stranger
