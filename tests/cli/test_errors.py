"""What a person and the shell see when something cannot be done."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from warmstart.cli import ask
from warmstart.cli.errors import exit_code
from warmstart.core.errors import ArtifactError, ConfigError, InputError, MissingExtraError, UnknownIdError

PARTS = {"expected": "a", "found": "b", "todo": "c"}


def test_errors_of_the_input_end_with_2_and_all_others_with_1() -> None:
    assert {exit_code(kind(**PARTS)) for kind in (InputError, ConfigError, UnknownIdError)} == {2}
    assert {exit_code(e) for e in (ArtifactError(**PARTS), MissingExtraError("x", "y"), OSError("z"))} == {
        1
    }


def test_the_three_parts_of_an_error_are_shown_on_standard_error(run: Run, tmp_path: Path) -> None:
    result = run("search", tmp_path / "nothing", "tent", code=2)
    assert result.stdout == ""
    lines = [line.strip() for line in result.stderr.splitlines()]
    assert lines[0] == "✗ warmstart could not do that"
    assert [line.split("  ")[0] for line in lines[1:]][:2] == ["expected", "found"]
    assert "warmstart fit SHOP" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_the_traceback_wherever_it_stands(place: str, run: Run, tmp_path: Path) -> None:
    words = ["search", tmp_path / "nothing", "tent"]
    result = run(*(["--debug", *words] if place == "before" else [*words, "--debug"]), code=2)
    assert "Traceback" in result.stderr
    assert "InputError" in result.stderr


def test_debug_after_a_double_dash_is_a_word_like_any_other(run: Run, fitted: Path) -> None:
    run("search", fitted, "--", "--debug")


def test_square_brackets_in_an_error_are_not_markup(run: Run) -> None:
    assert "[bold]x" in run("search", "[bold]x", "tent", code=2).stderr


def test_a_near_miss_of_a_path_is_suggested(run: Run, fitted: Path) -> None:
    result = run("search", fitted.parent / "modle", "tent", code=2)
    assert "did you mean" in " ".join(result.stderr.split())


def test_a_shop_in_place_of_a_model_is_said_so(run: Run, shop: Path) -> None:
    assert "items.csv" in run("search", shop, "tent", code=2).stderr


def test_a_file_in_place_of_a_model_is_said_so(run: Run, shop: Path) -> None:
    assert "a file," in run("search", shop / "items.csv", "tent", code=2).stderr


def test_an_empty_folder_is_said_so(run: Run, tmp_path: Path) -> None:
    assert "empty" in run("search", tmp_path, "tent", code=2).stderr


def test_a_damaged_model_ends_with_1_and_says_what_to_do(run: Run, model: Path) -> None:
    for file in model.rglob("arrays.safetensors"):
        file.write_bytes(file.read_bytes()[:40])
    result = run("search", model, "tent", code=1)
    assert "Fit and save the model again" in " ".join(result.stderr.split())


def test_a_failing_disk_is_told_without_a_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise PermissionError(13, "Permission denied", "some/where")

    monkeypatch.setattr(ask, "open_model", fail)
    result = run("recommend", "m", code=1)
    assert "Permission denied: some/where" in result.stderr
