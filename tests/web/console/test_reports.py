"""Evaluation reports in the console, and the runs that it begins."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from warmstart.evaluate.evaluation import Comparison, Cost, Evaluation, Row

pytest.importorskip("fastapi")


def evaluation() -> Evaluation:
    """Two methods at three numbers of events, as one run leaves them."""
    rows = [
        Row(
            method=method,
            seed=seed,
            shots=shots,
            candidates="all",
            metric="nDCG@20",
            value=value + 0.01 * shots,
            low=value,
            high=value + 0.1,
            cases=40,
        )
        for method, value in (("popularity", 0.1), ("engine", 0.2))
        for seed in (0, "all")
        for shots in (0, 1, 2)
    ]
    compared = Comparison(
        method="engine",
        against="popularity",
        strongest=True,
        shots=1,
        candidates="all",
        metric="nDCG@20",
        difference=0.1,
        relative=1.0,
        low=0.05,
        high=0.15,
        p=0.01,
        p_holm=0.02,
        verdict="better",
        effect=0.4,
        wins=20,
        ties=10,
        losses=10,
    )
    cost = Cost(
        method="engine",
        fit_s=1.0,
        query_ms_p50=2.0,
        query_ms_p99=3.0,
        update_ms_p50=None,
        update_ms_p99=None,
        peak_rss_mb=100.0,
    )
    return Evaluation(
        protocol="new-users", dataset="a shop", rows=tuple(rows), cost=(cost,), comparisons=(compared,)
    )


def put(home: Path, name: str = "first", *, at: float | None = None) -> Path:
    """A report where the console looks for it."""
    path = home / "reports" / "default" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    evaluation().to_json(path)
    if at is not None:
        os.utime(path, (at, at))
    return path


def test_reports_are_listed_the_newest_first_and_what_is_none_says_so(console, tmp_path):
    assert console.get("reports")["reports"] == []
    put(tmp_path / "home", "older", at=1.7e9)
    newer = put(tmp_path / "home", "newer", at=1.8e9)
    (newer.parent / "broken.json").write_text("{}")
    found = {row["name"]: row for row in console.get("reports")["reports"]}
    assert [name for name in found if name != "broken"] == ["newer", "older"]
    assert (found["newer"]["protocol"], found["newer"]["methods"], found["newer"]["cases"]) == (
        "new-users",
        2,
        40,
    )
    assert "evaluation" in found["broken"]["trouble"]


def test_a_report_has_the_numbers_of_all_seeds_and_its_comparisons(console, tmp_path):
    put(tmp_path / "home")
    found = console.get("report", name="first")
    values = [row["value"] for row in found["rows"] if row["method"] == "engine"]
    assert values == pytest.approx([0.2, 0.21, 0.22])
    assert all("seed" not in row for row in found["rows"])
    assert found["comparisons"][0]["verdict"] == "better"
    assert found["cost"][0]["fit_s"] == 1.0
    page = console.ask("report.html", params={"name": "first"})
    assert page.headers["content-disposition"] == 'attachment; filename="first.html"'
    assert "a shop" in page.text


@pytest.mark.parametrize("name", ["nothing", "../store", "..", "a/b", ".running"])
def test_nothing_beside_the_reports_can_be_read(console, tmp_path, name):
    put(tmp_path / "home")
    assert console.ask("report", params={"name": name}).status_code == 404


def test_a_report_is_for_administrators(stranger, tmp_path):
    put(tmp_path / "home")
    for path in ("reports", "report?name=first", "report.html?name=first"):
        assert stranger.ask(path).status_code == 401
    assert stranger.ask("examine", {}).status_code == 401


def test_one_run_goes_on_at_a_time_and_says_what_went_wrong(console, monkeypatch, tmp_path):
    from warmstart.web.console import report_doors
    from warmstart.web.console.reports import Reports

    asked = []

    async def examine(task, reports):
        asked.append((task.protocol, task.sample, task.tenant))

    monkeypatch.setattr(report_doors, "examine", examine)
    assert console.post("examine", {"protocol": "new-items", "sample": 50}) == {"running": True}
    assert console.get("reports")["running"]
    assert console.ask("examine", {}).status_code == 409
    Reports(tmp_path / "home" / console.get("reports")["folder"]).end("no cases")
    assert asked == [("new-items", 50, "default")]
    found = console.get("reports")
    assert (found["running"], found["trouble"]) == (False, "no cases")
    console.post("examine", {})
    assert console.get("reports")["trouble"] == ""


def test_a_run_that_died_makes_room_for_the_next(tmp_path):
    from warmstart.web.console.reports import Reports

    reports = Reports(tmp_path)
    assert reports.begin()
    assert not reports.begin()
    os.utime(tmp_path / ".running", (1.0, 1.0))
    assert not reports.is_running
    assert reports.begin()
    reports.live()
    assert reports.is_running


def test_a_run_leaves_a_report_that_names_nobody(tmp_path, monkeypatch):
    from warmstart.data.simulator import SimulatorSettings, simulate
    from warmstart.serve.run import take_shop
    from warmstart.serve.settings import ServeSettings
    from warmstart.web.console import examining
    from warmstart.web.console.reports import Reports, shown

    settings = ServeSettings(home=tmp_path)
    take_shop(settings, simulate(SimulatorSettings(n_items=120, n_users=200, seed=1)).dataset)
    monkeypatch.setattr(examining, "METHODS", ("popularity", "random"))
    task = examining.Examination(
        store=settings.store_url, tenant="default", folder=str(tmp_path), encoder="catalogue", sample=30
    )
    made = examining.run(task)
    found = Reports(tmp_path).read(made.stem)
    assert found.stories == ()
    assert {row["method"] for row in shown(found)["rows"]} == {"popularity", "random"}


def test_a_process_that_fails_says_why(tmp_path):
    from warmstart.web.console.examining import Examination, examine
    from warmstart.web.console.reports import Reports

    reports = Reports(tmp_path)
    reports.begin()
    task = Examination(store=f"sqlite:///{tmp_path / 'nothing.db'}", tenant="default", folder=str(tmp_path))
    asyncio.run(examine(task, reports))
    assert not reports.is_running
    assert "InputError" in reports.trouble
