"""A visitor who logs in: the engine is what it would be had the user done it all."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.shops import english, fitted
from tests.engine.test_keeping import same_answers, saved_files
from warmstart.core.errors import InputError, NotFittedError
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.records import Event, events_frame
from warmstart.engine.engine import Engine
from warmstart.engine.event_log import EventLog
from warmstart.engine.packed_events import PackedEvents

VISITOR, USER = "visitor 7", "用户"


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine that forgets what a test told it."""
    return fitted(english())


acts = st.builds(
    Event,
    user_id=st.sampled_from([VISITOR, USER, "ann"]),
    item_id=st.sampled_from(["mbs", "phones", "green-tea", "later", "black-cup"]),
    event_type=st.sampled_from(["click", "purchase", "dislike", "impression"]),
    context=st.sampled_from([{}, {"page": "首页"}]),
)
streams = st.lists(acts, max_size=12)


def timed(events: Sequence[Event]) -> list[Event]:
    return [replace(event, timestamp=float(100 + k)) for k, event in enumerate(events)]


def logged_in(events: Sequence[Event]) -> list[Event]:
    """The same events had the visitor been known from the start."""
    return [replace(event, user_id=USER) if event.user_id == VISITOR else event for event in events]


def log_of(past: Sequence[Event], since: Sequence[Event]) -> EventLog:
    log = EventLog(PackedEvents.of(events_frame(past)))
    for event in since:
        log.append(event)
    return log


def same_logs(left: EventLog, right: EventLog) -> None:
    assert left.fitted.frame().equals(right.fitted.frame())
    assert left.since().equals(right.since())
    for user in (VISITOR, USER, "ann"):
        assert left.events_of(user) == right.events_of(user)
    assert len(left) == len(right)


def same(left: ItemList, right: ItemList) -> None:
    assert left.item_ids == right.item_ids
    np.testing.assert_array_equal(left.scores, right.scores)
    assert left.reasons == right.reasons


@given(streams, streams, st.booleans())
def test_a_renamed_log_is_the_log_of_one_person(past: list[Event], since: list[Event], dated: bool):
    past, since = (timed(past), timed(since)) if dated else (past, since)
    log = log_of(past, since)
    n = sum(event.user_id == VISITOR for event in [*past, *since])
    assert log.rename(VISITOR, USER) == n
    same_logs(log, log_of(logged_in(past), logged_in(since)))
    assert log.rename(VISITOR, USER) == 0
    same_logs(log, log_of(logged_in(past), logged_in(since)))


@given(streams, streams)
def test_events_that_come_after_the_merge_stand_behind_those_before(early: list[Event], late: list[Event]):
    log = log_of([], early)
    log.rename(VISITOR, USER)
    for event in late:
        log.append(event)
    log.rename(VISITOR, USER)
    moved = [*logged_in(early), *logged_in(late)]
    assert log.events_of(USER) == tuple(event for event in moved if event.user_id == USER)


@given(streams, st.randoms(use_true_random=False))
def test_time_decides_where_every_event_has_one(events: list[Event], random):
    dated = timed(events)
    shuffled = random.sample(dated, len(dated))
    both = {VISITOR, USER}
    expected = tuple(event for event in logged_in(dated) if event.user_id == USER)
    for log in (log_of(shuffled, []), log_of([], shuffled)):
        if log.rename(VISITOR, USER):
            assert log.events_of(USER) == expected
        assert len(log.events_of(USER)) <= sum(event.user_id in both for event in events)


def test_places_are_numbered_anew():
    numbered = [
        Event(user_id=user, item_id="mbs", position=place)
        for user, place in ((VISITOR, 0), ("ann", 0), (VISITOR, 1), (USER, 0))
    ]
    log = log_of(numbered, [])
    log.rename(VISITOR, USER)
    assert [event.position for event in log.events_of(USER)] == [0, 1, 2]
    assert [event.position for event in log.events_of("ann")] == [0]


@settings(max_examples=8, deadline=None)
@given(streams, streams)
def test_a_merged_engine_is_one_that_knew_the_user_from_the_start(past: list[Event], since: list[Event]):
    merged, knowing = (
        fitted(english().with_events(events_frame(timed(events)))) for events in (past, logged_in(past))
    )
    merged.observe(since)
    knowing.observe(logged_in(since))
    merged.merge(VISITOR, USER)
    assert merged.events_of(USER) == knowing.events_of(USER)
    if not any(event.user_id == VISITOR for event in past):
        same(merged.recommend(USER, n=50), knowing.recommend(USER, n=50))
    merged.refresh()
    knowing.refresh()
    same(merged.recommend(USER, n=50), knowing.recommend(USER, n=50))
    same_answers(merged, knowing)


