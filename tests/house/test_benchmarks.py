"""The benchmark page says what the result files say."""

from __future__ import annotations

import json

import pytest

from scripts.conclusions import CONCLUSIONS
from scripts.make_benchmarks import PAGE, RESULTS, render


def test_the_benchmark_page_is_written_from_the_results():
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python scripts/make_benchmarks.py"


@pytest.mark.parametrize("name", CONCLUSIONS)
def test_every_table_with_a_conclusion_has_its_results(name):
    report = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    assert report["command"].startswith("python benchmarks/protocols.py")
    assert report["comparisons"]
    assert report["environment"]["seeds"]
    assert CONCLUSIONS[name].endswith(".")
