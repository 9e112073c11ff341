"""A service to call, with keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

ADMIN = "an-admin-key-for-the-tests-only-0123456789"

ITEMS = [
    {"item_id": "tea", "title": "Green tea, loose leaves", "brand": "Leaf", "price": 9.0},
    {"item_id": "pot", "title": "Glass teapot for green tea", "brand": "Glas", "price": 29.0},
    {"item_id": "kettle", "title": "Steel water kettle", "brand": "Stahl", "price": 39.0},
    {"item_id": "cup", "title": "Porcelain tea cup", "brand": "Glas", "price": 7.0},
    {"item_id": "hu", "title": "紫砂茶壶 手工", "brand": "宜兴", "price": 88.0},
    {"item_id": "rod", "title": "Fishing rod, carbon", "brand": "Angel", "price": 59.0},
]


@dataclass
class Shop:
    """A service as one caller sees it."""

    client: TestClient
    key: str = ADMIN

    def post(self, path: str, body: Any, **more: Any) -> Any:
        return self.client.post(path, json=body, headers=self.headers, **more)

    def ask(self, path: str, body: Any) -> Any:
        answer = self.post(path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ids(self, path: str, body: Any) -> list[str]:
        return [item["item_id"] for item in self.ask(path, body)["items"]]

    @property
    def service(self) -> Any:
        """What answers, from inside."""
        app: Any = self.client.app
        return app.state.service

    @property
    def live(self) -> Any:
        """The shop that answers, from inside."""
        return self.service.shops["default"]

    def run(self, work: Any, *args: Any) -> Any:
        """Run something where the service runs."""
        portal: Any = self.client.portal
        return portal.call(work, *args)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@pytest.fixture
def serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Opens a service on a folder; again on the same folder goes on where it was."""
    pytest.importorskip("fastapi")
    pytest.importorskip("httpx")
    from starlette.testclient import TestClient

    from warmstart.serve.app import create_app
    from warmstart.serve.settings import ServeSettings

    monkeypatch.setenv("WARMSTART_ADMIN_KEY", ADMIN)

    @contextmanager
    def opened(**settings: Any) -> Iterator[Shop]:
        chosen = ServeSettings(
            **{
                "home": tmp_path / "home",
                "encoder": "catalogue",
                "refit_minutes": 0.0,
                "relearn_minutes": 0.0,
                **settings,
            }
        )
        with TestClient(create_app(chosen), raise_server_exceptions=False) as client:
            yield Shop(client)

    return opened


@pytest.fixture
def shop(serving) -> Iterator[Shop]:
    """A service with six items."""
    with serving() as found:
        found.ask("/v1/items", ITEMS)
        yield found
