"""The page about prompts runs, and its table is what was measured."""

import json
import re

import numpy as np

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "how-to" / "prompts.md").read_text(encoding="utf-8")
ROWS = json.loads((ROOT / "benchmarks" / "results" / "prompts.json").read_text(encoding="utf-8"))["rows"]


def table():
    """The rows of the page."""
    lines = [
        "| shop | examples per label | cheap | `nearest` | gate opened | right label among 20 offered |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for shop in dict.fromkeys(row["shop"] for row in ROWS):
        for shots in dict.fromkeys(row["shots"] for row in ROWS):
            some = [row for row in ROWS if (row["shop"], row["shots"]) == (shop, shots)]
            cheap, prompted, among = (
                f"{np.mean([row[name] for row in some]):.2f}"
                for name in ("cheap", "prompted", "offered 20")
            )
            opened = f"{sum(row['use'] for row in some)} of {len(some)}"
            lines.append(f"| {shop} | {shots} | {cheap} | {prompted} | {opened} | {among} |")
    return "\n".join(lines)


def test_the_examples_run(capsys):
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "prompts.md", "exec"), {})
    out = capsys.readouterr().out
    assert "The cheap classifier answers: on 10 held-out texts" in out
    assert "['delivery', 'refund']" in out
    assert "Reordered(item_ids=('k1', 't1'), answered=False)" in out


def test_the_table_is_what_was_measured():
    assert table() in PAGE, table()


def test_the_control_passes_no_gate():
    assert not any(row["use"] for row in ROWS)
