"""Packed events are the events of the table."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.core import columns as c
from warmstart.data.records import Event, events_frame
from warmstart.data.schema import EVENT_TYPES, EVENTS
from warmstart.engine.packed_events import PackedEvents

USERS = ("ann", "bob", "李雷", "zoe")
maybe = st.none() | st.floats(0, 9, width=32)

events = st.builds(
    Event,
    user_id=st.sampled_from(USERS[:3]),
    item_id=st.none() | st.sampled_from(("tea", "壶", "cup")),
    event_type=st.sampled_from(EVENT_TYPES),
    timestamp=maybe,
    position=st.none() | st.integers(0, 5),
    value=maybe,
    session_id=st.none() | st.sampled_from(("s1", "s2")),
    query=st.sampled_from(("green tea", "绿茶")),
    context=st.sampled_from(({}, {"device": "mobile"})),
)
tables = st.lists(events, max_size=12)


def own(events: list[Event], user_id: str) -> list[Event]:
    return [event for event in events if event.user_id == user_id]


@given(tables)
def test_table_and_users_come_back_as_they_were(told: list[Event]):
    frame = events_frame(told)
    packed = PackedEvents.of(frame)
    assert packed.frame().equals(frame)
    assert packed.frame().schema == EVENTS
    assert len(packed) == len(told)
    for user_id in USERS:
        assert list(packed.events_of(user_id)) == own(told, user_id)
    assert packed.user_ids() == {event.user_id for event in told}
    assert packed.n_users == len(packed.user_ids())


@given(tables, st.sets(st.sampled_from(("view", "impression"))))
def test_items_are_counted_but_for_what_says_nothing(told: list[Event], without: set[str]):
    wanted = [event.item_id for event in told if event.item_id and event.event_type not in without]
    found = PackedEvents.of(events_frame(told)).item_counts(without)
    assert found == {item_id: wanted.count(item_id) for item_id in wanted}


@given(tables, st.data())
def test_without_some_of_them_the_others_stay(told: list[Event], data: st.DataObject):
    gone = data.draw(st.sets(st.sampled_from(range(len(told))) if told else st.nothing()))
    left = [event for place, event in enumerate(told) if place not in gone]
    packed = PackedEvents.of(events_frame(told)).without(np.array(sorted(gone), dtype=np.int64))
    assert packed.frame().equals(events_frame(left))
    assert packed.user_ids() == {event.user_id for event in left}
    for user_id in USERS:
        assert list(packed.events_of(user_id)) == own(left, user_id)


@given(tables, st.lists(st.permutations(USERS).map(lambda names: names[:2]), max_size=3))
@settings(max_examples=60)
def test_what_is_given_to_another_is_found_with_them_and_nobody_else(
    told: list[Event], gifts: list[list[str]]
):
    packed, owner = PackedEvents.of(events_frame(told)), {name: {name} for name in USERS}
    for old, new in gifts:
        packed.give(old, new)
        owner[new] |= owner[old]
        owner[old] = set()
    for user_id, names in owner.items():
        expected = [event for event in told if event.user_id in names]
        assert len(packed.events_of(user_id)) == len(expected)
        assert packed.frame().filter(pl.col(c.USER_ID) == user_id).height == len(expected)
    assert packed.user_ids() == set(packed.frame()[c.USER_ID])
    assert packed.n_users == len(packed.user_ids())


def test_nothing_is_legal_and_a_table_without_other_columns_is_filled():
    empty = PackedEvents.of(events_frame([]))
    assert (len(empty), empty.events_of("ann"), empty.user_ids(), empty.item_counts()) == (0, (), set(), {})
    bare = PackedEvents.of(pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"], "event_type": ["click"]}))
    assert bare.events_of("ann") == (Event(user_id="ann", item_id="tea", event_type="click"),)


@pytest.mark.parametrize("n", [10, 300, 70_000])
def test_codes_take_as_few_bytes_as_they_can(n: int):
    told = pl.DataFrame(
        {"user_id": ["ann"] * n, "item_id": [f"i{k}" for k in range(n)], "event_type": ["click"] * n}
    )
    packed = PackedEvents.of(told)
    values = packed._columns[c.ITEM_ID].values
    assert values is not None
    assert values.itemsize == {10: 1, 300: 2, 70_000: 4}[n]
    assert packed.frame()[c.ITEM_ID].equals(told[c.ITEM_ID])


@given(tables.filter(bool), st.permutations(USERS), st.data())
@settings(max_examples=60)
def test_who_was_given_anothers_events_is_forgotten_with_them(
    told: list[Event], names: list[str], data: st.DataObject
):
    old, new, other, _ = names
    packed = PackedEvents.of(events_frame(told))
    packed.give(old, new)
    who = data.draw(st.sampled_from([new, other]))
    left = packed.without(packed.rows_of(who))
    stay = [event for event in told if event.user_id not in ({old, new} if who == new else {who})]
    assert len(left) == len(stay)
    assert left.events_of(who) == ()
    assert left.user_ids() == set(left.frame()[c.USER_ID])
    assert who not in str(left._users.to_list())
    assert who not in left._moved
    if who == new:
        assert left.frame().equals(events_frame(stay))
        assert old not in left._users


def test_nothing_that_only_they_said_stays():
    told = [
        Event(user_id="ann", item_id="tea", query="my secret"),
        Event(user_id="bob", item_id="tea", query="tea", context={"device": "mobile"}),
    ]
    packed = PackedEvents.of(events_frame(told))
    left = packed.without(packed.rows_of("ann"))
    held = [str(column.texts.to_list()) for column in left._columns.values() if column.texts is not None]
    assert "my secret" not in " ".join(held)
    assert left.frame().equals(events_frame(told[1:]))
