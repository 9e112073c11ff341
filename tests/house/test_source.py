"""House rules that the syntax tree can see."""

import ast

import pytest

from tests.house.sources import modules, name_of, own_files, tree
from warmstart.core import columns

LONGEST_FILE = 400
COLUMNS = {value for name, value in vars(columns).items() if name.isupper()}
PLAINLY_COLUMNS = {value for value in COLUMNS if value.endswith(("_id", "_type", "_at"))}
FRAME_VERBS = {
    "col",
    "group_by",
    "sort",
    "drop",
    "join",
    "unique",
    "alias",
    "rename",
    "get_column",
    "pivot",
}
MACHINE_PATHS = ("/wo" + "rk/", "/ro" + "ot/", "/home" + "/runner")

every_module = pytest.mark.parametrize("path", modules(), ids=name_of)


def is_public(name: str) -> bool:
    return not name.startswith("_")


def undocumented(body: list[ast.stmt], owner: str = "") -> list[str]:
    """Public classes, functions and methods without a docstring."""
    missing = []
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and is_public(node.name):
            overload = any(ast.unparse(mark).endswith("overload") for mark in node.decorator_list)
            if ast.get_docstring(node) is None and not overload:
                missing.append(owner + node.name)
            if isinstance(node, ast.ClassDef):
                missing += undocumented(node.body, f"{node.name}.")
    return missing


def spelled_columns(module: ast.Module) -> list[str]:
    """Column names written as strings where a column is meant."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            strings, names = [node.slice], PLAINLY_COLUMNS
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in FRAME_VERBS
        ):
            inside = [*node.args, *(keyword.value for keyword in node.keywords)]
            strings = [
                part for value in inside for part in ast.walk(value) if isinstance(part, ast.Constant)
            ]
            names = COLUMNS if node.func.attr == "col" else PLAINLY_COLUMNS
        else:
            continue
        found += [f"line {part.lineno}: {part.value!r}" for part in strings if part.value in names]
    return found


def swallowed_errors(module: ast.Module) -> list[int]:
    """Lines of handlers that catch everything and do not raise again."""
    broad = []
    for node in ast.walk(module):
        if isinstance(node, ast.ExceptHandler):
            caught = "" if node.type is None else ast.unparse(node.type)
            reraised = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            if caught == "Exception" or (caught in ("", "BaseException") and not reraised):
                broad.append(node.lineno)
    return broad


@every_module
def test_every_public_thing_has_a_docstring(path):
    module = tree(path)
    assert ast.get_docstring(module) is not None
    assert undocumented(module.body) == []


@every_module
def test_columns_are_named_through_the_constants(path):
    if path.name != "columns.py":
        assert spelled_columns(tree(path)) == []


@every_module
def test_no_error_is_swallowed(path):
    assert swallowed_errors(tree(path)) == []


@every_module
def test_nothing_is_pickled(path):
    names = {
        alias.name.split(".")[0]
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").split(".")[0]
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
    }
    assert names.isdisjoint({"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"})


@pytest.mark.parametrize(
    "path", [p for p in own_files() if p.suffix == ".py" and "tests" not in p.parts], ids=name_of
)
def test_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_no_file_names_a_path_of_one_machine():
    named = [
        name_of(path)
        for path in own_files()
        if any(place in path.read_text(encoding="utf-8", errors="replace") for place in MACHINE_PATHS)
    ]
    assert named == []


def test_a_broken_rule_is_noticed():
    module = ast.parse(
        "class A:\n    def b(self): ...\n"
        "frame['user_id']\nframe.sort('item_id')\npl.col('title')\nsettings['title']\n"
        "try: pass\nexcept Exception: pass\n"
    )
    assert undocumented(module.body) == ["A", "A.b"]
    assert [found.split(": ")[1] for found in spelled_columns(module)] == [
        "'user_id'",
        "'item_id'",
        "'title'",
    ]
    assert len(swallowed_errors(module)) == 1
