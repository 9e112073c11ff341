"""An event that is taken back never was, for every worker and after every crash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

pytest.importorskip("fastapi")

from tests.serve.conftest import ITEMS, Shop
from tests.serve.learning_here import learn_here, settle
from warmstart.data.records import Event
from warmstart.data.wire.events import EventIn
from warmstart.data.wire.items import ItemIn
from warmstart.roles.store import EVENTS, Store
from warmstart.serve.changes import CHANGES, Change, tell
from warmstart.serve.facts import entry_of, last_number
from warmstart.serve.history import aligned, kept_of
from warmstart.serve.keeping import Keeping
from warmstart.serve.replica import Replica
from warmstart.store import open_store

CLICK = {"event_type": "click", "user_id": "ann", "item_id": "tea"}
SCENE: dict[str, Any] = {"session_id": "s-1", "context": {"设备": "手机"}, "timestamp": 1.7e9}


def take_back(shop: Shop, number: int, user_id: str = "ann") -> dict[str, int]:
    answer = shop.client.delete(f"/v1/events/{number}", params={"user_id": user_id}, headers=shop.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["deleted"])


def events(shop: Shop, user_id: str = "ann") -> list[dict[str, object]]:
    answer = shop.client.get(f"/v1/users/{user_id}/export", headers=shop.headers)
    return list(answer.json()["events"])


def recommended(shop: Shop, user_id: str = "ann") -> object:
    return [
        (item["item_id"], item["score"])
        for item in shop.ask("/v1/recommend", {"user_id": user_id})["items"]
    ]


# -- one worker --------------------------------------------------------------------------------------


def test_three_acts_less_one_are_the_other_two(shop):
    told: list[dict[str, Any]] = [
        {**CLICK, **SCENE},
        {**CLICK, "item_id": "rod"},
        {**CLICK, "item_id": "pot", **SCENE},
    ]
    numbers = shop.ask("/v1/events", told)["numbers"]
    shop.ask("/v1/events", [{**told[0], "user_id": "bea"}, {**told[2], "user_id": "bea"}])
    before = events(shop)
    assert [event["number"] for event in before] == numbers
    assert recommended(shop) != recommended(shop, "bea")
    assert take_back(shop, numbers[1]) == {"events": 1}
    assert events(shop) == [before[0], before[2]]
    assert recommended(shop) == recommended(shop, "bea")


def test_what_was_taken_back_stays_so_when_the_service_starts_again(serving):
    with serving() as shop:
        shop.ask("/v1/items", ITEMS)
        numbers = shop.ask("/v1/events", [CLICK, {**CLICK, "item_id": "rod"}])["numbers"]
        take_back(shop, numbers[1])
        before = recommended(shop)
    with serving() as shop:
        assert recommended(shop) == before
        assert [event["item_id"] for event in events(shop)] == ["tea"]


def test_only_their_own_events_and_once(shop):
    (number,) = shop.ask("/v1/events", CLICK)["numbers"]
    assert take_back(shop, number, "bea") == {}
    assert take_back(shop, number + 1) == {}
    assert take_back(shop, number) == {"events": 1}
    assert take_back(shop, number) == {}
    assert shop.ask("/v1/recommend", {"user_id": "ann"})["warnings"]


def test_the_audit_log_says_that_it_was_done_and_not_to_whom(shop):
    (number,) = shop.ask("/v1/events", {**CLICK, "user_id": "zoë-7"})["numbers"]
    take_back(shop, number, "zoë-7")
    entries = shop.client.get("/v1/admin/audit", headers=shop.headers).json()["entries"]
    assert (entries[-1]["action"], entries[-1]["facts"]) == ("take_back", {"deleted": {"events": 1}})
    assert "zo" not in json.dumps(entries)


@pytest.mark.parametrize(("scopes", "status"), [(["read"], 403), (["write"], 200)])
def test_it_is_a_matter_of_who_may_write(shop, scopes, status):
    (number,) = shop.ask("/v1/events", CLICK)["numbers"]
    other = Shop(shop.client, shop.ask("/v1/admin/keys", {"scopes": scopes})["secret"])
    answer = shop.client.delete(f"/v1/events/{number}", params={"user_id": "ann"}, headers=other.headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("number", "user", "status"),
    [("0", "ann", 422), ("one", "ann", 422), (str(2**62), "ann", 422), ("1", "", 422), ("1", "a\0b", 400)],
)
def test_what_cannot_be_meant_is_refused(shop, number, user, status):
    answer = shop.client.delete(f"/v1/events/{number}", params={"user_id": user}, headers=shop.headers)
    assert answer.status_code == status


def test_an_event_of_several_items_is_taken_back_whole(shop):
    bought = {"event_type": "purchase", "user_id": "ann", "items": ["tea", "pot"]}
    (number,) = shop.ask("/v1/events", bought)["numbers"]
    take_back(shop, number)
    assert events(shop) == []
    assert "user_without_events" in shop.ask("/v1/recommend", {"user_id": "ann"})["warnings"]


def test_a_model_that_learned_from_it_lets_it_go_and_the_next_one_never_had_it(serving, monkeypatch):
    learn_here(monkeypatch)
    with serving() as shop:
        shop.ask("/v1/items", ITEMS)
        numbers = shop.ask("/v1/events", [CLICK, {**CLICK, "item_id": "rod"}])["numbers"]
        shop.ask("/v1/admin/refit", {"force": True})
        settle(shop)
        learned = shop.live.version
        take_back(shop, numbers[1])
        settle(shop)
        assert shop.live.version == learned
        held = shop.run(shop.live.ask, lambda engine: engine.events_of("ann"))
        assert [event.item_id for event in held] == ["tea"]
        shop.ask("/v1/admin/refit", {"force": True})
        settle(shop)
        assert shop.live.version > learned
        fitted = shop.run(shop.live.ask, lambda engine: engine.dataset.events["item_id"].to_list())
        assert fitted == ["tea"]
        shop.client.post("/v1/admin/rollback", headers=shop.headers)
        settle(shop)
        held = shop.run(shop.live.ask, lambda engine: engine.events_of("ann"))
        assert [event.item_id for event in held] == ["tea"]


# -- crashes ----------------------------------------------------------------------------------------


def test_a_crash_in_the_middle_of_the_deletion_leaves_all_as_it_was(shop, monkeypatch):
    numbers = shop.ask("/v1/events", [CLICK, {**CLICK, "item_id": "rod"}])["numbers"]
    before, kept = recommended(shop), events(shop)

    def crash(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr("warmstart.store.sql._append", crash)
        answer = shop.client.delete(
            f"/v1/events/{numbers[1]}", params={"user_id": "ann"}, headers=shop.headers
        )
        assert answer.status_code == 500
    assert (recommended(shop), events(shop)) == (before, kept)
    assert not any("taken" in entry.value for entry in shop.live.store.read(log=CHANGES))
    take_back(shop, numbers[1])
    assert events(shop) == kept[:1]


def test_a_crash_before_any_engine_has_heard_of_it_loses_nothing_else(serving):
    with serving() as shop:
        shop.ask("/v1/items", ITEMS)
        numbers = shop.ask("/v1/events", [CLICK, {**CLICK, "item_id": "rod"}])["numbers"]
        shop.ask("/v1/events", {**CLICK, "user_id": "bea"})
        Keeping(shop.live.store).take_back("ann", [numbers[1]])  # and then the process is no more
    with serving() as shop:
        assert recommended(shop) == recommended(shop, "bea")
        assert [event["item_id"] for event in events(shop)] == ["tea"]


# -- several workers --------------------------------------------------------------------------------


def test_another_worker_answers_without_it_at_once(serving):
    with serving(workers=2) as one, serving(workers=2) as other:
        one.ask("/v1/items", ITEMS)
        numbers = one.ask("/v1/events", [CLICK, {**CLICK, "item_id": "rod"}])["numbers"]
        one.ask("/v1/events", {**CLICK, "user_id": "bea"})
        assert recommended(other) != recommended(other, "bea")
        take_back(one, numbers[1])
        assert recommended(other) == recommended(one) == recommended(one, "bea")


PEOPLE = ["ann", "visitor", "李雷"]
person = st.sampled_from(PEOPLE)
steps = st.one_of(
    st.tuples(
        st.just("observe"), person, st.sampled_from(["tea", "pot", "rod"]), st.sampled_from([None, 1.7e9])
    ),
    st.tuples(st.just("take_back"), person, st.integers(0, 9)),
    st.tuples(st.just("merge"), st.permutations(PEOPLE).map(lambda two: tuple(two[:2])), st.booleans()),
    st.tuples(st.just("forget"), person),
    st.tuples(st.just("follow"), st.integers(0, 1)),
)


def _take(store: Store, replicas: list[Replica], step: tuple[Any, ...]) -> None:
    """One thing that a worker does."""
    digests, keeping, after = replicas[0].digests, Keeping(store), last_number(store, EVENTS)
    what, *rest = step
    if what == "observe":
        who, item_id, at = rest
        store.append([entry_of(EventIn(event_type="view", user_id=who, item_id=item_id, timestamp=at))])
    elif what == "take_back":
        kept = kept_of(store, rest[0])
        keeping.take_back(rest[0], [number for number, _ in kept[rest[1] :][:1]])
    elif what == "merge":
        (visitor, user), is_seen_halfway = rest
        store.merge(visitor, user)
        if is_seen_halfway:  # between what is written and the line that tells of it
            replicas[1].catch_up()
        tell(store, Change(user_id=user, merged=digests.of(visitor), after=after))
    elif what == "forget":
        keeping.forget(rest[0], digest=digests.of(rest[0]), after=after)
    else:
        replicas[rest[0]].catch_up()


def _bag(told: list[Event] | tuple[Event, ...]) -> list[tuple[object, ...]]:
    return sorted((event.item_id, event.timestamp) for event in told)


@contextmanager
def opened_store() -> Iterator[Store]:
    """A new store with three items, such as `model` was made of."""
    with open_store("memory://") as store:
        Keeping(store).put_items([ItemIn.read(item) for item in ITEMS[:3]])
        yield store


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that any such store can go on from."""
    folder = tmp_path_factory.mktemp("model")
    with opened_store() as store:
        Replica(store, folder, encoder="catalogue").start()
    return folder


