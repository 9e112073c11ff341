"""Counting again without those who were forgotten: soon, together, and also after a crash."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("fastapi")

from tests.serve.conftest import ITEMS, Shop
from tests.serve.learning_here import files_with, learn_here, settle
from warmstart.serve import refitting
from warmstart.serve.leases import Lease
from warmstart.serve.relearning import Relearning
from warmstart.serve.replica import LEARNING

PEOPLE = [f"{name}-4711@who.was.here" for name in ("ann", "bob", "eve", "kim")]
CLICKS = [{"event_type": "click", "user_id": who, "item_id": "tea"} for who in [*PEOPLE, "who stays"]]


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_it_begins_at_once_and_then_after_a_pause(clock):
    relearning = Relearning(10, clock=clock)
    assert relearning.may_begin
    relearning.begin()
    clock.now += 60
    relearning.end()
    clock.now += 599
    assert not relearning.may_begin
    clock.now += 1
    assert relearning.may_begin


def test_what_takes_long_rests_for_as_long(clock):
    relearning = Relearning(10, clock=clock)
    relearning.begin()
    clock.now += 3600
    relearning.end()
    clock.now += 3599
    assert not relearning.may_begin
    clock.now += 1
    assert relearning.may_begin


def test_a_model_of_another_worker_counts_as_well(clock):
    relearning = Relearning(10, clock=clock)
    relearning.learned()
    clock.now += 599
    assert not relearning.may_begin
    relearning.occupied()
    clock.now += 1
    assert not relearning.may_begin
    clock.now += 4
    assert relearning.may_begin


def test_without_minutes_there_is_no_pause(clock):
    relearning = Relearning(0, clock=clock)
    relearning.begin()
    clock.now += 60
    relearning.end()
    relearning.learned()
    relearning.occupied()
    assert relearning.may_begin


@pytest.fixture
def relearned(monkeypatch) -> list[Any]:
    """Shops are learned in a thread of the test; what came of it each time."""
    learn_here(monkeypatch)
    found: list[Any] = []
    relearn = refitting._relearn

    def noted(*args: Any) -> Any:
        found.append(relearn(*args))
        return found[-1]

    monkeypatch.setattr(refitting, "_relearn", noted)
    return found


def fill(shop: Shop, clock: Clock) -> None:
    shop.live._relearning._clock = clock
    shop.ask("/v1/items", ITEMS)
    shop.ask("/v1/events", CLICKS)
    shop.ask("/v1/admin/refit", {"force": True})
    settle(shop)


def forget(shop: Shop, *people: str) -> None:
    for user_id in people:
        assert shop.client.delete(f"/v1/users/{user_id}", headers=shop.headers).status_code == 200
    settle(shop)


def waits(shop: Shop) -> bool:
    return bool(shop.client.get("/v1/admin/status", headers=shop.headers).json()["is_to_relearn"])


def test_many_who_are_forgotten_in_a_row_are_learned_without_in_one_go(serving, clock, relearned, tmp_path):
    models = tmp_path / "home" / "models"
    with serving(relearn_minutes=10.0) as shop:
        fill(shop, clock)
        clock.now += 600
        forget(shop, PEOPLE[0])
        assert len(relearned) == 1
        assert not waits(shop)
        forget(shop, *PEOPLE[1:])
        nobody = shop.ids("/v1/recommend", {"user_id": "never seen"})
        assert all(shop.ids("/v1/recommend", {"user_id": who}) == nobody for who in PEOPLE)
        assert len(relearned) == 1
        assert waits(shop)
        assert files_with(models, PEOPLE[1])
        clock.now += 600
        settle(shop)
        assert len(relearned) == 2
        assert not waits(shop)
        assert [files_with(models, who) for who in PEOPLE] == [set()] * 4
        assert files_with(models, "who stays")


def test_who_waited_to_be_learned_without_is_so_after_a_restart(serving, clock, relearned, tmp_path):
    with serving(relearn_minutes=10.0) as shop:
        fill(shop, clock)
        forget(shop, *PEOPLE)
        assert (len(relearned), waits(shop)) == (0, True)
    assert files_with(tmp_path / "home" / "models", PEOPLE[0])
    with serving(relearn_minutes=10.0) as shop:
        settle(shop)
        assert (len(relearned), waits(shop)) == (1, False)
        assert [files_with(tmp_path / "home" / "models", who) for who in PEOPLE] == [set()] * 4


def test_a_new_model_makes_what_waits_needless(serving, clock, relearned, tmp_path):
    with serving(relearn_minutes=10.0) as shop:
        fill(shop, clock)
        forget(shop, *PEOPLE)
        shop.ask("/v1/admin/refit", {"force": True})
        settle(shop)
        assert not waits(shop)
        assert files_with(tmp_path / "home" / "models", PEOPLE[0]) == set()
        clock.now += 6000
        settle(shop)
    assert relearned == []


def test_older_versions_go_also_when_the_process_died_before_it_came_to_that(
    serving, clock, relearned, monkeypatch, tmp_path
):
    models = tmp_path / "home" / "models"
    with serving() as shop:
        fill(shop, clock)
        with monkeypatch.context() as dying:
            dying.setattr(refitting, "_remove_who_is_gone", lambda *_: None)
            forget(shop, PEOPLE[0])
        assert len(relearned) == 1
        assert files_with(models, PEOPLE[0])
    with serving() as shop:
        assert files_with(models, PEOPLE[0]) == set()
        assert shop.ids("/v1/search", {"query": "green tea", "n": 1}) == ["tea"]


def test_nothing_is_removed_while_somebody_learns(serving, clock, relearned, monkeypatch, tmp_path):
    models = tmp_path / "home" / "models"
    with serving() as shop:
        fill(shop, clock)
        with monkeypatch.context() as dying:
            dying.setattr(refitting, "_remove_who_is_gone", lambda *_: None)
            forget(shop, PEOPLE[0])
        lease = Lease(shop.live.store, LEARNING)
        assert lease.take()
        refitting.tidy(shop.live.store, shop.live.folder)
        assert files_with(models, PEOPLE[0])
        lease.release()
        refitting.tidy(shop.live.store, shop.live.folder)
        assert files_with(models, PEOPLE[0]) == set()
