"""Room for new items in what the engine recommends."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.shops import fitted
from warmstart.core.errors import ConfigError
from warmstart.core.linear import top_positions
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.engine.engine import Engine
from warmstart.engine.settings import EngineSettings
from warmstart.evaluate.methods import EngineMethod, build
from warmstart.policy.exposure import EXPOSURE, ExposurePolicy

GOODS = ("lamp", "chair", "kettle", "rug", "mirror")
COLOURS = ("red", "blue", "green", "black", "white", "yellow")
USERS = 12


def shop() -> Dataset:
    """Thirty old items, ten new ones (one of them sold out), and a dozen users."""
    old = [Item(item_id=f"{c} {g}", title=f"{c} {g}", brand=g) for g in GOODS for c in COLOURS]
    new = [Item(item_id=f"new {g}", title=f"golden {g}", brand=g, available=g != "rug") for g in GOODS]
    new += [Item(item_id=f"new {g} 2", title=f"silver {g}", brand=g) for g in GOODS]
    events = [
        Event(user_id=f"u{u}", item_id=old[(u * 5 + step) % 30].item_id, event_type="purchase")
        for u in range(USERS)
        for step in range(5)
    ]
    return Dataset.from_records([*old, *new], events, name="golden things")


@pytest.fixture(scope="module")
def shared() -> Engine:
    """An engine that no test changes."""
    return fitted(shop())


@pytest.fixture
def engine() -> Engine:
    return fitted(shop())


def new_in(ids: tuple[str, ...]) -> int:
    return sum(item_id.startswith("new ") for item_id in ids)


def test_the_share_asked_for_is_shown_with_a_source_a_reason_and_a_propensity(shared: Engine):
    shown = shared.recommend("u0", n=10, exposure=0.8)
    plain = shared.recommend("u0", n=10, exposure=0.0).item_ids
    assert new_in(plain) < new_in(shown.item_ids) == 8
    for item in shown:
        raised = item.item_id not in plain
        assert (item.source == EXPOSURE) == raised
        assert [reason.value for reason in item.reasons if reason.kind == EXPOSURE] == [0.0] * raised
        assert item.propensity == 1.0
    assert EXPOSURE in shown.sources


def test_a_part_of_an_item_is_drawn_and_the_chance_is_logged(shared: Engine):
    natural = new_in(shared.recommend(n=8, exposure=0.0).item_ids)
    share = (natural + 0.25) / 8
    lists = [shared.recommend(f"somebody {i}", n=8, exposure=share) for i in range(60)]
    for shown in lists:
        one_more = new_in(shown.item_ids) - natural
        assert one_more == (EXPOSURE in shown.sources)
        assert shown.propensities is not None
        assert shown.propensities.min() == pytest.approx(0.25 if one_more else 0.75)
    assert 5 < sum(EXPOSURE in shown.sources for shown in lists) < 27  # 15 expected


def test_without_exposure_the_list_is_in_the_order_of_the_scores(shared: Engine):
    for n in (3, 10, 40):
        assert (np.diff(shared.recommend("u1", n=n, exposure=0.0).scores) <= 0).all()
    with pytest.raises(ConfigError, match="between 0 and 1"):
        shared.recommend("u1", exposure=2.0)


@given(
    n=st.integers(0, 40),
    share=st.floats(0, 1),
    user=st.sampled_from(["u0", "u3", "nobody", None]),
    exclude=st.sets(st.sampled_from(["new lamp", "red chair", "ghost"])),
    filters=st.sampled_from([None, {"brand": "lamp"}, {"brand": {"not": "chair"}}, {"brand": "rug"}]),
)
def test_rules_hold_whatever_the_share(
    shared: Engine,
    n: int,
    share: float,
    user: str | None,
    exclude: set[str],
    filters: dict[str, Any] | None,
):
    shown = shared.recommend(user, n=n, exposure=share, exclude=exclude, filters=filters)
    passing = set(shared.recommend(user, n=1000, exposure=0.0, exclude=exclude, filters=filters).item_ids)
    touched = {event.item_id for event in shared.events_of(user or "")}
    assert len(shown) == min(n, len(passing))
    assert len(set(shown.item_ids)) == len(shown)
    assert set(shown.item_ids) <= passing
    assert not {"new rug", *exclude, *touched} & set(shown.item_ids)
    assert len(shown.reasons) == len(shown.sources) == len(shown)


def test_reasons_of_a_raised_item_still_add_up_to_its_score(shared: Engine):
    shown = shared.recommend("u2", n=10, exposure=0.8)
    raised = [item for item in shown if item.source == EXPOSURE]
    assert raised
    for item in raised:
        told = shared.explain(item.item_id, user_id="u2")
        assert sum(reason.value for reason in told.reasons) == pytest.approx(item.score, abs=1e-4)


def test_an_item_is_new_until_somebody_touches_it_and_again_when_they_are_forgotten(engine: Engine):
    everybody: dict[str, Any] = {"exposure": 0.5, "n": 8}
    before = engine.recommend("u4", **everybody)
    assert new_in(before.item_ids) == 4
    engine.observe(Event(user_id="eager", item_id="new lamp", event_type="purchase"))
    after = engine.recommend("u4", **everybody)
    assert new_in(tuple(i for i in after.item_ids if i != "new lamp")) == 4
    engine.forget("eager")
    assert engine.recommend("u4", **everybody).item_ids == before.item_ids
    engine.add(Item(item_id="new bed", title="golden bed"))
    assert "new bed" in engine.recommend("u4", exposure=1.0, n=20).item_ids


def test_a_saved_engine_keeps_counting(engine: Engine, tmp_path: Path):
    engine.observe(Event(user_id="eager", item_id="new lamp", event_type="purchase"))
    asked: dict[str, Any] = {"exposure": 0.5, "n": 8}
    engine.save(tmp_path)
    loaded = Engine.load(tmp_path)
    assert loaded.recommend("u5", **asked).item_ids == engine.recommend("u5", **asked).item_ids
    others = tuple(i for i in loaded.recommend("u5", **asked).item_ids if i != "new lamp")
    assert new_in(others) == 4


def test_the_settings_give_the_share_for_all_questions():
    settings = EngineSettings(exposure=ExposurePolicy(share=0.4))
    engine = Engine(settings).fit(shop(), encoder="catalogue")
    for asked in (None, 0.4, 0.3, 0.1):
        shown = engine.recommend("u6", n=10, exposure=asked).item_ids
        assert new_in(shown) == round(10 * (asked or 0.4))
    assert EngineSettings.from_settings(settings.settings()) == settings


@pytest.mark.parametrize(("name", "exposure"), [("engine", None), ("engine-plain", 0.0)])
def test_what_is_measured_is_what_is_shown(name: str, exposure: float | None):
    everything = shop()
    everything = Dataset.from_records([Item(item_id=i, title=i) for i in everything.item_ids], [])
    everything = everything.with_events(shop().events)
    method = build(name, encoder="catalogue")
    assert isinstance(method, EngineMethod)
    method.fit(everything)
    events = (Event(user_id="x", item_id="red lamp"), Event(user_id="x", item_id="blue rug"))
    scores = method.score(Query(user_id="x", events=events))
    scores[[everything.item_ids.index("red lamp"), everything.item_ids.index("blue rug")]] = np.nan
    shown = fitted(everything).recommend("x", events=events, n=20, exposure=exposure)
    assert tuple(everything.item_ids[i] for i in top_positions(scores, 20)) == shown.item_ids
    assert len(method.score(Query())) == len(everything.item_ids)
