"""An event that is taken back was never observed."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.shops import english, fitted
from tests.engine.test_keeping import BOBS, LIVE, same_answers, saved_files
from warmstart.core import columns as c
from warmstart.core.errors import InputError, NotFittedError
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event
from warmstart.engine.engine import Engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine that every test leaves as it found it."""
    return fitted(english())


def without_row(dataset: Dataset, row: int) -> Dataset:
    """The shop in which one event never happened."""
    kept = pl.int_range(pl.len()) != row
    return Dataset(
        name=dataset.name,
        items=dataset.items,
        events=dataset.events.filter(kept),
        users=dataset.users,
        reviews=dataset.reviews,
        queries=dataset.queries,
    )


acts = st.builds(
    Event,
    user_id=st.just("guest"),
    item_id=st.sampled_from([*english().item_ids, "unheard of"]),
    event_type=st.sampled_from(["click", "purchase", "dislike", "impression", "return"]),
    timestamp=st.none() | st.floats(1.7e9, 1.8e9),
    session_id=st.none() | st.just("s"),
    context=st.just({}) | st.just({"页": "首页"}),
)


@settings(max_examples=25, deadline=None)
@given(events=st.lists(acts, min_size=1, max_size=6), data=st.data())
def test_to_take_some_back_is_to_have_observed_the_others(engine, events, data):
    places = data.draw(st.sets(st.integers(0, len(events) - 1)))
    others = [event for place, event in enumerate(events) if place not in places]
    engine.observe(events)
    assert engine.take_back("guest", places) == tuple(events[place] for place in sorted(places))
    found, kept = engine.recommend("guest", n=50), engine.events_of("guest")
    engine.forget("guest")
    engine.observe(others)
    never = engine.recommend("guest", n=50)
    engine.forget("guest")
    assert kept == tuple(others)
    assert (found.item_ids, found.reasons) == (never.item_ids, never.reasons)
    np.testing.assert_array_equal(found.scores, never.scores)
    np.testing.assert_array_equal(found.propensities, never.propensities)


def test_an_event_since_the_fit_leaves_nothing_in_any_file_or_answer(tmp_path: Path):
    hasty, never = fitted(english()), fitted(english())
    hasty.trending()
    hasty.observe([*LIVE, BOBS])
    never.observe(LIVE)
    assert hasty.take_back("bob") == (BOBS,)
    same_answers(hasty, never)
    np.testing.assert_array_equal(hasty.trending().scores, never.trending().scores)
    assert saved_files(hasty, tmp_path / "a") == saved_files(never, tmp_path / "b")


def test_an_event_that_was_learned_from_bears_on_nothing_of_its_user_and_on_the_tables_until_they_follow():
    shop = english()
    engine, other = fitted(shop), fitted(shop)
    row = shop.events[c.USER_ID].to_list().index("bob")
    others = engine.events_of("bob")[1:]
    other.forget("bob", relearn=False)
    other.observe(others)
    assert engine.take_back("bob", 0)[0].item_id == shop.events[c.ITEM_ID][row]
    assert engine.events_of("bob") == others
    now, then = (one.recommend("bob", n=50) for one in (engine, other))
    assert (now.item_ids, now.reasons) == (then.item_ids, then.reasons)
    np.testing.assert_array_equal(now.scores, then.scores)
    engine.refresh()
    same_answers(engine, fitted(without_row(shop, row)))


def test_old_and_new_events_are_taken_back_together_also_from_a_loaded_engine(tmp_path: Path):
    engine = fitted(english())
    engine.observe([BOBS, *LIVE])
    engine.save(tmp_path)
    loaded = Engine.load(tmp_path)
    for one in (engine, loaded):
        before = one.events_of("bob")
        assert one.take_back("bob", [0, -1]) == (before[0], BOBS)
        assert one.events_of("bob") == before[1:-1]
        assert one.events_of("ann")[-1] == LIVE[0]
    same_answers(engine, loaded)


def test_the_last_one_taken_leaves_a_stranger():
    engine = fitted(english())
    engine.observe(Event(user_id="guest", item_id="mbs"))
    engine.take_back("guest")
    assert "guest" not in engine.user_ids()
    same_answers(engine, fitted(english()))


@pytest.mark.parametrize("places", [0, -1, [5], [0, 1, 2]])
def test_what_was_not_done_cannot_be_taken_back(engine, places):
    with pytest.raises(InputError, match="events_of"):
        engine.take_back("nobody", places)


def test_taking_back_before_a_fit_is_an_error():
    with pytest.raises(NotFittedError, match="Engine"):
        Engine().take_back("ann")
