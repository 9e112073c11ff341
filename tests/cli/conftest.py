"""A small shop, a model fitted on it, and a way to run commands."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from warmstart.cli.main import app
from warmstart.data.simulator import SimulatedShop, SimulatorSettings, simulate

Run = Callable[..., Any]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command and gives its result; nothing around it decides the width."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("WARMSTART_DEBUG", raising=False)
    monkeypatch.delenv("WARMSTART_MODEL", raising=False)
    monkeypatch.delenv("WARMSTART_STORE", raising=False)

    def invoke(*args: object, stdin: str | None = None, code: int | None = 0) -> Any:
        result = CliRunner().invoke(app, [str(arg) for arg in args], input=stdin)
        if code is not None:
            assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return invoke


@pytest.fixture
def run_json(run: Run) -> Run:
    """Runs a command with --json and gives what it printed, parsed."""

    def invoke(*args: object, stdin: str | None = None) -> Any:
        result = run(*args, "--json", stdin=stdin)
        assert result.stderr == ""
        return json.loads(result.stdout)

    return invoke


@pytest.fixture(scope="session")
def simulated() -> SimulatedShop:
    return simulate(SimulatorSettings(n_items=80, n_users=60, n_days=20))


@pytest.fixture(scope="session")
def shop(simulated: SimulatedShop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated.write(tmp_path_factory.mktemp("shops") / "shop")


@pytest.fixture(scope="session")
def fitted(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that tests only read."""
    path = tmp_path_factory.mktemp("models") / "model"
    result = CliRunner().invoke(app, ["fit", str(shop), "--out", str(path), "--encoder", "catalogue"])
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture
def model(fitted: Path, tmp_path: Path) -> Path:
    """A model of its own for a test that changes it."""
    return Path(shutil.copytree(fitted, tmp_path / "model"))
