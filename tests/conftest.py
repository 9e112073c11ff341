"""Fixtures that every room may use."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every run, and no limit on time: this machine may be busy.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Gives the folder of one shared data set, and skips the test where it is absent."""
    base = Path(os.environ.get("WARMSTART_DATA", ROOT.parent / "shared" / "data"))

    def folder(name: str) -> Path:
        if not (base / name).is_dir():
            pytest.skip(f"the shared data set '{name}' is not under {base}; set WARMSTART_DATA")
        return base / name

    return folder
