"""Measure from the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

QUICK = ("--protocol", "new-items", "--seeds", "0", "--methods", "random,popularity")


def test_rows_go_to_a_file_and_a_table_to_the_screen(run: Run, shop: Path, tmp_path: Path) -> None:
    rows, page = tmp_path / "deep" / "out.json", tmp_path / "other" / "out.html"
    shown = run("evaluate", shop, *QUICK, "--json", rows, "--html", page).stdout
    assert "popularity" in shown
    assert f"written: {rows}" in shown
    told = json.loads(rows.read_text(encoding="utf-8"))
    assert told["protocol"] == "new-items"
    assert {row["method"] for row in told["rows"]} == {"random", "popularity"}
    assert told["command"].startswith("warmstart")
    assert page.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html")


def test_a_dash_puts_nothing_but_json_on_standard_output(run: Run, shop: Path) -> None:
    result = run("evaluate", shop, *QUICK, "--json", "-", "--sample", "10")
    assert json.loads(result.stdout)["protocol"] == "new-items"
    assert result.stderr == ""


@pytest.mark.parametrize("seeds", ["", "a", "0,-1", "1.5"])
def test_seeds_must_be_whole_numbers(seeds: str, run: Run, shop: Path) -> None:
    assert "whole numbers" in run("evaluate", shop, "-p", "warm", "--seeds", seeds, code=2).stderr


def test_unknown_protocols_and_methods_list_those_there_are(run: Run, shop: Path) -> None:
    assert "new-users" in run("evaluate", shop, "-p", "nope", code=2).stderr
    assert "popularity" in run("evaluate", shop, "-p", "warm", "--methods", "nope", code=2).stderr
