"""Fit again under judgment, and go back."""

from pathlib import Path

from tests.cli.conftest import Run
from warmstart.core.artifact import current_version


def test_a_model_without_news_stays(run: Run, run_json: Run, model: Path) -> None:
    before = current_version(model)
    told = run_json("refit", model)
    assert (told["promoted"], told["cases"]) == (False, 0)
    assert "stays as it was" in run("refit", model).stdout
    assert current_version(model) == before


def test_a_forced_refit_can_be_taken_back(run: Run, run_json: Run, model: Path, shop: Path) -> None:
    before = current_version(model)
    assert run_json("refit", model, shop, "--force")["promoted"]
    assert current_version(model) != before
    assert before.name in run("rollback", model).stdout
    assert current_version(model) == before
    assert "before the current one" in run("rollback", model, code=1).stderr


def test_nothing_to_go_back_to_after_forgetting(run: Run, run_json: Run, model: Path, shop: Path) -> None:
    run_json("refit", model, shop, "--force")
    run("forget", model, "--user", "u1")
    run("rollback", model, code=1)
