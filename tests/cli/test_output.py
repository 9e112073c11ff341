"""Consoles and JSON."""

import json
from pathlib import Path

import pytest

from warmstart.cli.output import PIPE_WIDTH, console, note, print_json, write_json


def test_a_pipe_is_wide_unless_columns_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console().width == PIPE_WIDTH
    assert console(widest=70).width == 70
    for asked, width in (("50", 50), ("0", PIPE_WIDTH), ("wide", PIPE_WIDTH)):
        monkeypatch.setenv("COLUMNS", asked)
        assert console().width == width


def test_json_keeps_chinese_readable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_json(tmp_path / "new" / "a.json", {"query": "耳机"})
    assert "耳机" in (tmp_path / "new" / "a.json").read_text(encoding="utf-8")
    write_json(Path("-"), {"query": "耳机"})
    assert json.loads(capsys.readouterr().out) == {"query": "耳机"}


def test_json_has_null_where_there_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"score": float("nan"), "more": [float("inf"), 1.5, {"deep": (float("-inf"),)}]})
    assert json.loads(capsys.readouterr().out) == {"score": None, "more": [None, 1.5, {"deep": [None]}]}


def test_notes_are_for_people_at_a_terminal_only(capsys: pytest.CaptureFixture[str]) -> None:
    note("working")
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""
