"""What is said of the service is what was measured."""

from __future__ import annotations

import importlib
import json

import pytest

from scripts.make_benchmarks import RESULTS
from scripts.serve_quality_table import QUALITY_CONCLUSION
from scripts.serve_table import SERVE_CONCLUSION, serve_section
from scripts.soak_table import SOAK_CONCLUSION, soak_section

REPORT = json.loads((RESULTS / "serve.json").read_text(encoding="utf-8"))
PARTS = [*REPORT["shops"], REPORT["quality"]]
ROWS = {(row["asked"], row["who"]): row for cut in REPORT["quality"]["cuts"] for row in cut["rows"]}


def test_the_table_has_its_command_and_a_conclusion():
    section = serve_section(REPORT)
    for conclusion in (SERVE_CONCLUSION, QUALITY_CONCLUSION):
        assert conclusion.endswith(".")
        assert conclusion in section


@pytest.mark.parametrize("part", PARTS, ids=lambda part: str(part["shop"]))
def test_each_part_says_when_it_was_measured_by_what_and_how_busy_the_machine_was(part):
    assert part["command"].startswith("python benchmarks/serve.py")
    assert part["date"]
    assert len(part["load_after"]) == 3
    assert part["load"] is None or len(part["load"]) == 3


@pytest.mark.parametrize("kind", ["search", "recommend", "similar"])
@pytest.mark.parametrize("shop", REPORT["shops"], ids=lambda shop: str(shop["items"]))
def test_the_service_at_most_doubles_what_the_engine_takes(shop, kind):
    p50 = {row["who"]: row["p50"] for row in shop["alone"] if row["kind"] == kind}
    assert p50["bare"] < p50["service"] <= 2 * p50["engine"]


def test_a_soak_lost_nothing_and_met_no_error():
    report = json.loads((RESULTS / "soak.json").read_text(encoding="utf-8"))
    assert report["minutes"] >= 20
    assert (report["lost"], report["twice"], report["errors"]) == (0, 0, 0)
    assert SOAK_CONCLUSION in soak_section(report)


@pytest.mark.parametrize("who", ["als", "neighbours"])
def test_what_is_said_of_the_quality_of_peers_is_what_was_measured(who):
    asked = {kind for kind, _ in ROWS}
    assert len(asked) == 6
    for kind in asked:
        own, other = ROWS[kind, "service"], ROWS[kind, who]
        assert own["answered"] == 1
        assert other["ndcg"]["difference_high"] < 0
        assert other["p50"] < own["p50"]
        if kind.endswith("new items"):
            assert other["recall"]["value"] == 0
    assert ROWS["visitors before their first event", who]["answered"] == 0


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch):
    for name in ("fastapi", "orjson", "implicit"):
        pytest.importorskip(name)
    monkeypatch.syspath_prepend(str(RESULTS.parent))
    return importlib.import_module("serve")


def test_one_part_of_a_run_replaces_itself_and_leaves_the_others(benchmark, tmp_path):
    target = tmp_path / "serve.json"
    for name, part in (
        ("100000", {"items": 100_000, "load": [3.0]}),
        ("quality", {"cuts": []}),
        ("icecat", {"items": 19_406, "load": [1.0]}),
        ("100000", {"items": 100_000, "load": [2.0]}),
    ):
        benchmark.write(target, name, part)
    assert json.loads(target.read_text(encoding="utf-8")) == {
        "shops": [
            {"shop": "icecat", "items": 19_406, "load": [1.0]},
            {"shop": "100000", "items": 100_000, "load": [2.0]},
        ],
        "quality": {"cuts": []},
    }
