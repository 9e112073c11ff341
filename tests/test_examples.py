"""Every example runs, and the first one tells the story it promises."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))
NEEDED = {"over_http": ("fastapi", "uvicorn", "prometheus_client", "httpx")}
"""What an example needs beyond the package; it is left out where that is missing."""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_runs(path: Path, capsys: pytest.CaptureFixture[str]):
    for module in NEEDED.get(path.stem, ()):
        pytest.importorskip(module)
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out.strip()


def test_one_click_moves_the_list_and_forgetting_moves_it_back(capsys: pytest.CaptureFixture[str]):
    runpy.run_path(str(EXAMPLES[0].parent / "first_minute.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    stranger, clicked = (
        [line.split()[0] for line in lines[start + 1 : start + 4]]
        for start in (i for i, line in enumerate(lines) if line.startswith(("A stranger", "One click")))
    )
    assert clicked != stranger
    assert clicked[0] in {"teapot-1", "tea-2"}
    assert lines[-1] == "Forgotten, her list is anybody's list: True"
