"""The package's own source, as files and syntax trees."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "warmstart"
OWN_FOLDERS = ("src", "tests", "docs", "examples", "benchmarks", "scripts", "deploy", ".ci", ".github")
TEXT_KINDS = {
    ".py",
    ".md",
    ".toml",
    ".yml",
    ".yaml",
    ".json",
    ".sh",
    ".txt",
    ".cfg",
    ".css",
    ".html",
    ".js",
    ".svg",
    "",
}


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def modules() -> list[Path]:
    """All modules of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """A short name for messages and test ids."""
    return path.relative_to(ROOT).as_posix()


def own_files() -> list[Path]:
    """Every text file of the project, generated folders aside."""
    inside = [path for folder in OWN_FOLDERS for path in (ROOT / folder).rglob("*")]
    return sorted(
        path
        for path in [*ROOT.glob("*"), *inside]
        if path.is_file() and path.suffix in TEXT_KINDS and "__pycache__" not in path.parts
    )
