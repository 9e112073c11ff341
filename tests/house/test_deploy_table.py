"""What is said of the machine is what was measured, and the pages say where."""

from __future__ import annotations

import json

import pytest

from scripts.deploy_table import STARTS, deploy_section
from scripts.make_benchmarks import RESULTS, ROOT

REPORT = json.loads((RESULTS / "deploy.json").read_text(encoding="utf-8"))


def test_every_start_and_every_door_has_its_row():
    section = deploy_section(REPORT)
    assert [row["start"] for row in REPORT["icecat"]["rows"]] == list(STARTS)
    assert all(f"| {row['door']} | {row['calls']} |" in section for row in REPORT["beauty"]["rows"])
    assert REPORT["command"] in section


def test_a_second_start_learns_nothing_and_pages_that_are_shared_count_once():
    first, again, two = REPORT["icecat"]["rows"]
    assert again["seconds"] < first["seconds"] / 2
    assert all(row["pss_mb"] <= row["rss_mb"] for row in (first, again, two))


@pytest.mark.parametrize("page", ["deploy.md", "console.md"])
def test_the_pages_name_the_command_and_where_its_figures_stand(page):
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    assert REPORT["command"] in text
    assert "benchmarks.md#how-large-a-machine" in text
