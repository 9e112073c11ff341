"""Variety in what the engine recommends, alone and beside room for new items."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.shops import fitted
from tests.engine.test_exposure import USERS, new_in, shop
from warmstart.core.errors import ConfigError
from warmstart.core.linear import top_positions
from warmstart.data.query import Query
from warmstart.data.records import Item
from warmstart.engine.engine import Engine
from warmstart.engine.settings import EngineSettings
from warmstart.policy.diversity import DiversityPolicy

LISTS: dict[str, Any] = {"n": 10, "exposure": 0.0}


@pytest.fixture(scope="module")
def shared() -> Engine:
    """An engine that no test changes."""
    return fitted(shop())


def alike(engine: Engine, item_ids: tuple[str, ...]) -> float:
    """Mean cosine between the items of a list."""
    scorer = engine._stages.scorer
    vectors = scorer.features.encoded[scorer.positions(item_ids)]
    cosines = vectors @ vectors.T
    return float(cosines[np.triu_indices(len(cosines), 1)].mean())


def test_lists_become_less_alike_and_the_best_stays_first(shared: Engine):
    users = [f"u{i}" for i in range(USERS)]
    plain, varied = (
        [shared.recommend(user, diversity=share, **LISTS).item_ids for user in users]
        for share in (0.0, 0.5)
    )
    assert plain == [shared.recommend(user, **LISTS).item_ids for user in users]
    assert [shown[0] for shown in plain] == [shown[0] for shown in varied]
    before, after = (np.array([alike(shared, shown) for shown in lists]) for lists in (plain, varied))
    assert (after <= before + 1e-6).all()
    assert after.mean() < before.mean() - 0.05


@given(
    n=st.integers(0, 40),
    share=st.floats(0, 1),
    diversity=st.floats(0, 1),
    user=st.sampled_from(["u0", "u3", "nobody", None]),
    filters=st.sampled_from([None, {"brand": "lamp"}, {"brand": {"not": "chair"}}]),
)
def test_the_exposure_promise_holds_whatever_the_diversity(
    shared: Engine, n: int, share: float, diversity: float, user: str | None, filters: dict[str, Any] | None
):
    asked: dict[str, Any] = {"n": n, "exposure": share, "filters": filters}
    plain, varied = (shared.recommend(user, diversity=d, **asked) for d in (0.0, diversity))
    assert new_in(varied.item_ids) == new_in(plain.item_ids) or share == 0.0
    assert len(set(varied.item_ids)) == len(varied) == len(plain)
    passing = shared.recommend(user, n=1000, exposure=0.0, filters=filters).item_ids
    assert set(varied.item_ids) <= set(passing)


def test_a_place_that_is_drawn_keeps_its_propensity_under_diversity(shared: Engine):
    lists = [shared.recommend(f"somebody {i}", n=8, exposure=0.53125, diversity=0.5) for i in range(60)]
    assert {new_in(shown.item_ids) for shown in lists} == {4, 5}
    for shown in lists:
        assert shown.propensities is not None
        assert shown.propensities.min() == pytest.approx({4: 0.75, 5: 0.25}[new_in(shown.item_ids)])


def test_the_settings_give_the_diversity_for_all_questions(shared: Engine):
    settings = EngineSettings(diversity=DiversityPolicy(diversity=0.6))
    engine = Engine(settings).fit(shop(), encoder="catalogue")
    varied = shared.recommend("u1", diversity=0.6, **LISTS).item_ids
    assert engine.recommend("u1", **LISTS).item_ids == varied
    assert engine.recommend("u1", diversity=0.0, **LISTS).item_ids != varied
    assert EngineSettings.from_settings(settings.settings()) == settings
    query = Query(user_id="u1", events=engine.events_of("u1"))
    scores = engine.ranking(query, n=10, exposure=0.0)
    assert tuple(shop().item_ids[i] for i in top_positions(scores, 10)) == varied


def test_an_added_item_takes_part(shared: Engine):
    engine = fitted(shop())
    engine.add(Item(item_id="bench", title="golden bench"))
    assert "bench" in engine.recommend("u1", n=41, diversity=0.5).item_ids
    with pytest.raises(ConfigError, match="between 0 and 1"):
        shared.recommend("u1", diversity=2.0)


def test_similar_items_need_not_be_like_each_other(shared: Engine):
    plain = shared.similar("red lamp", n=8)
    varied = shared.similar("red lamp", n=8, diversity=0.7)
    assert alike(shared, varied.item_ids) < alike(shared, plain.item_ids)
    assert varied.item_ids[0] == plain.item_ids[0]
    assert "red lamp" not in varied.item_ids
