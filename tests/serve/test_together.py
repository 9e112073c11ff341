"""Many writes at the cost of few: the same shop, read in fewer goes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from warmstart.data.wire.events import EventIn
from warmstart.data.wire.items import ItemIn
from warmstart.engine.engine import Engine
from warmstart.roles.store import ITEMS, Store
from warmstart.serve import changes as changes_module
from warmstart.serve import replica as replica_module
from warmstart.serve.changes import Change, together
from warmstart.serve.facts import entry_of
from warmstart.serve.keeping import Keeping
from warmstart.serve.replica import Replica
from warmstart.serve.writer import GroupWriter
from warmstart.store import open_store

WORDS = ("tea", "pot", "rod", "steel", "glass", "茶", "壶")
FIRST = [ItemIn(item_id=f"i{k}", title=f"{WORDS[k % 7]} {WORDS[(k + 2) % 7]}") for k in range(8)]
ids = st.integers(0, 12).map(lambda k: f"i{k}")
people = st.sampled_from(["ann", "bob", "eve"])
items = st.builds(
    lambda item_id, words, price: ItemIn(item_id=item_id, title=" ".join(words), price=price),
    ids,
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    st.sampled_from([None, 1.0, 9.5]),
)
acts = st.one_of(
    st.tuples(st.just("put"), st.lists(items, min_size=1, max_size=3)),
    st.tuples(st.just("delete"), ids),
    st.tuples(st.just("click"), st.tuples(people, ids)),
    st.tuples(st.just("forget"), people),
    st.tuples(st.just("merge"), st.tuples(people, people)),
)


def write(store: Store, act: str, said: Any) -> None:
    keeping = Keeping(store)
    digests = changes_module.Digests(store)
    last = store.describe().last.get("events", 0)
    if act == "put":
        keeping.put_items(said)
    elif act == "delete":
        keeping.delete_items([said])
    elif act == "click":
        store.append([entry_of(EventIn(event_type="click", user_id=said[0], item_id=said[1]))])
    elif act == "forget":
        keeping.forget(said, digest=digests.of(said), after=last)
    elif said[0] != said[1]:
        keeping.merge(*said, digest=digests.of(said[0]), after=last)


def replica_of(store: Store, engine: Engine) -> Replica:
    replica = Replica(store, Path("unused"), encoder="catalogue")
    replica.engine = engine
    return replica


def fitted(folder: Path) -> None:
    with open_store("memory://", tenant="t") as store:
        Keeping(store).put_items(FIRST)
        replica = Replica(store, folder, encoder="catalogue")
        replica.start()


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("model")
    fitted(folder)
    return folder


def answers(replica: Replica) -> Any:
    engine = replica.ready
    lists = [engine.search(word, n=20) for word in WORDS]
    lists += [engine.recommend(who, n=20) for who in ("ann", "bob", "eve", "nobody")]
    return (
        engine.dataset.items.to_dicts(),
        sorted(replica.removed),
        replica.seen,
        replica.wants_relearning,
        [found.item_ids for found in lists],
        np.concatenate([found.scores for found in lists]),
    )


@settings(max_examples=25)
@example([("click", ("ann", "i0")), ("merge", ("ann", "eve")), ("merge", ("eve", "ann"))])
@given(st.lists(acts, max_size=12))
def test_what_is_read_together_is_what_is_read_line_by_line(model, story):
    """Both read when all is written, as a worker does that was away."""
    with open_store("memory://", tenant="t") as store, pytest.MonkeyPatch.context() as slow:
        Keeping(store).put_items(FIRST)
        for act, said in story:
            write(store, act, said)
        at_once = replica_of(store, Engine.load(model))
        at_once.catch_up()
        slow.setattr(replica_module, "together", lambda lines: ((number, [one]) for number, one in lines))
        line_by_line = replica_of(store, Engine.load(model))
        line_by_line.catch_up()
        *facts, scores = answers(at_once)
        *others, other_scores = answers(line_by_line)
        assert facts == others
        np.testing.assert_allclose(scores, other_scores, rtol=1e-5, atol=1e-6)


def test_who_is_merged_and_merged_back_is_who_they_were(model):
    with open_store("memory://", tenant="t") as store:
        write(store, "click", ("ann", "i0"))
        write(store, "merge", ("ann", "eve"))
        write(store, "merge", ("eve", "ann"))
        replica = replica_of(store, Engine.load(model))
        replica.catch_up()
        assert [event.item_id for event in replica.ready.events_of("ann")] == ["i0"]
        assert replica.ready.events_of("eve") == ()


@given(st.lists(st.one_of(st.lists(ids, min_size=1, max_size=3).map(tuple), people), max_size=20))
def test_every_line_is_followed_once_and_in_its_order(said):
    lines = [
        (number, Change(items=one) if isinstance(one, tuple) else Change(user_id=one))
        for number, one in enumerate(said, start=1)
    ]
    groups = list(together(lines))
    assert [change for _, group in groups for change in group] == [change for _, change in lines]
    assert [last for last, _ in groups] == np.cumsum([len(group) for _, group in groups]).tolist()
    assert all(len(group) == 1 or all(change.items for change in group) for _, group in groups)
    kinds = [bool(group[0].items) for _, group in groups]
    assert not any(one and other for one, other in pairwise(kinds))


def test_no_group_grows_without_end():
    lines = [(number, Change(items=("a",) * 2_000)) for number in range(1, 8)]
    assert [len(group) for _, group in together(lines)] == [3, 3, 1]


def test_a_group_that_could_not_be_taken_in_is_read_again(model, monkeypatch):
    with open_store("memory://", tenant="t") as store:
        replica = replica_of(store, Engine.load(model))
        for k in (20, 21):
            Keeping(store).put_items([ItemIn(item_id=f"i{k}", title="bamboo whisk")])
        with monkeypatch.context() as broken:
            broken.setattr(Engine, "add", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                replica.catch_up()
        replica.catch_up()
        assert set(replica.ready.search("bamboo whisk", n=2).item_ids) == {"i20", "i21"}


@pytest.fixture
def adds(monkeypatch) -> list[int]:
    """How many items the engine was given each time."""
    found: list[int] = []
    add = Engine.add

    def counted(self: Engine, items: Any) -> None:
        found.append(len(items))
        add(self, items)

    monkeypatch.setattr(Engine, "add", counted)
    return found


def test_writers_who_wait_together_cost_one_reading(shop, adds):
    pytest.importorskip("fastapi")
    whisks = [ItemIn(item_id=f"whisk{k}", title=f"Bamboo whisk nr{k}") for k in range(30)]

    async def all_at_once() -> None:
        await asyncio.gather(*(shop.live.put_items([item]) for item in whisks))

    before = shop.live.store.describe().last["changes"]
    shop.run(all_at_once)
    assert sum(adds) == 30
    assert len(adds) <= 2
    assert shop.live.store.describe().last["changes"] - before <= 2
    assert shop.ids("/v1/search", {"query": "bamboo whisk nr7", "n": 1}) == ["whisk7"]


def test_of_an_item_that_several_write_at_once_the_last_one_stays(shop):
    async def all_at_once() -> None:
        prices = [ItemIn(item_id="tea", title="Green tea", price=float(price)) for price in range(1, 20)]
        await asyncio.gather(*(shop.live.put_items([item]) for item in prices))

    shop.run(all_at_once)
    stored = shop.live.store.get(ITEMS, "tea")
    assert stored.value["price"] == 19.0
    assert shop.ids("/v1/search", {"query": "green tea", "n": 1, "filter": {"price": {"gte": 19}}}) == [
        "tea"
    ]


def test_readings_that_wait_are_shared_and_none_misses_what_was_written(shop, adds):
    """Each asks after it has written; so the one that it shares reads that, too."""
    keeping = Keeping(shop.live.store)

    async def write_and_read(k: int) -> list[str]:
        await shop.live.on_disk(
            lambda: keeping.put_items([ItemIn(item_id=f"n{k}", title=f"Nutmeg grater nr{k}")])
        )
        await shop.live.catch_up()
        found = await shop.live.ask(lambda engine: engine.search(f"nutmeg grater nr{k}", n=1))
        return list(found.item_ids)

    async def all_at_once() -> Any:
        return await asyncio.gather(*(write_and_read(k) for k in range(20)))

    assert shop.run(all_at_once) == [[f"n{k}"] for k in range(20)]
    assert len(adds) <= 20


def test_a_group_holds_whole_writes_in_their_order_and_each_gets_its_own():
    groups: list[list[int]] = []

    async def story() -> Any:
        def double(numbers: list[int]) -> list[int]:
            groups.append(numbers)
            return [2 * number for number in numbers]

        async def written() -> None:
            pass

        with ThreadPoolExecutor(1) as disk:
            writer = GroupWriter(double, disk, written)
            return await asyncio.gather(*(writer.append([k, -k]) for k in range(5)))

    assert asyncio.run(story()) == [[2 * k, -2 * k] for k in range(5)]
    assert [number for group in groups for number in group] == [n for k in range(5) for n in (k, -k)]
    assert len(groups) == 1
