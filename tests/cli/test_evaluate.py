"""Measure from the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from warmstart.core.errors import InputError
from warmstart.evaluate.protocols import PROTOCOLS

QUICK = ("--protocol", "new-items", "--seeds", "0", "--methods", "random,popularity", "--workers", "1")


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


@pytest.mark.parametrize("seeds", [",", "a", "0,-1", "1.5"])
def test_seeds_must_be_whole_numbers(seeds: str, run: Run, shop: Path) -> None:
    assert "whole numbers" in run("evaluate", shop, "-p", "warm", "--seeds", seeds, code=2).stderr


def test_unknown_protocols_and_methods_list_those_there_are(run: Run, shop: Path) -> None:
    assert "new-users" in run("evaluate", shop, "-p", "nope", code=2).stderr
    assert "popularity" in run("evaluate", shop, "-p", "warm", "--methods", "nope", code=2).stderr


def test_what_changed_between_two_runs(run: Run, shop: Path, tmp_path: Path) -> None:
    one, other, page = tmp_path / "a.json", tmp_path / "b.json", tmp_path / "deep" / "c.html"
    run("evaluate", shop, *QUICK, "--json", one)
    run("evaluate", shop, *QUICK, "--json", other, "--sample", "10")
    same = run("evaluate", "--compare", one, one, "--html", page).stdout
    assert "Nothing changed by more than noise" in same
    assert "paired" in same
    assert page.read_text(encoding="utf-8").startswith("<!doctype html")
    assert "not paired" in run("evaluate", "--compare", one, other).stdout
    told = json.loads(run("evaluate", "--compare", one, other, "--json", "-").stdout)
    assert told["protocol"] == "new-items"
    assert not told["paired"]


def test_comparing_needs_two_runs_and_nothing_else(run: Run, shop: Path, tmp_path: Path) -> None:
    one = tmp_path / "a.json"
    run("evaluate", shop, *QUICK, "--json", one)
    assert "a JSON file" in run("evaluate", "--compare", one, tmp_path / "none.json", code=2).stderr
    told = run("evaluate", shop, "--compare", one, one, code=2).stderr
    assert "Leave the shop out" in " ".join(told.split())
    assert "no shop" in run("evaluate", code=2).stderr
    assert "no protocol" in run("evaluate", shop, code=2).stderr


def test_every_protocol_is_named_in_the_help(run: Run) -> None:
    shown = run("evaluate", "--help").stdout
    assert all(name in shown for name in PROTOCOLS)


def test_trials_and_cut_reach_the_run(run: Run, shop: Path) -> None:
    told = json.loads(
        run("evaluate", shop, *QUICK, "--trials", "2", "--cut", "temporal", "--json", "-").stdout
    )
    assert told["cut"] == "temporal"
    assert told["environment"]["trials"] == 2
    assert "--cut" in run("evaluate", shop, *QUICK, "--cut", "nope", code=2).stderr


def test_a_finished_run_leaves_no_parts(run: Run, shop: Path, tmp_path: Path) -> None:
    run("evaluate", shop, *QUICK, "--json", tmp_path / "out.json")
    run("evaluate", shop, *QUICK, "--parts", tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_parts_of_an_interrupted_run_are_taken_up(
    run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, parts = tmp_path / "out.json", tmp_path / "out.json.parts"

    def broken(*_: object, **__: object) -> None:
        raise InputError(expected="power", found="none", todo="Wait.")

    with monkeypatch.context() as patched:
        patched.setattr("warmstart.evaluate.run.summarise", broken)
        run("evaluate", shop, *QUICK, "--json", rows, code=2)
    assert len(list(parts.iterdir())) == 2
    monkeypatch.setattr("warmstart.evaluate.run._ask", broken)
    run("evaluate", shop, *QUICK, "--json", rows)
    assert rows.exists()
    assert not parts.exists()


def test_a_folder_with_other_things_is_not_taken_for_parts(run: Run, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    told = run("evaluate", shop, *QUICK, "--parts", tmp_path, code=2).stderr
    assert "precious.txt" in told
    assert (tmp_path / "precious.txt").exists()
