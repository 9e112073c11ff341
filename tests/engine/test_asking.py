"""What the engine knows of the asker when a question is asked."""

import polars as pl
import pytest

from warmstart import Dataset, Engine, Event, Item
from warmstart.core import columns as c
from warmstart.engine.asking import Memory
from warmstart.engine.event_log import EventLog
from warmstart.engine.packed_events import PackedEvents


def shop() -> Dataset:
    items = [Item(item_id="tent", title="light tent"), Item(item_id="mug", title="tin mug")]
    users = pl.DataFrame(
        {c.USER_ID: ["ann", "bob"], c.ATTRIBUTES: ['{"age": 30, "city": "York", "time": "late"}', None]}
    )
    events = Dataset.from_records(items, [Event(user_id="ann", item_id="tent")]).events
    return Dataset(items=Dataset.from_records(items).items, events=events, users=users)


@pytest.fixture
def memory() -> Memory:
    return Memory(EventLog(PackedEvents.of(shop().events)), shop().users)


def test_a_question_carries_events_and_profile(memory):
    query = memory.query(user_id="ann", events=[Event(user_id="ann", item_id="mug")])
    assert [event.item_id for event in query.events] == ["tent", "mug"]
    assert query.context == {"age": 30, "city": "York"}


def test_what_the_question_says_goes_before_the_profile(memory):
    query = memory.query(user_id="ann", context={"city": "Leeds", "time": 0})
    assert query.context == {"age": 30, "city": "Leeds", "time": 0}


@pytest.mark.parametrize("user_id", [None, "bob", "nobody"])
def test_who_is_not_known_has_no_profile(memory, user_id):
    assert memory.query(user_id=user_id).context == {}


def test_a_scene_is_legal_in_any_shop_and_a_forgotten_profile_is_gone():
    engine = Engine().fit(shop(), encoder="catalogue")
    assert engine.recommend("ann", context={"time": "2026-01-01", "weather": "rain"}).item_ids == ("mug",)
    assert engine._asking().query(user_id="ann").context == {"age": 30, "city": "York"}
    engine.forget("ann")
    assert engine._asking().query(user_id="ann").context == {}
