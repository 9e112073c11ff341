"""Imports go down only."""

import ast
from pathlib import Path

import pytest

from tests.house.sources import PACKAGE, modules, name_of, tree

FLOORS = [
    {"core"},
    {"data"},
    {"roles"},
    {"encoders", "index", "store", "training", "heads"},
    {"recommend", "search", "rank", "policy", "adapt"},
    {"engine", "explain"},
    {"tasks", "evaluate"},
    {"serve", "cluster"},
    {"cli", "web", "client"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
DOORS = {"__init__", "__main__"}
"""Modules of the package itself: the lazy front, and the one that starts the command line."""


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(module: ast.Module) -> list[tuple[int, str]]:
    """Line and dotted name of everything imported from warmstart, wherever it stands."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names = [f"{base}.{alias.name}" for alias in node.names] if base == "warmstart" else [base]
            found += [(node.lineno, "." * node.level + name) for name in names]
    return [(line, name) for line, name in found if name.startswith(("warmstart", "."))]


def arrows_up(room: str, module: ast.Module) -> list[str]:
    """What a module of `room` imports and may not."""
    wrong = []
    for line, name in imports(module):
        if name == "warmstart.__version__":
            continue
        target = name.split(".")[1] if name.startswith("warmstart.") else name
        allowed = target == room or FLOOR_OF.get(target, len(FLOORS)) < FLOOR_OF[room]
        if not allowed:
            wrong.append(f"line {line}: {name}")
    return wrong


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_arrow_points_up(path):
    room = room_of(path)
    if room in DOORS or room == "testing":
        assert all("testing" not in name for _, name in imports(tree(path))) or room == "testing"
    else:
        assert room in FLOOR_OF, (
            f"the room '{room}' stands on no floor: add it to FLOORS and to CONTRIBUTING.md"
        )
        assert arrows_up(room, tree(path)) == []


@pytest.mark.parametrize(
    ("room", "statement"),
    [
        ("core", "from warmstart.data.records import Event"),
        ("search", "from warmstart.recommend.fused.scorer import FusedScorer"),
        ("data", "def f():\n    import warmstart.engine.engine"),
        ("engine", "from warmstart import testing"),
        ("engine", "from warmstart import Engine"),
        ("engine", "from . import shelves"),
    ],
)
def test_an_arrow_that_points_up_is_noticed(room, statement):
    assert len(arrows_up(room, ast.parse(statement))) == 1


def test_an_arrow_that_points_down_is_allowed():
    below = [
        "from warmstart.core import columns",
        "import warmstart.engine.x",
        "from warmstart import __version__",
    ]
    assert arrows_up("engine", ast.parse("\n".join(below))) == []
