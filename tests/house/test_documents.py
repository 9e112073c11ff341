"""The documents say what the code does."""

import importlib
import re
import tomllib
from importlib.metadata import entry_points
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import warmstart
from scripts import make_reference
from tests.house.sources import ROOT, own_files
from warmstart.core import registry
from warmstart.core.component import Component

README = ROOT / "README.md"
PAGES = [path for path in own_files() if path.suffix == ".md"]
FENCE = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def shell_lines(text: str) -> list[str]:
    """The commands in the shell blocks of a page, without prompts and comments."""
    lines = [
        line.removeprefix("$ ").split("  #")[0].strip()
        for block in FENCE.findall(text)
        for line in block.splitlines()
    ]
    return [line for line in lines if line and not line.startswith("#")]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def commands() -> dict[str, set[str]]:
    """Every command, and the commands that stand below it."""
    from typer.main import get_command

    from warmstart.cli.main import app

    root: Any = get_command(app)
    return {name: set(getattr(command, "commands", ())) for name, command in root.commands.items()}


def pyproject() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_in_a_page_exists(page):
    for line in shell_lines(page.read_text(encoding="utf-8")):
        words = line.split()
        if words[0] == "make" and len(words) > 1:
            assert words[1] in make_targets(), line
        if words[0].endswith("warmstart") and len(words) > 1 and not words[1].startswith("-"):
            assert words[1] in commands(), line
            assert not commands()[words[1]] or words[2] in commands()[words[1]], line


def test_the_readme_begins_with_the_demo_and_the_tests():
    assert [line.split()[:2] for line in shell_lines(README.read_text(encoding="utf-8"))[:2]] == [
        ["make", "demo"],
        ["make", "test"],
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page):
    targets = [text or image for text, image in LINK.findall(page.read_text(encoding="utf-8"))]
    files = [target.split("#")[0] for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in files if target and not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", sorted(make_reference.PAGES))
def test_a_generated_page_is_up_to_date(name):
    if name == "http.md":
        pytest.importorskip("fastapi")
    expected = make_reference.PAGES[name]().rstrip("\n") + "\n"
    found = (make_reference.REFERENCE / name).read_text(encoding="utf-8")
    assert found == expected, f"docs/reference/{name} is stale; run: make docs"


def test_the_reference_has_every_component():
    page = (ROOT / "docs/reference/components.md").read_text(encoding="utf-8")
    assert [name for name in registry.names() if f"### {name}\n" not in page] == []


@pytest.mark.parametrize("name", registry.names())
def test_every_entry_point_loads(name):
    kind, _, short = name.partition(".")
    assert issubclass(registry.get(kind, short), Component)


def test_the_installed_entry_points_are_those_of_the_project():
    declared = pyproject()["project"]["entry-points"][registry.GROUP]  # type: ignore[index]
    installed = {
        e.name: e.value for e in entry_points(group=registry.GROUP) if e.value.startswith("warmstart.")
    }
    assert installed == declared, "the installation is stale; run: make dev"


def test_the_console_script_loads():
    module, _, function = str(pyproject()["project"]["scripts"]["warmstart"]).partition(":")  # type: ignore[index]
    assert callable(getattr(importlib.import_module(module), function))


def test_the_changelog_has_the_current_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(warmstart.__version__)}\]", changelog, re.MULTILINE)
    assert warmstart.__version__ == pyproject()["project"]["version"]


def test_every_requirement_is_pinned_within_its_range():
    pins = {
        line.split("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    }
    project: dict[str, Any] = pyproject()["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[<>=\[]", name)[0].lower().replace("_", "-") for name in wanted} - {"warmstart"}
    assert names - pins == set()


def test_every_test_folder_is_a_package():
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [folder for folder in folders if not (Path(folder) / "__init__.py").is_file()] == []
