"""A shop comes into the store whole, or says that it did not."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from warmstart.core.errors import ConfigError, InputError
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item
from warmstart.serve import facts
from warmstart.serve.export import all_of
from warmstart.serve.facts import import_shop, is_half_imported, read_shop_of
from warmstart.serve.run import check_whole, take_shop
from warmstart.serve.settings import ServeSettings
from warmstart.serve.tables import KEPT, lines_of, with_unkept
from warmstart.store import open_store
from warmstart.store.dump import dump, restore

BARE = Dataset.from_records(
    [Item(item_id=f"i{n}", title=f"茶 {n}") for n in range(7)],
    [Event(user_id="ann", item_id=f"i{n}", event_type="click", timestamp=1.7e9 + n) for n in range(5)],
)
SHOP = replace(
    BARE,
    reviews=pl.DataFrame(
        {
            "item_id": ["i0", "i0", "i1", "i2"],
            "user_id": ["ann", "李雷", None, "bo"],
            "text": ["很好喝 🍵", "Too bitter", "fine", "ok"],
            "rating": [5.0, 2.0, None, 3.0],
            "timestamp": [1.6e9, None, None, 1.5e9],
        }
    ),
    queries=pl.DataFrame({"query": ["绿茶", "tea for two", "绿茶"], "user_id": ["ann", None, "bo"]}),
    judgments=pl.DataFrame({"query": ["绿茶"], "item_id": ["i0"], "grade": [3.0]}),
    graph=pl.DataFrame({"head": ["green"], "relation": ["is"], "tail": ["colour"]}),
    graph_links=pl.DataFrame({"item_id": ["i0"], "entity": ["green"]}),
    withheld=pl.DataFrame({"user_id": ["ann"], "item_id": ["i3"], "value": [1.0]}),
)


def test_what_was_imported_is_the_shop_again_and_twice_is_once():
    with open_store("memory://") as store:
        for _ in range(2):
            import_shop(store, SHOP)
        found, seen = read_shop_of(store, "shop")
        assert found.items.equals(SHOP.items)
        for table in KEPT:
            assert getattr(found, table).equals(getattr(SHOP, table))
        assert not len(found.withheld)
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


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("reviews", {"item_id": ["i0"], "user_id": ["x" * 513], "text": ["good"]}),
        ("reviews", {"item_id": ["i0"], "text": ["good"], "rating": [float("nan")]}),
        ("queries", {"query": ["tea"], "user_id": ["a\0b"]}),
    ],
)
def test_a_row_that_no_store_could_keep_is_refused_before_anything_is_written(table, rows):
    shop = BARE.having(**{table: pl.DataFrame(rows)})
    with open_store("memory://") as store:
        with pytest.raises(InputError, match=f"row 1 of the shop's {table}"):
            import_shop(store, shop)
        assert not store.describe().records


def test_an_import_that_stopped_among_the_reviews_goes_on_there(tmp_path, monkeypatch):
    settings = ServeSettings(home=tmp_path)
    with monkeypatch.context() as broken:
        lines = iter(lines_of(SHOP, "reviews"))
        broken.setattr(facts, "CHUNK", 2)
        broken.setattr(facts, "lines_of", lambda shop, table: _breaking(lines))
        with pytest.raises(KeyboardInterrupt):
            take_shop(settings, SHOP)
    with open_store(settings.store_url) as store:
        assert is_half_imported(store)
        assert len(read_shop_of(store, "shop")[0].reviews) == 2
    assert take_shop(settings, SHOP)
    with open_store(settings.store_url) as store:
        assert read_shop_of(store, "shop")[0].reviews.equals(SHOP.reviews)
        assert not is_half_imported(store)


def _breaking(lines):
    yield from (next(lines) for _ in range(3))
    raise KeyboardInterrupt


def test_who_is_forgotten_is_so_in_reviews_and_queries_too_and_who_is_merged_takes_them_along():
    with open_store("memory://") as store:
        import_shop(store, SHOP)
        assert [row["text"] for row in all_of(store, "ann")["reviews"]] == ["很好喝 🍵"]
        assert all_of(store, "ann")["queries"] == [{"query": "绿茶", "user_id": "ann"}]
        assert store.forget("ann") == {"events": 5, "reviews": 1, "queries": 1}
        store.merge("bo", "李雷")
        found, _ = read_shop_of(store, "shop")
        assert found.reviews["user_id"].to_list() == ["李雷", None, "李雷"]
        assert found.queries["user_id"].to_list() == [None, "李雷"]
        assert [row["text"] for row in all_of(store, "李雷")["reviews"]] == ["Too bitter", "ok"]
        assert all_of(store, "ann")["reviews"] == []


def test_a_dump_carries_them(tmp_path):
    with open_store("memory://") as store:
        import_shop(store, SHOP)
        dump(store, tmp_path / "shop.jsonl")
        again = store.tenant("again")
        restore(tmp_path / "shop.jsonl", again)
        found, _ = read_shop_of(again, "shop")
        assert all(getattr(found, table).equals(getattr(SHOP, table)) for table in KEPT)


def test_what_an_older_import_did_not_write_comes_from_the_model_that_has_it():
    with open_store("memory://") as store:
        import_shop(store, BARE)
        found, _ = read_shop_of(store, "shop")
        assert with_unkept(store, found, SHOP).reviews.equals(SHOP.reviews)
    with open_store("memory://") as store:
        import_shop(store, SHOP)
        store.forget("bo")
        found, _ = read_shop_of(store, "shop")
        assert with_unkept(store, found, SHOP).reviews.equals(found.reviews)
