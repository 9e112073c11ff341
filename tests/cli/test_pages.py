"""Which commands bring the pages."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run


class Service:
    """Stands where the service would run, and keeps how it was to be run."""

    def __init__(self) -> None:
        self.settings: Any = None
        self.more: dict[str, Any] = {}
        self.files: set[str] = set()

    def run(self, settings: Any, **more: Any) -> None:
        self.settings, self.more = settings, more
        self.files = {path.name for path in settings.home.iterdir()} if settings.home.is_dir() else set()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    pytest.importorskip("fastapi")
    found = Service()
    monkeypatch.setattr("warmstart.serve.run.run_service", found.run)
    return found


def test_the_demo_opens_its_shop_to_this_machine_and_leaves_nothing(run: Run, service: Service):
    said = run("demo", "--pages", "--items", "60", "--port", "8123").stdout
    assert "http://127.0.0.1:8123/shop" in said
    assert (service.settings.host, service.settings.open_to_all) == ("127.0.0.1", True)
    assert {"store.db", "models"} <= service.files
    assert not Path(service.settings.home).exists()


def test_the_demo_takes_a_free_port(run: Run, service: Service):
    run("demo", "--pages", "--items", "60")
    assert service.settings.port > 1023


def test_a_service_has_pages_only_when_asked(run: Run, service: Service, tmp_path: Path):
    run("serve", "--open", "--home", tmp_path)
    assert "factory" not in service.more
    run("serve", "--open", "--home", tmp_path, "--pages")
    module, _, name = service.more["factory"].partition(":")
    assert callable(getattr(import_module(module), name))


def test_a_service_says_where_it_is_and_what_came_in(
    run: Run, service: Service, shop: Path, tmp_path: Path
):
    words = ["serve", shop, "--open", "--home", tmp_path / "home", "--encoder", "catalogue"]
    said = run(*words, "--pages", "--port", "8123").stdout
    assert "Imported:" in said
    assert " items, " in said
    for path in ("/v1", "/shop", "/console"):
        assert f"http://127.0.0.1:8123{path}" in said
    again = run(*words).stdout
    assert "has items already" in again
    assert "/shop" not in again.replace(str(shop), "")
