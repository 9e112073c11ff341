"""What is forgotten leaves no trace, and what is saved comes back."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.engine.shops import chinese, english, fitted, of
from warmstart.core import columns as c
from warmstart.core.artifact import ARRAYS_FILE, STATE_FILE, current_version, read_json, write_json
from warmstart.core.errors import ArtifactError
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.engine.engine import Engine
from warmstart.engine.persistence import MANIFEST

LIVE = [
    Event(user_id="ann", item_id="phones", event_type="click", context={"page": "首页"}),
    Event(user_id="new", item_id="black-tea", event_type="add_to_cart", timestamp=5.0, value=2.0),
    Event(user_id="new", query="绿茶", session_id="s"),
]
BOBS = Event(user_id="bob", item_id="green-tea", event_type="dislike")


def without(dataset: Dataset, user_id: str) -> Dataset:
    """The shop to which a user never came."""
    return Dataset(
        name=dataset.name,
        items=dataset.items,
        events=dataset.events.filter(pl.col("user_id") != user_id),
        users=dataset.users.filter(pl.col("user_id") != user_id),
        reviews=dataset.reviews.filter(pl.col("user_id") != user_id),
        queries=dataset.queries.filter(pl.col("user_id").ne_missing(user_id)),
    )


def answers(engine: Engine) -> list[ItemList]:
    users = (None, "ann", "bob", "cid", "new")
    return [
        *(engine.recommend(user, n=50) for user in users),
        *(engine.search(text, user_id=user, n=50) for user in users for text in ("green tea", "headphnes")),
        *(engine.similar(item_id, n=50) for item_id in engine.dataset.item_ids),
        engine.cart(["green-tea", "mbs"], n=50),
        engine.recommend(n=50, filters={"brand": "Acme"}),
    ]


def same_answers(left: Engine, right: Engine) -> None:
    for one, other in zip(answers(left), answers(right), strict=True):
        assert one.item_ids == other.item_ids
        np.testing.assert_array_equal(one.scores, other.scores)
        assert one.reasons == other.reasons
        assert one.warnings == other.warnings
    assert left.suggest("b") == right.suggest("b")


def saved_files(engine: Engine, folder: Path) -> dict[str, bytes]:
    version = engine.save(folder)
    return {
        str(path.relative_to(version)): path.read_bytes()
        for path in sorted(version.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def test_a_forgotten_user_never_came(tmp_path: Path):
    forgetful, innocent = fitted(english()), fitted(without(english(), "bob"))
    forgetful.observe([*LIVE, BOBS])
    innocent.observe(LIVE)
    assert forgetful.suggest("bobs") == ["bobs secret wish"]
    assert forgetful.forget("bob") == 6
    same_answers(forgetful, innocent)
    assert forgetful.suggest("bobs") == []
    assert forgetful.events_of("bob") == ()
    assert saved_files(forgetful, tmp_path / "a") == saved_files(innocent, tmp_path / "b")


def test_no_byte_of_a_forgotten_user_is_saved(tmp_path: Path):
    engine = fitted(
        english().with_events(Dataset.from_records([], [Event(user_id="zacharias", query="zzyzx")]).events)
    )
    engine.observe(Event(user_id="zacharias", item_id="mbs", context={"note": "zzyzx"}))
    engine.save(tmp_path)
    engine.forget("zacharias")
    files = saved_files(engine, tmp_path)
    assert not [name for name, whole in files.items() if b"zacharias" in whole or b"zzyzx" in whole]


def test_a_forgotten_user_of_a_loaded_engine_never_came(tmp_path: Path):
    engine = fitted(english())
    engine.observe([*LIVE, BOBS])
    engine.save(tmp_path)
    loaded = Engine.load(tmp_path)
    loaded.forget("bob")
    innocent = fitted(without(english(), "bob"))
    innocent.observe(LIVE)
    same_answers(loaded, innocent)


def test_forgetting_after_items_came_equals_a_refresh_without_the_user():
    """The tables are learned again over the catalogue of the day, as `refresh` does."""
    new = Item(item_id="late", title="Late tea cup", brand="Potter")
    forgetful, innocent = fitted(english()), fitted(without(english(), "bob"))
    for engine in (forgetful, innocent):
        engine.add(new)
    forgetful.forget("bob")
    innocent.refresh()
    same_answers(forgetful, innocent)


def test_forgetting_a_user_who_only_just_came_undoes_their_events():
    engine, innocent = fitted(english()), fitted(english())
    engine.observe([Event(user_id="guest", item_id="mbs"), Event(user_id="guest", query="tea")])
    assert engine.forget("guest") == 2
    same_answers(engine, innocent)


def test_forgetting_a_stranger_is_nothing():
    engine = fitted(english())
    assert engine.forget("nobody") == 0
    same_answers(engine, fitted(english()))


def test_forgetting_everyone_leaves_a_shop_without_events():
    engine = fitted(english())
    for user in ("ann", "bob", "cid", "dee", "eve"):
        engine.forget(user)
    assert engine.recommend().warnings == ("shop_without_events", "no_user")
    assert len(engine.recommend(n=50)) == 9


@pytest.mark.parametrize("shop", [english, chinese])
def test_a_loaded_engine_gives_the_same_answers(shop: Callable[[], Dataset], tmp_path: Path):
    engine = fitted(shop())
    engine.observe([*LIVE, BOBS])
    engine.add(
        [
            Item(item_id="bare"),
            Item(item_id="nouveau", title="Theière zzword 茶壶", price=3.5, attributes={"größe": [1, "ß"]}),
            Item(item_id="nouveau 2", title="zzword"),
        ]
    )
    engine.add(Item(item_id=engine.dataset.item_ids[0], title="Renamed leaves"))
    engine.save(tmp_path / "a folder" / "模型")
    loaded = Engine.load(tmp_path / "a folder" / "模型")
    same_answers(loaded, engine)
    assert loaded.search("zzwrod").item_ids == engine.search("zzwrod").item_ids
    assert loaded.events_of("new") == engine.events_of("new")
    assert loaded.item("nouveau") == engine.item("nouveau")
    assert loaded.describe() == engine.describe()
    assert loaded.dataset.events.equals(engine.dataset.events)


def test_a_loaded_engine_lives_on_as_the_saved_one_does(tmp_path: Path):
    engine = fitted(english())
    engine.save(tmp_path)
    loaded = Engine.load(tmp_path)
    for one in (engine, loaded):
        one.observe(LIVE)
        one.add([Item(item_id="late", title="Late tea cup"), Item(item_id="mbs", title="Nothing at all")])
        one.forget("cid")
        one.refresh()
    same_answers(loaded, engine)


def test_saving_what_was_loaded_loses_nothing(tmp_path: Path):
    engine = fitted(english())
    engine.observe(LIVE)
    engine.save(tmp_path / "first")
    again = Engine.load(tmp_path / "first")
    again.save(tmp_path / "second")
    same_answers(Engine.load(tmp_path / "second"), engine)


def test_saving_over_a_loaded_model_keeps_it_alive(tmp_path: Path):
    fitted(english()).save(tmp_path)
    loaded = Engine.load(tmp_path)
    for _ in range(3):
        loaded.save(tmp_path)
    same_answers(loaded, Engine.load(tmp_path))


@pytest.mark.parametrize("titles", [("kettle",), ("", ""), ("tea", "tea")])
def test_the_smallest_shops_are_saved_and_loaded(titles: tuple[str, ...], tmp_path: Path):
    engine = of(*titles)
    engine.observe(Event(user_id="u", item_id="a"))
    engine.save(tmp_path)
    loaded = Engine.load(tmp_path)
    for ask in (Engine.recommend, lambda e: e.similar("a"), lambda e: e.search("kettle tea", user_id="u")):
        assert ask(loaded).item_ids == ask(engine).item_ids
    np.testing.assert_array_equal(loaded.score(Query()), engine.score(Query()))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    engine = fitted(english())
    engine.observe(LIVE)
    engine.save(folder)
    return folder


FILES = [
    MANIFEST,
    *(
        f"{stage}/{name}"
        for stage in ("encoder", "retriever", "scorer")
        for name in (STATE_FILE, ARRAYS_FILE)
    ),
    "data/items.parquet",
    "data/events.parquet",
    "data/since.parquet",
]


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_model_says_so(saved: Path, name: str):
    path = current_version(saved) / name
    whole = path.read_bytes()
    try:
        for damaged in (b"", whole[: len(whole) // 2], b"{}", b"[]", b"\x00" * 40):
            path.write_bytes(damaged)
            with pytest.raises(ArtifactError):
                Engine.load(saved)
        path.unlink()
        with pytest.raises(ArtifactError):
            Engine.load(saved)
    finally:
        path.write_bytes(whole)
    assert Engine.load(saved).search("tea")


@pytest.mark.parametrize("name", ["shop", "encoder", "settings"])
def test_a_manifest_with_a_piece_missing_says_so(saved: Path, name: str):
    path = current_version(saved) / MANIFEST
    whole = read_json(path)
    try:
        write_json(path, {key: value for key, value in whole.items() if key != name})
        with pytest.raises(ArtifactError):
            Engine.load(saved)
    finally:
        write_json(path, whole)


def test_nothing_to_load_is_an_error(tmp_path: Path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ArtifactError):
            Engine.load(place)


def test_a_crash_while_saving_leaves_what_was_saved_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    engine = fitted(english())
    engine.save(tmp_path)
    before = fitted(english())
    engine.observe(LIVE)

    def crash(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", crash)
    with pytest.raises(OSError, match="disk is full"):
        engine.save(tmp_path)
    monkeypatch.undo()
    same_answers(Engine.load(tmp_path), before)


def test_forgetting_a_user_takes_their_withheld_ratings_too():
    pairs = {c.USER_ID: ["bob", "ann"], c.ITEM_ID: ["mbs", "mbs"], c.VALUE: [5.0, 2.0]}
    engine = fitted(replace(english(), withheld=pl.DataFrame(pairs)))
    engine.forget("bob")
    assert engine.dataset.withheld[c.USER_ID].to_list() == ["ann"]


def test_a_warm_engine_has_room_for_new_items(tmp_path: Path):
    fitted(english()).save(tmp_path)
    engine = Engine.load(tmp_path)
    engine.warm_up()
    before = engine._stages.scorer.content
    engine.add(Item(item_id="new", title="Clay teapot for tea leaves"))
    assert np.shares_memory(before, engine._stages.scorer.content)
    assert engine.search("clay teapot").item_ids[0] == "new"
