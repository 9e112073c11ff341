"""A shop comes into the store whole, or says that it did not."""

from __future__ import annotations

import pytest

from warmstart.core.errors import ConfigError, InputError
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item
from warmstart.serve import facts
from warmstart.serve.facts import import_shop, is_half_imported, read_shop_of
from warmstart.serve.run import check_whole, take_shop
from warmstart.serve.settings import ServeSettings
from warmstart.store import open_store

SHOP = Dataset.from_records(
    [Item(item_id=f"i{n}", title=f"茶 {n}") for n in range(7)],
    [Event(user_id="ann", item_id=f"i{n}", event_type="click", timestamp=1.7e9 + n) for n in range(5)],
)


def test_what_was_imported_is_the_shop_again_and_twice_is_once():
    with open_store("memory://") as store:
        for _ in range(2):
            import_shop(store, SHOP)
        found, seen = read_shop_of(store, "shop")
        assert found.items.equals(SHOP.items)
        assert found.events["item_id"].to_list() == SHOP.events["item_id"].to_list()
        assert seen.events == 5


def test_an_import_that_was_interrupted_is_told_and_goes_on(tmp_path, monkeypatch):
    settings = ServeSettings(home=tmp_path)
    monkeypatch.setattr(facts, "CHUNK", 3)

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(facts, "_entries", lambda shop: crash() if facts_began(settings) else iter(()))
        with pytest.raises(KeyboardInterrupt):
            take_shop(settings, SHOP)
    with pytest.raises(ConfigError, match="interrupted"):
        check_whole(settings)
    assert take_shop(settings, SHOP)
    check_whole(settings)
    with open_store(settings.store_url) as store:
        assert len(read_shop_of(store, "shop")[0].events) == 5
    assert not take_shop(settings, SHOP)


def facts_began(settings):
    with open_store(settings.store_url) as store:
        return is_half_imported(store)


def test_an_event_that_could_not_be_read_back_is_refused_before_anything_is_written():
    endless = Event(user_id="ann", query="tea " * 2_000, event_type="search")
    shop = Dataset.from_records([Item(item_id="a", title="A")], [endless])
    with open_store("memory://") as store:
        with pytest.raises(InputError, match="event 1 of the shop"):
            import_shop(store, shop)
        assert not store.describe().records
