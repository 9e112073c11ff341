"""Stores by their URL, and facts by their names."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.errors import ConfigError, MissingExtraError
from warmstart.data.records import Event, Item
from warmstart.roles.store import ITEMS
from warmstart.store import open_store
from warmstart.store.facts import event_entry, event_from, item_from, item_record


@pytest.mark.parametrize(
    "url",
    ["", "shop.db", "mysql://x", "sqlite://shop.db", "sqlite:///", "sqlite:///:memory:", "sqlite:///a?b=1"],
)
def test_other_urls_are_refused(url):
    with pytest.raises(ConfigError):
        open_store(url)


def test_without_psycopg_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match="postgres"):
        open_store("postgresql://localhost/shop")


def test_a_path_may_hold_anything_that_a_url_can_write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///a%20shop.db", f"sqlite:///{tmp_path}/%E8%8C%B6.db", "sqlite:///b.db"):
        open_store(url).close()
    names = {path.name for path in tmp_path.glob("*.db")}
    assert names == {"a shop.db", "茶.db", "b.db"}


NAMES = st.text("ab茶", min_size=1, max_size=3)


@given(
    item=st.builds(
        Item,
        item_id=NAMES,
        title=NAMES,
        categories=st.tuples(NAMES),
        price=st.none() | st.floats(0, 10),
        available=st.booleans(),
        attributes=st.dictionaries(NAMES, st.integers(), max_size=2),
    ),
    event=st.builds(
        Event,
        user_id=NAMES,
        item_id=NAMES,
        timestamp=st.floats(0, 10),
        position=st.none() | st.integers(0, 5),
        value=st.none() | st.floats(-1, 1),
        context=st.dictionaries(NAMES, st.integers(), max_size=2),
    ),
)
def test_items_and_events_come_back_as_they_were(item, event):
    store = open_store("memory://")
    store.put(ITEMS, [item_record(item)])
    store.append([event_entry(event)])
    assert [item_from(record) for record in store.scan(ITEMS)] == [item]
    assert [event_from(entry) for entry in store.read()] == [event]


def test_after_a_merge_events_bear_the_name_of_the_user():
    store = open_store("memory://")
    store.append([event_entry(Event(user_id="visitor-7", item_id="tea", timestamp=1.0))])
    store.merge("visitor-7", "ann")
    assert [event_from(entry).user_id for entry in store.read()] == ["ann"]
