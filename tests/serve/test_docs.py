"""Who does what the pages say gets what the pages show."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from tests.house.sources import ROOT
from tests.serve.reader import PageReader, blocks_of, difference
from warmstart.serve import run

PAGE = (ROOT / "docs/how-to/serve.md").read_text(encoding="utf-8")
PART_TO_DO, _, PART_TO_READ = PAGE.partition("\n## Several workers")


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Reads in an empty folder; what would listen on a port is called in this process instead."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WARMSTART_ADMIN_KEY", raising=False)
    with PageReader() as found:
        monkeypatch.setattr(run, "run_service", lambda settings, **_: found.settings.append(settings))
        yield found


def test_every_command_of_the_page_does_what_the_page_says(reader):
    blocks = blocks_of(PART_TO_DO)
    for block in blocks:
        reader.obey(block)
    assert (
        sum(
            command.words[0] == "curl"
            for block in blocks
            if block.kind == "sh"
            for command in block.commands()
        )
        > 30
    )
    assert PART_TO_READ


def test_an_answer_that_differs_is_noticed():
    found = {"items": [{"item_id": "a", "score": 1.001}, {"item_id": "b"}], "request_id": "search-1"}
    assert difference({"items": [{"score": 1.0}, {}], "request_id": "search-…"}, found) == ""
    others: list[dict[str, object]] = [
        {"items": [{"item_id": "b"}, {}]},
        {"items": []},
        {"model": "v1"},
        {"request_id": "x…"},
    ]
    for shown in others:
        assert difference(shown, found)