MERGED_AFTER = [
    ("observe", "visitor", "tea", None),
    ("observe", "visitor", "pot", 1.7e9),
    ("follow", 1),
    ("take_back", "visitor", 0),
    ("merge", ("visitor", "ann"), True),
]
TO_AND_FRO = [
    ("observe", "ann", "tea", None),
    ("merge", ("ann", "visitor"), False),
    ("merge", ("visitor", "ann"), False),
]


@example(told=MERGED_AFTER)
@example(told=TO_AND_FRO)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=st.lists(steps, max_size=14))
def test_whatever_happens_every_worker_ends_with_what_the_store_has(model, told):
    with opened_store() as store:
        replicas = [Replica(store, model, encoder="catalogue") for _ in range(2)]
        for replica in replicas:
            replica.start()
        for step in told:
            _take(store, replicas, step)
        late = Replica(store, model, encoder="catalogue")
        late.start()
        for replica in replicas:
            replica.catch_up()
        for who in PEOPLE:
            kept = _bag([event for _, event in kept_of(store, who)])
            for replica in (*replicas, late):
                assert _bag(replica.ready.events_of(who)) == kept


# -- which event is which ---------------------------------------------------------------------------

views = st.builds(
    Event, user_id=st.just("ann"), item_id=st.sampled_from("ab"), timestamp=st.sampled_from([None, 1.0])
)


@given(held=st.lists(views, max_size=8), data=st.data())
def test_what_is_kept_in_order_is_found_in_order(held, data):
    staying = data.draw(st.lists(st.booleans(), min_size=len(held), max_size=len(held)))
    kept = [event for event, stays in zip(held, staying, strict=True) if stays]
    places = aligned(held, kept)
    assert [place for place in places if place is not None] == list(range(len(kept)))
    assert [event for event, place in zip(held, places, strict=True) if place is not None] == kept


@given(held=st.lists(views, max_size=6), kept=st.lists(views, max_size=6))
def test_in_any_order_as_many_are_found_as_there_are_alike(held, kept):
    places = [place for place in aligned(held, kept) if place is not None]
    assert len(set(places)) == len(places)
    alike = [(event.item_id, event.timestamp) for event in held]
    also = [(event.item_id, event.timestamp) for event in kept]
    assert len(places) == sum(min(alike.count(key), also.count(key)) for key in set(alike))
    for event, place in zip(held, aligned(held, kept), strict=True):
        assert place is None or kept[place] == event
