"""Searches and users looked into."""

from __future__ import annotations

import math
from dataclasses import replace

import polars as pl
import pytest

from tests.web.conftest import ARABIC, EVIL

pytest.importorskip("fastapi")


def test_a_search_shows_each_leg_and_reasons_that_sum_to_the_score(console):
    lists = console.post("search", {"query": "steel kettle", "user_id": "u0", "n": 8})["lists"]
    assert set(lists) == {"lexical", "dense", "fused", "final"}
    assert lists["lexical"][0]["id"] == "kettles-0"
    for entry in lists["final"]:
        total = sum(reason["value"] for reason in entry["reasons"])
        assert math.isclose(total, entry["score"], abs_tol=1e-3)


def test_the_list_as_shown_is_what_the_shop_answers(console):
    lists = console.post("search", {"query": "tea", "user_id": "u2"})["lists"]
    shown = console.api("/v1/search", {"query": "tea", "user_id": "u2", "n": 10})
    assert [entry["id"] for entry in lists["final"]] == [item["item_id"] for item in shown["items"]]


def test_judgments_are_kept_measured_and_taken_back(console):
    ids = [entry["id"] for entry in console.post("search", {"query": "tea"})["lists"]["final"]]
    for place, item_id in enumerate(ids):
        grade = {"set": "mine", "query": "tea", "item_id": item_id, "grade": 3 if place == 0 else 0}
        console.post("judge", grade)
    measured = console.post("measure", {"set": "mine"})
    assert measured["mean"] == 1.0
    assert measured["queries"][0]["judged_share"] == 1.0
    console.post("judge", {"set": "mine", "query": "tea", "item_id": ids[0], "grade": 0})
    console.post("judge", {"set": "mine", "query": "tea", "item_id": ids[1], "grade": 3})
    assert console.post("measure", {"set": "mine"})["mean"] == pytest.approx(1 / math.log2(3), abs=1e-4)
    for item_id in ids:
        console.post("judge", {"set": "mine", "query": "tea", "item_id": item_id, "grade": None})
    assert console.get("sets") == {"queries": [], "imported": 0}
    assert console.post("measure", {"set": "mine"})["mean"] is None


@pytest.fixture
def judged(opening, tmp_path):
    """The console of a shop that came with judgments."""
    from tests.web.console.conftest import ADMIN
    from warmstart import Dataset, Item
    from warmstart.serve.run import take_shop
    from warmstart.serve.settings import ServeSettings

    shop = Dataset.from_records(
        [Item(item_id="sencha", title="green tea"), Item(item_id="mug", title="mug for tea")]
    )
    rows = [("green tea", "sencha", 3.0), ("green tea", "mug", 0.0), ("绿茶", "sencha", 2.0)]
    table = pl.DataFrame(rows, schema=["query", "item_id", "grade"], orient="row")
    empty = shop.judgments.clear()
    judgments = pl.concat([empty, table], how="diagonal_relaxed").cast(empty.schema)
    take_shop(ServeSettings(home=tmp_path / "home"), replace(shop, judgments=judgments))
    with opening() as found:
        found.post("login", {"key": ADMIN})
        yield found


def test_judgments_that_came_with_the_shop_are_a_set_that_is_measured_and_not_changed(judged):
    sets = judged.get("sets")
    assert sets["imported"] == 2
    assert {row["query"]: row["grades"] for row in sets["queries"]} == {
        "green tea": {"sencha": 3, "mug": 0},
        "绿茶": {"sencha": 2},
    }
    assert {row["set"] for row in sets["queries"]} == {"imported"}
    grades = judged.post("search", {"query": "green tea", "set": "imported"})["grades"]
    assert grades == {"sencha": 3, "mug": 0}
    found = judged.post("measure", {"set": "imported"})
    assert {row["query"]: row["judged"] for row in found["queries"]} == {"green tea": 2, "绿茶": 1}
    assert {row["query"]: row["ndcg"] for row in found["queries"]}["green tea"] == 1.0
    grade = {"set": "imported", "query": "green tea", "item_id": "mug", "grade": 3}
    assert judged.ask("judge", grade).status_code == 400
    assert judged.post("search", {"query": "green tea", "set": "imported"})["grades"] == grades
    judged.post("judge", {**grade, "set": "mine"})
    assert [row["set"] for row in judged.get("sets")["queries"]] == ["imported", "imported", "mine"]


def test_of_many_imported_queries_the_same_few_are_measured():
    from warmstart.web.console.imported import MOST, Imported

    queries = [f"query {n}" for n in range(2 * MOST)]
    table = pl.DataFrame({"query": queries, "item_id": queries, "grade": [1.0] * len(queries)})
    some = [one.query for one in Imported.of(table).sample]
    assert len(some) == MOST
    assert some == sorted(some)
    assert some == [one.query for one in Imported.of(table[::-1]).sample]
    assert len(Imported.of(table[: MOST - 1]).sample) == MOST - 1


def test_judgments_come_back_with_the_search(console):
    console.post("judge", {"set": "a", "query": "tea", "item_id": "tea-2", "grade": 2})
    assert console.post("search", {"query": "tea", "set": "a"})["grades"] == {"tea-2": 2}
    assert console.post("search", {"query": "tea", "set": "b"})["grades"] == {}


