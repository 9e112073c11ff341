"""The reference page on shop folders lists what the reader knows.

`python -m tests.data.test_reader_docs` rewrites those lists.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.data.shop_files import ITEMS, write
from warmstart.data.issues import KINDS
from warmstart.data.reader import aliases, settings
from warmstart.data.reader.tables import FORMATS
from warmstart.data.schema import REQUIRED, TABLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "shop-folder.md"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(
        [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in rows)]
    )


def code(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def columns_table() -> str:
    rows = []
    for role in TABLES:
        for ours in settings.columns_of(role):
            bold = f"**{ours}**" if ours in REQUIRED[role] else ours
            levels = f"; levels: {code(aliases.CATEGORY_LEVELS)}" if ours == "categories" else ""
            rows.append((role, bold, code(aliases.COLUMNS[role].get(ours, ())) + levels))
    return table(("file", "column", "other names, in order of preference"), rows)


BLOCKS = {
    "formats": f"Formats: {code(FORMATS)}, each also with `.gz`. "
    "RecBole's own five suffixes are tab-separated without quotes.",
    "files": table(
        ("file", "other names"), [(f"`{role}`", code(names)) for role, names in aliases.FILES.items()]
    ),
    "event files": table(
        ("file", "event_type"), [(f"`{f}`", f"`{t}`") for f, t in aliases.EVENT_FILES.items()]
    ),
    "withheld files": table(
        ("file", "split"), [(f"`{f}`", f"`{split}`") for f, split in aliases.WITHHELD_FILES.items()]
    ),
    "columns": columns_table(),
    "event words": table(
        ("event_type", "other words"),
        [
            (f"`{name}`", code(word for word, meant in aliases.EVENT_TYPES.items() if meant == name))
            for name in dict.fromkeys(aliases.EVENT_TYPES.values())
        ],
    ),
    "issues": table(
        ("kind", "what it is and what is done"), [(f"`{kind}`", text) for kind, text in KINDS.items()]
    ),
}


def pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=<!-- begin {name} -->\n)(.*?)(?=<!-- end {name} -->)", re.DOTALL)


@pytest.mark.parametrize("name", BLOCKS)
def test_the_page_lists_exactly_what_the_reader_knows(name):
    (written,) = pattern(name).findall(PAGE.read_text(encoding="utf-8"))
    assert written == BLOCKS[name] + "\n", "run: python -m tests.data.test_reader_docs"


def test_the_shop_toml_of_the_page_and_of_the_module_is_one_and_is_valid(tmp_path):
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    documented = settings.__doc__ or ""
    assert all(line.strip() in documented for line in shown.splitlines())
    tomllib.loads(shown)
    write(tmp_path / "export", products_csv_gz=ITEMS)
    write(tmp_path / "log")
    for year in ("2023", "2024"):
        (tmp_path / "log" / f"{year}.csv").write_text("session,item_id\n")
    read = settings.load_settings(write(tmp_path, shop_toml=shown))
    assert read.roles["events"].files == ("log/2023.csv", "log/2024.csv")
    assert read.roles["items"].price_in_cents


def test_every_option_of_shop_toml_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    fields = set(settings.RoleSettings.__dataclass_fields__) - {"files", "columns"}
    assert all(re.search(rf"\b{option}\b", text) for option in fields)


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    for block, text in BLOCKS.items():
        (old,) = pattern(block).findall(page)
        page = page.replace(f"begin {block} -->\n{old}", f"begin {block} -->\n{text}\n")
    PAGE.write_text(page, encoding="utf-8")
