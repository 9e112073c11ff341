"""What is said of the service is what was measured."""

from __future__ import annotations

import json

import pytest

from scripts.make_benchmarks import RESULTS
from scripts.serve_table import SERVE_CONCLUSION, serve_section
from scripts.soak_table import SOAK_CONCLUSION, soak_section

REPORT = json.loads((RESULTS / "serve.json").read_text(encoding="utf-8"))


def test_the_table_has_its_command_and_a_conclusion():
    assert REPORT["command"].startswith("python benchmarks/serve.py")
    assert SERVE_CONCLUSION.endswith(".")
    assert SERVE_CONCLUSION in serve_section(REPORT)


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