HERE = [
    Event(user_id=VISITOR, item_id="phones", event_type="click"),
    Event(user_id=USER, item_id="green-tea", event_type="purchase"),
    Event(user_id=VISITOR, query="茶"),
    Event(user_id="ann", item_id="mbs"),
    Event(user_id=VISITOR, item_id="wired", event_type="add_to_cart"),
]


def test_the_saved_files_are_those_of_an_engine_that_knew(tmp_path: Path):
    merged, knowing = fitted(english()), fitted(english())
    merged.observe(HERE)
    knowing.observe(logged_in(HERE))
    assert merged.merge(VISITOR, USER) == 3
    assert saved_files(merged, tmp_path / "a") == saved_files(knowing, tmp_path / "b")
    for engine in (merged, knowing):
        engine.refresh()
    assert saved_files(merged, tmp_path / "a") == saved_files(knowing, tmp_path / "b")


def test_a_merge_after_fit_equals_a_fit_after_merge_once_refreshed(tmp_path: Path):
    old = Dataset.from_records([], HERE).events
    merged = fitted(english().with_events(old))
    knowing = fitted(english().with_events(Dataset.from_records([], logged_in(HERE)).events))
    assert merged.merge(VISITOR, USER) == 3
    assert merged.events_of(USER) == knowing.events_of(USER)
    merged.refresh()
    same_answers(merged, knowing)
    assert saved_files(merged, tmp_path / "a") == saved_files(knowing, tmp_path / "b")


def test_forgetting_the_user_forgets_the_visitor(tmp_path: Path):
    engine, innocent = fitted(english().with_events(events_frame(HERE[:3]))), fitted(english())
    engine.observe(HERE[3:])
    innocent.observe(HERE[3])
    engine.merge(VISITOR, USER)
    assert engine.forget(USER) == 4
    assert engine.forget(VISITOR) == 0
    same_answers(engine, innocent)
    assert saved_files(engine, tmp_path / "a") == saved_files(innocent, tmp_path / "b")


def test_a_merge_survives_saving(tmp_path: Path):
    engine = fitted(english())
    engine.observe(HERE)
    engine.save(tmp_path / "before")
    loaded = Engine.load(tmp_path / "before")
    for one in (engine, loaded):
        one.merge(VISITOR, USER)
    assert loaded.events_of(USER) == engine.events_of(USER)
    loaded.save(tmp_path / "after")
    same_answers(Engine.load(tmp_path / "after"), engine)


def test_reviews_queries_and_attributes_change_hands_too():
    shop = replace(
        english(),
        users=pl.DataFrame(
            {
                "user_id": ["ann", VISITOR, USER],
                "attributes": ['{"age": 40}', '{"device": "phone", "city": "Ulm"}', '{"city": "成都"}'],
            }
        ),
        reviews=pl.DataFrame({"item_id": ["mbs"], "user_id": [VISITOR], "text": ["loud"]}),
        queries=pl.DataFrame({"query": ["tea", "kettle"], "user_id": [VISITOR, None]}),
    )
    engine = fitted(shop)
    assert engine.merge(VISITOR, USER) == 0
    known = engine.dataset
    assert known.users.rows() == [("ann", '{"age": 40}'), (USER, '{"city": "成都", "device": "phone"}')]
    assert known.reviews["user_id"].to_list() == [USER]
    assert known.queries["user_id"].to_list() == [USER, None]
    assert engine.merge(VISITOR, USER) == 0
    assert engine.dataset.users.equals(known.users)


def test_strangers_may_be_merged_and_nothing_comes_of_it():
    engine = fitted(english())
    assert engine.merge("nobody", "ann") == 0
    assert engine.merge("nobody", "somebody") == 0
    same_answers(engine, fitted(english()))


@pytest.mark.parametrize(("visitor", "user"), [("ann", "ann"), ("", "ann"), ("ann", ""), (7, "ann")])
def test_impossible_names_are_refused(visitor: str, user: str):
    engine = fitted(english())
    with pytest.raises(InputError, match="visitor"):
        engine.merge(visitor, user)
    assert len(engine.events_of("ann")) == 3


def test_a_merge_before_fit_is_an_error():
    with pytest.raises(NotFittedError):
        Engine().merge(VISITOR, USER)


@given(st.lists(acts.map(lambda event: replace(event, user_id="s")), max_size=8))
@settings(max_examples=20, deadline=None)
def test_a_session_without_a_user_is_answered_as_a_user_with_the_same_events(
    engine: Engine, events: list[Event]
):
    engine.observe(events)
    try:
        same(engine.recommend("s", n=50), engine.recommend(events=events, n=50))
        named, session = engine.search("tea", user_id="s"), engine.search("tea", events=events)
        same(named, session)
    finally:
        engine.forget("s")