def test_users_are_found_with_the_busiest_first(console):
    users = console.get("users", q="U1")["users"]
    assert {user["id"] for user in users} == {"u1", *(f"u{n}" for n in range(10, 20))}
    assert [user["events"] for user in users] == sorted((user["events"] for user in users), reverse=True)
    assert console.get("users", q="nobody at all") == {"users": []}


def test_a_replay_begins_with_a_stranger_and_ends_with_what_the_user_gets(console):
    played = console.post("replay", {"user_id": "u0", "n": 5})
    events = console.service.shops["default"]._replica.ready.events_of("u0")
    assert [step["event"] and step["event"]["id"] for step in played["steps"]] == [
        None,
        *(event.item_id for event in events),
    ]
    now = console.api("/v1/recommend", {"user_id": "u0", "n": 5, "explore": 0.0})
    assert [e["id"] for e in played["steps"][-1]["items"]] == [i["item_id"] for i in now["items"]]
    assert played["steps"][0]["evidence"] == 0.0
    assert played["steps"][-1]["evidence"] > 0.0


def test_each_step_says_what_moved(console):
    before, after = console.post("replay", {"acts": [{"act": "click", "item_id": "tea-0"}], "n": 5})[
        "steps"
    ]
    was, now = ([entry["id"] for entry in step["items"]] for step in (before, after))
    assert was != now
    assert after["new"] == len(set(now) - set(was))
    assert [item["id"] for item in after["gone"]] == [item_id for item_id in was if item_id not in now]
    for place, entry in enumerate(after["items"]):
        expected = was.index(entry["id"]) - place if entry["id"] in was else None
        assert entry["moved"] == expected


def test_nothing_is_written_by_a_replay(console):
    before = console.service.store.tenant("default").describe()
    console.post("replay", {"user_id": "u0", "acts": [{"act": "purchase", "item_id": "tea-1"}]})
    assert console.service.store.tenant("default").describe() == before
    assert "somebody" not in str(console.get("users"))


def test_why_counts_the_events_up_to_a_step(console):
    acts = [{"act": "click", "item_id": "tea-0"}, {"act": "click", "item_id": "fishing-1"}]
    for steps, evidence in ((0, set()), (1, {"tea-0"}), (2, {"tea-0", "fishing-1"})):
        told = console.post("why", {"item_id": "tea-2", "acts": acts, "steps": steps})
        assert math.isclose(sum(r["value"] for r in told["reasons"]), told["score"], abs_tol=1e-3)
        assert {reason["id"] for reason in told["reasons"]} - {""} <= evidence


def test_what_cannot_be_answered_is_said(console):
    assert console.ask("why", {"item_id": "no such item"}).status_code == 404
    assert console.ask("search", {"query": ""}).status_code == 422
    assert console.ask("search", {"query": "  "}).status_code == 422
    assert console.ask("judge", {"set": "a", "query": "b", "item_id": "c", "grade": 4}).status_code == 422
    assert console.ask("replay", {"acts": [{"act": "dance", "item_id": "tea-0"}]}).status_code == 400


def test_titles_travel_as_text_whatever_they_hold(console):
    found = console.post("search", {"query": "black tea"})["lists"]["final"]
    assert any(EVIL in entry["title"] for entry in found)
    assert any(item["title"] == ARABIC for item in console.get("items", q=ARABIC)["items"])
    assert console.post("search", {"query": "绿茶"})["lists"]["lexical"][0]["id"] == "tea-4"


def test_two_who_judge_a_query_at_once_lose_no_grade(tmp_path):
    from threading import Barrier, Thread

    from warmstart.store import open_store
    from warmstart.web.console.judgments import TestSets

    begin = Barrier(2)

    def judge(worker: int) -> None:
        with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
            begin.wait()
            for place in range(20):
                TestSets(store).judge("mine", "tea", f"item-{worker}-{place}", worker)

    open_store(f"sqlite:///{tmp_path / 'store.db'}").close()
    workers = [Thread(target=judge, args=(worker,)) for worker in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        (judged,) = TestSets(store).all()
    assert judged.grades == {f"item-{worker}-{place}": worker for worker in (1, 2) for place in range(20)}


def test_the_more_somebody_did_the_less_of_their_taste_is_open(console):
    left = console.post("doubt", {"user_id": "u0"})["left"]
    assert len(left) == len(console.post("replay", {"user_id": "u0"})["steps"])
    assert left[0] == 1.0
    assert left == sorted(left, reverse=True)
    assert 0 < left[-1] < 1
    assert console.post("doubt", {})["left"] == [1.0]
    twice = [{"act": "click", "item_id": "tea-0"}] * 2
    once = console.post("doubt", {"acts": twice[:1]})["left"][-1]
    assert console.post("doubt", {"acts": twice})["left"] == [1.0, once, once]


def test_where_nobody_chose_anything_nothing_is_said_of_certainty(stranger):
    from tests.web.console.conftest import ADMIN

    stranger.api("/v1/items", [{"item_id": "a", "title": "green tea"}, {"item_id": "b", "title": "mug"}])
    stranger.post("login", {"key": ADMIN})
    assert stranger.post("doubt", {}) == {"left": []}
