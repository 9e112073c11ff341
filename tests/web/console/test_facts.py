"""The numbers of the console."""

from __future__ import annotations

import math

import pytest

from warmstart import Dataset, Event, Item

pytest.importorskip("fastapi")


def test_the_overview_counts_answers_and_what_came_of_them(console):
    answer = console.api("/v1/search", {"query": "tea", "n": 3})
    seen = {"request_id": answer["request_id"], "user_id": "new", "item_id": "tea-0"}
    console.api("/v1/events", [{"event_type": "impression", **seen}, {"event_type": "click", **seen}])
    console.api("/v1/recommend", {"n": 3})
    found = console.get("overview")
    rows = {row["scenario"]: row for row in found["scenarios"]}
    assert (rows["search"]["answers"], rows["search"]["impression"], rows["search"]["click"]) == (1, 1, 1)
    assert rows["search"]["ctr"] == 1.0
    assert rows["recommend"]["cold_share"] == 1.0
    assert found["shown"] >= 3
    assert found["model"]["items"] == 15
    routes = {row["route"]: row for row in found["routes"]}
    assert routes["/v1/search"]["requests"] == 1
    assert 0 <= routes["/v1/search"]["p50"] <= routes["/v1/search"]["p95"]
    assert found["alerts"] == []
    assert found["latency"]["questions"] == 2


def test_latency_is_that_of_questions_alone():
    from warmstart.web.console.overview import latency_of

    def buckets(route: str, quick: int, slow: int) -> list[tuple[dict[str, str], float]]:
        counts = {"0.01": quick, "0.1": quick + slow, "+Inf": quick + slow}
        return [({"route": route, "le": bound}, float(count)) for bound, count in counts.items()]

    facts = ("/v1/events", "/v1/items/{item_id}", "/v1/admin/refit", "/console/api/me")
    quiet = ("/shop/assets/{version}/{name}", "/healthz", "/metrics", *facts)
    other = [one for route in quiet for one in buckets(route, 900, 0)]
    asked = buckets("/v1/search", 10, 0) + buckets("/shop/api/welcome", 0, 10)
    found = latency_of({"warmstart_request_seconds_bucket": other + asked})
    assert (found["questions"], found["p50"]) == (20, 0.01)
    assert found["p95"] == pytest.approx(0.091)
    assert found["slowest"] == {"route": "/shop/api/welcome", "p95": pytest.approx(0.0955)}
    nobody = {"questions": 0, "p50": None, "p95": None, "slowest": None}
    assert latency_of({"warmstart_request_seconds_bucket": other}) == nobody


def test_days_without_an_event_are_there_and_what_is_not_drawn_is_said():
    from warmstart.web.console.overview import days_of

    day = 86_400.0
    times = [0.0, 1.0, 100 * day, 103 * day + 5]
    events = [Event(user_id="u", item_id="a", event_type="click", timestamp=at) for at in times]
    found = days_of(Dataset.from_records([Item(item_id="a")], events))
    assert [row["day"] for row in found["rows"]][-4:] == [f"1970-04-{n}" for n in (11, 12, 13, 14)]
    assert [row["click"] for row in found["rows"]][-5:] == [0, 1, 0, 0, 1]
    assert (len(found["rows"]), found["earlier"], found["until"]) == (60, 2, "1970-01-01")
    young = days_of(Dataset.from_records([Item(item_id="a")], events[2:]))
    assert [row["all"] for row in young["rows"]] == [1, 0, 0, 1]
    assert (young["earlier"], young["until"]) == (0, None)
    timeless = [Event(user_id="u", item_id="a", event_type="view")]
    assert days_of(Dataset.from_records([Item(item_id="a")], timeless)) == {
        "rows": [],
        "earlier": 0,
        "until": None,
    }


def test_alerts_are_told_from_simple_thresholds():
    from warmstart.web.console.overview import alerts_of

    slow = {"route": "/a", "requests": 100, "errors": 5, "p95": 0.9}
    scenario = {"scenario": "search", "answers": 100, "empty_share": 0.5, "cold_share": 0.9}
    drift = [{"name": "kinds of events", "value": 0.3}]
    found = alerts_of([slow], [scenario], drift, has_model=True, has_events=True)
    assert [alert["key"] for alert in found] == ["errors", "slow", "empty", "cold", "drift"]
    few = [{**slow, "requests": 10, "errors": 0}], [{**scenario, "answers": 10}]
    assert alerts_of(*few, [], has_model=True, has_events=True) == []
    told = alerts_of([], [], [], has_model=True, has_events=False)
    assert [alert["key"] for alert in told] == ["no_events"]


def test_the_catalogue_says_what_it_lacks():
    from warmstart.web.console.quality import quality_of

    shop = Dataset.from_records(
        [
            Item(item_id="a", title="Tea", brand="Leaf", price=3.0, categories=("Drinks",)),
            Item(item_id="b", title=" tea", description="Loose leaves"),
            Item(item_id="c", title="茶壶", brand=" "),
        ],
        [Event(user_id="u", item_id="a", event_type="click")] * 3,
    )
    found = quality_of(shop)
    missing = {row["field"]: row["items"] for row in found["missing"]}
    wanted = {"title": 0, "description": 2, "brand": 2, "price": 2, "categories": 2, "image": 3}
    assert missing == wanted
    assert [(row["items"], row["ids"]) for row in found["twins"]["examples"]] == [(2, ["a", "b"])]
    assert (found["twins"]["titles"], found["twins"]["items"]) == (1, 2)
    assert [item["id"] for item in found["cold"]] == ["b", "c"]
    assert (found["events"]["total"], found["events"]["cold"]) == (3, 2)
    assert math.isclose(found["events"]["gini"], 2 / 3, abs_tol=1e-4)
    assert found["events"]["shares"][-1] == {"top": 0.5, "share": 1.0}


def test_a_quantile_lies_where_its_share_of_the_counts_ends():
    from warmstart.web.console.overview import quantile

    buckets = [(0.1, 10.0), (0.2, 10.0), (0.4, 20.0), (math.inf, 20.0)]
    assert [quantile(buckets, share) for share in (0.25, 0.5, 0.75, 1.0)] == [0.05, 0.1, 0.3, 0.4]
    assert quantile([(0.1, 0.0), (math.inf, 4.0)], 0.5) == 0.1
    assert quantile([(0.1, 0.0), (math.inf, 0.0)], 0.5) is None


def test_models_are_listed_with_their_verdicts_and_rolled_back(console):
    from warmstart.core.artifact import current_version, write_json

    folder = console.service.shops["default"].folder
    write_json(current_version(folder) / "verdict.json", {"cases": 60, "gain": 0.01, "why": "better"})
    found = console.get("models")["versions"]
    assert [version["running"] for version in found].count(True) == 1
    assert found[0]["verdict"]["gain"] == 0.01
    assert found[0]["bytes"] > 0
    answer = console.ask("rollback", {})
    assert answer.status_code == (200 if len(found) > 1 else 409)


def test_a_shop_without_anything_has_pages_too(stranger):
    from tests.web.console.conftest import ADMIN

    stranger.post("login", {"key": ADMIN})
    assert stranger.get("overview")["alerts"] == [{"key": "no_model"}]
    assert stranger.get("quality") == {"items": 0}
    assert stranger.get("models")["versions"] == []
    assert stranger.ask("search", {"query": "tea"}).status_code == 409
