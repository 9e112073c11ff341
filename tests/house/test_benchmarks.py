"""The benchmark page says what the result files say."""

from __future__ import annotations

import json

import pytest

from scripts.complement_table import COMPLEMENT_CONCLUSION
from scripts.conclusions import CONCLUSIONS
from scripts.context_figures import CONTEXT_CONCLUSION
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


def test_what_is_said_of_scenes_is_what_was_measured():
    report = json.loads((RESULTS / "context.json").read_text(encoding="utf-8"))
    rows = {(row["shop"], row["question"], row["told"]): row for row in report["rows"]}
    assert (
        rows["ml100k", "first five", "profile"]["low"] > 0 > rows["ml100k", "after five", "profile"]["low"]
    )
    assert rows["completejourney", "visits", "logged"]["low"] > 0
    assert (
        rows["simulated", "visits", "all"]["context"] > 2 * rows["simulated", "visits", "all"]["popularity"]
    )
    assert all(row["low"] <= 0 <= row["high"] for row in report["rows"] if row["told"] == "moment")
    assert CONTEXT_CONCLUSION.endswith(".")


def test_what_is_said_of_carts_is_what_was_measured():
    report = json.loads((RESULTS / "complement.json").read_text(encoding="utf-8"))
    found = {(r["shop"], r["candidates"], r["metric"], r["method"]): r["value"] for r in report["rows"]}
    cosmetics = {m: v for (s, c, x, m), v in found.items() if (s, c, x) == ("beauty", "all", "nDCG@20")}
    assert cosmetics["complement"] > 1.14 * max(cosmetics["item-knn"], cosmetics["rp3"])
    assert cosmetics["complement"] > 1.55 * cosmetics["content"]
    for row in report["comparisons"]:
        key = (row["shop"], row["candidates"], row["against"])
        if row["candidates"] == "new" and row["against"] != "popularity":
            assert row["p_holm"] > 0.05, key
        if key[:2] == ("completejourney", "all"):
            assert (row["p_holm"] > 0.5) == (row["against"] == "popularity") or row["metric"] == "nDCG@20"
    assert COMPLEMENT_CONCLUSION.endswith(".")
