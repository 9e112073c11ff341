"""What goes with what, asked of an engine: rules, reasons, and no second one of the same thing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.engine.shops import chinese, english, fitted, of
from tests.recommend.complement.test_complement import camping
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item
from warmstart.engine.engine import Engine


@pytest.fixture(scope="module")
def camp() -> Engine:
    """An engine of a shop where tents are bought with sleeping bags."""
    return fitted(camping())


def kinds(item_ids: tuple[str, ...]) -> set[str]:
    return {item_id.split()[0] for item_id in item_ids}


def test_what_goes_with_a_tent_is_a_sleeping_bag(camp: Engine):
    for tent in camp.dataset.item_ids[:6]:
        assert kinds(camp.complement(tent, n=5).item_ids) == {"睡袋"}
        assert kinds(camp.cart([tent], n=5).item_ids) == {"睡袋"}


def test_the_reasons_are_true(camp: Engine):
    tent = camp.dataset.item_ids[0]
    title = camp.dataset.items["title"][0]
    met, borrowed = f"often chosen with {title}", f"things alike go with {title}"
    for entry in camp.cart([tent], n=6):
        (reason,) = entry.reasons
        new = entry.item_id == camp.dataset.item_ids[11]
        assert reason.item_id == tent
        assert reason.text == (borrowed if new else met)
        assert reason.value == pytest.approx(entry.score, rel=1e-5)
        assert entry.source == "co-purchase"


def test_what_only_everybody_wants_is_not_said_to_go_with_anything():
    events = [
        Event(user_id=f"u{k}", item_id=item_id, session_id="1")
        for k in range(40)
        for item_id in (("bread", "tea") if k % 2 else ("bread", "lamp"))
    ]
    items = [Item(item_id=name, title=name) for name in ("bread", "tea", "lamp", "rope")]
    engine = fitted(Dataset.from_records(items, events))
    told = {entry.item_id: entry.reasons for entry in engine.cart(["tea"], n=3)}
    assert "often chosen with tea" in {reason.text for reason in told["bread"]}
    assert all(reason.item_id == "" for reason in told["lamp"])


def test_shares_of_a_whole_cart_sum_to_the_score(camp: Engine):
    tent, bag = camp.dataset.item_ids[0], camp.dataset.item_ids[7]
    for entry in camp.cart([tent, bag], n=14):
        assert sum(reason.value for reason in entry.reasons) <= entry.score * (1 + 1e-5)
    best = camp.cart([tent, bag], n=1)[0]
    assert best.reasons


def test_the_same_thing_again_is_left_out():
    titles = ["Garden hose green 10 m", "Garden hose green 20 m", "Hose reel steel", "Water can"]
    items = [Item(item_id=name, title=title) for name, title in zip("abcd", titles, strict=True)]
    items.append(Item(item_id="e", title="Schlauch, gelb", group_id="hoses"))
    items[0] = replace(items[0], group_id="hoses")
    events = [
        Event(user_id=f"u{k}", item_id=item_id, session_id="1")
        for k, basket in enumerate(["ab", "ae", "ac", "ab", "ae", "cd"])
        for item_id in basket
    ]
    engine = fitted(Dataset.from_records(items, events))
    assert set(engine.complement("a").item_ids) == {"c", "d"}
    assert engine.complement("a").item_ids[0] == "c"
    assert set(engine.cart(["a"]).item_ids) == {"b", "c", "d", "e"}


@pytest.mark.parametrize("ask", ["complement", "cart"])
def test_rules_hold(camp: Engine, ask: str):
    tent = camp.dataset.item_ids[0]
    question = {
        "complement": lambda **r: camp.complement(tent, **r),
        "cart": lambda **r: camp.cart([tent], **r),
    }
    bag = camp.dataset.item_ids[6]
    whole = question[ask](n=100)
    assert tent not in whole.item_ids
    assert question[ask](n=3, exclude=[bag]).item_ids == tuple(i for i in whole.item_ids if i != bag)[:3]
    assert len(question[ask](n=0)) == 0
    assert np.all(np.diff(whole.scores) <= 0)


def test_strangers_new_shops_and_unknown_items_are_legal(camp: Engine):
    assert "unknown_item:ghost" in camp.complement("ghost").warnings
    assert len(camp.complement("ghost", n=3)) == 3
    assert len(camp.cart(["ghost", camp.dataset.item_ids[0]], n=3)) == 3
    young = of("green tea", "black tea", "steel kettle")
    assert "shop_without_events" in young.complement("a").warnings
    assert set(young.complement("a").item_ids) <= {"b", "c"}


def test_a_new_item_has_company_at_once():
    engine = fitted(camping())
    engine.add(Item(item_id="new", title="tent violet"))
    assert kinds(engine.complement("new", n=5).item_ids) == {"睡袋"}
    assert "new" in engine.cart([engine.dataset.item_ids[7]], n=6).item_ids


def test_it_is_saved_and_loaded(tmp_path: Path, camp: Engine):
    camp.save(tmp_path)
    loaded = Engine.load(tmp_path)
    for item_id in (*camp.dataset.item_ids[:2], camp.dataset.item_ids[11]):
        mine, its = camp.complement(item_id), loaded.complement(item_id)
        assert mine.item_ids == its.item_ids
        np.testing.assert_array_equal(mine.scores, its.scores)
        assert mine.reasons == its.reasons
    loaded.add(Item(item_id="new", title="tent violet"))
    assert kinds(loaded.complement("new", n=3).item_ids) == {"睡袋"}


def test_what_a_forgotten_user_bought_together_is_forgotten():
    events = camping(40).events
    eccentric = Dataset.from_records(
        [], [Event(user_id="x", item_id=i, session_id="1") for i in ("tent 0", "cup 12")]
    ).events
    engine = fitted(replace(camping(40), events=pl.concat([events, eccentric])))
    innocent = fitted(camping(40))
    engine.forget("x")
    mine, its = engine.cart(["tent 0"], n=20), innocent.cart(["tent 0"], n=20)
    assert mine.item_ids == its.item_ids
    np.testing.assert_array_equal(mine.scores, its.scores)


@pytest.mark.parametrize("shop", [english, chinese])
def test_every_item_of_a_small_shop_has_company(shop):
    engine = fitted(shop())
    for item_id in engine.dataset.item_ids:
        found = engine.complement(item_id)
        assert item_id not in found.item_ids
        assert len(found) >= 5
