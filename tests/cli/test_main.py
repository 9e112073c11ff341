"""The command line as a whole: start, help, completion, ways to end."""

import os
import subprocess
import sys

import pytest
import typer
from rich.cells import cell_len

from tests.cli.conftest import Run
from warmstart import __version__
from warmstart.cli import ask
from warmstart.cli.main import app

COMMANDS = {
    "demo",
    "fit",
    "adapt",
    "doctor",
    "search",
    "recommend",
    "onboard",
    "similar",
    "complement",
    "cart",
    "explain",
    "add",
    "observe",
    "merge",
    "forget",
    "refit",
    "label",
    "compress",
    "rollback",
    "serve",
    "evaluate",
    "export",
}
GROUPS = {
    "keys": {"create", "list", "revoke"},
    "store": {"describe", "backup", "restore", "dump", "load", "compact"},
}
HELP = {
    command.name: command.callback.__doc__ or "" for command in app.registered_commands if command.callback
} | {
    f"{group.name} {command.name}": command.callback.__doc__ or ""
    for group in app.registered_groups
    if group.typer_instance
    for command in group.typer_instance.registered_commands
    if command.callback
}
NESTED = {f"{group} {word}" for group, words in GROUPS.items() for word in words}


def shell(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        env=os.environ | environment,
        check=False,
    )


def test_help_lists_every_command_in_groups(run: Run) -> None:
    shown = run("--help").stdout
    assert set(HELP) == COMMANDS | NESTED
    assert all(command in shown for command in COMMANDS | set(GROUPS))
    assert all(group in shown for group in ("Start", "Ask", "Change", "Measure and take out", "Serve"))


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_help_of_a_group_lists_its_commands(run: Run, group: str) -> None:
    shown = run(group, "--help").stdout
    assert all(word in shown for word in GROUPS[group])


@pytest.mark.parametrize("name", sorted(COMMANDS | NESTED))
def test_every_command_has_a_short_summary_and_an_example(name: str) -> None:
    summary, *rest = HELP[name].strip().splitlines()
    assert len(summary) <= 76
    assert any(line.strip().startswith(f"warmstart {name}") for line in rest)
    assert all(cell_len(line.strip()) <= 76 for line in rest)


def test_no_arguments_show_the_help(run: Run) -> None:
    assert "Usage: warmstart" in run(code=None).output.replace("root", "warmstart")


def test_help_and_completion_load_nothing_heavy() -> None:
    code = (
        "import sys; from warmstart.cli.main import app; from typer.testing import CliRunner;"
        "result = CliRunner().invoke(app, ['search', '--help']); assert result.exit_code == 0;"
        "print([name for name in ('numpy', 'polars', 'scipy', 'torch') if name in sys.modules])"
    )
    assert shell("-c", code).stdout.strip() == "[]"


def test_python_dash_m_is_the_same_command() -> None:
    done = shell("-m", "warmstart", "--version")
    assert (done.returncode, done.stdout) == (0, f"warmstart {__version__}\n")


def test_the_shell_completes_commands() -> None:
    done = shell(
        "-m", "warmstart", _WARMSTART_COMPLETE="complete_bash", COMP_WORDS="warmstart se", COMP_CWORD="1"
    )
    assert done.stdout.split() == ["search", "serve"]


def test_a_mistyped_command_is_a_usage_error_with_a_suggestion(run: Run) -> None:
    result = run("serch", code=2)
    assert "search" in result.output


def test_a_missing_argument_is_a_usage_error(run: Run) -> None:
    run("search", code=2)


def test_ctrl_c_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ask, "open_model", interrupted)
    assert run("recommend", "anything", code=None).exit_code == 130


def test_a_bug_is_told_in_few_lines_and_all_of_it_with_debug(fitted: object) -> None:
    broken = (
        "import warmstart.cli.ask as ask, sys\n"
        "def broken(path): raise RuntimeError('[red]boom')\n"
        "ask.open_model = broken\n"
        "from warmstart.cli.main import main\n"
        "main()"
    )
    short = shell("-c", broken, "recommend", "m")
    assert short.returncode == 1
    assert "bug in warmstart" in short.stderr
    assert "RuntimeError: [red]boom" in short.stderr
    assert "Traceback" not in short.stderr
    assert "Traceback" in shell("-c", broken, "recommend", "m", "--debug").stderr


def test_a_closed_pipe_ends_quietly(fitted: object) -> None:
    command = f"{sys.executable} -m warmstart recommend {fitted} -n 80 --json | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == '{\n  "asked"'[:10]
    assert done.stderr == ""


def test_chinese_output_survives_an_ascii_environment(fitted: object) -> None:
    done = shell(
        "-m", "warmstart", "search", str(fitted), "水壶", "--json", LC_ALL="C", PYTHONIOENCODING="ascii"
    )
    assert '"水壶"' in done.stdout


def test_a_typer_exit_keeps_its_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(_: object) -> None:
        raise typer.Exit(7)

    monkeypatch.setattr(ask, "open_model", leave)
    run("recommend", "anything", code=7)
