"""Questions to a stranger on the command line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from warmstart.cli import onboard
from warmstart.core.errors import InputError
from warmstart.tasks.onboarding.tastes import Answer


def test_without_a_terminal_it_prints_what_to_ask_and_what_a_stranger_gets(run: Run, fitted: Path) -> None:
    lines = run("onboard", fitted, "--most", 3).stdout.splitlines()
    assert lines[0] == "To ask, the most telling first:"
    assert all(line.startswith("  p") for line in lines[1:4])
    assert "title" in lines[4]
    assert lines[-1].startswith("10 items in ")


def test_answers_choose_the_next_question_and_move_the_list(run_json: Run, fitted: Path) -> None:
    first = run_json("onboard", fitted)
    asked = first["ask"]["item_id"]
    assert first["questions"][0] == asked
    assert first["ask"]["title"]
    later = run_json("onboard", fitted, "--answer", f"{asked}:yes")
    assert later["ask"]["item_id"] not in {asked}
    assert asked not in {item["item_id"] for item in later["items"]}
    assert later["items"] != first["items"]
    done = run_json("onboard", fitted, "--answer", f"{asked}:yes", "--most", 1)
    assert done["ask"] is None


def test_in_a_terminal_it_asks_until_it_is_time_to_stop(
    run: Run, fitted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = iter(["y", "n", "?"])
    monkeypatch.setattr(onboard, "sys", Terminal())
    monkeypatch.setattr("typer.prompt", lambda *args, **kwargs: next(replies))
    shown = run("onboard", fitted, "--most", 3).stdout
    assert "To ask" not in shown
    assert "10 items in " in shown
    assert len(list(replies)) <= 1  # it may stop early


class Terminal:
    """Stands for `sys` where somebody sits in front of it."""

    class stdin:
        @staticmethod
        def isatty() -> bool:
            return True


def test_answers_are_read_as_they_are_meant() -> None:
    assert onboard._answer("a:b:yes", rates=False) == Answer(item_id="a:b", value=1.0)
    assert onboard._answer("a:?", rates=True) == Answer(item_id="a")
    assert onboard._answer("a:4", rates=True) == Answer(item_id="a", value=4.0)
    for text, rates in (("a:maybe", False), ("a:yes", True), ("a", False), (":yes", False)):
        with pytest.raises(InputError):
            onboard._answer(text, rates=rates)
