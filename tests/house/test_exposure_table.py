"""What is said of exposure is what was measured."""

from __future__ import annotations

import json

import pytest

from scripts.exposure_table import CONCLUSION
from scripts.make_benchmarks import RESULTS

REPORT = json.loads((RESULTS / "exposure.json").read_text(encoding="utf-8"))


def test_the_table_has_its_command_and_a_conclusion():
    assert REPORT["command"] == "python benchmarks/exposure.py"
    assert CONCLUSION.endswith(".")


@pytest.mark.parametrize("asked", ["0.05", "0.1", "0.15", "0.2"])
def test_a_share_that_was_asked_for_was_shown_at_every_k(asked):
    shown = [
        row["value"]
        for row in REPORT["rows"]
        if row["metric"] == "shown" and row["asked"] == asked and row["cut"] != "thin items"
    ]
    assert len(shown) > 8
    assert min(shown) > 0.75 * float(asked)
    assert max(shown) < 1.25 * float(asked)
