"""The scene of a question bears on its answer, is told as a reason, and costs nothing otherwise."""

from pathlib import Path

import numpy as np
import pytest

from tests.engine.shops import english
from tests.recommend.context.test_context import SUMMER, WINTER, seasonal_shop
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.engine.engine import Engine
from warmstart.engine.explaining import main_source
from warmstart.recommend.context.part import CONTEXT, ContextPart

SNOW = {"time": WINTER}
BOUGHT = [Event(user_id="x", item_id="s1", event_type="purchase")]


@pytest.fixture(scope="module")
def engine() -> Engine:
    """A shop of winter and summer things, some of them new."""
    made = Engine().fit(seasonal_shop(), encoder="catalogue")
    made.add(Item(item_id="late", title="ski hz"))
    return made


def kinds(item_ids: tuple[str, ...]) -> str:
    return "".join(item_id[0] for item_id in item_ids)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_stranger_is_shown_what_the_season_asks_for(language: str):
    engine = Engine().fit(seasonal_shop(language), encoder="catalogue")
    winter, summer = (engine.recommend(n=5, context={"time": when}) for when in (WINTER, SUMMER))
    assert kinds(winter.item_ids) == "wwwww"
    assert kinds(summer.item_ids) == "sssss"


@pytest.mark.parametrize("context", [{}, {"mood": "good"}, {"device": "mobile"}, {"season": "nonsense"}])
@pytest.mark.parametrize("events", [[], BOUGHT])
def test_a_scene_that_says_nothing_changes_no_bit(
    engine: Engine, context: dict[str, str], events: list[Event]
):
    plain, asked = (engine.score(Query(events=tuple(events), context=told)) for told in ({}, context))
    np.testing.assert_array_equal(plain, asked)
    scorer = engine._stages.scorer
    with_part, scorer._context = scorer._context, ContextPart()
    try:
        np.testing.assert_array_equal(engine.score(Query(events=tuple(events))), plain)
    finally:
        scorer._context = with_part


@pytest.mark.parametrize("events", [[], BOUGHT])
def test_reasons_of_a_scene_add_up_to_the_score(engine: Engine, events: list[Event]):
    query = Query(events=tuple(events), context=SNOW)
    scorer = engine._stages.scorer
    scores, plain = engine.score(query), engine.score(Query(events=tuple(events)))
    for own, score, without in zip(
        scorer.contributions(query, scorer.item_ids_), scores, plain, strict=True
    ):
        assert sum(reason.value for reason in own) == pytest.approx(score, abs=1e-4)
        scene = sum(reason.value for reason in own if reason.kind.startswith(CONTEXT))
        assert scene == pytest.approx(score - without, abs=1e-4)
        assert scene != 0


def test_a_scene_is_told_in_words(engine: Engine):
    told = engine.recommend(n=3, context=SNOW)
    assert any(reason.text == "more wanted in winter" for reason in told.reasons[0])
    parts = engine._stages.scorer.contributions(Query(context=SNOW), ["s0"])[0]
    against = [reason for reason in parts if reason.kind == "context: season: winter"]
    assert against[0].value < 0
    assert main_source([reason for reason in parts if reason.kind.startswith(CONTEXT)]) == "context"


@pytest.mark.parametrize("item_id", ["w0", "s0", "late"])
def test_an_item_is_explained_in_its_scene(engine: Engine, item_id: str):
    told = engine.explain(item_id, events=BOUGHT, context=SNOW)
    scores = engine.score(Query(events=tuple(BOUGHT), context=SNOW))
    assert told.score == pytest.approx(scores[engine.dataset.item_ids.index(item_id)], abs=1e-4)
    wanted = "less" if item_id == "s0" else "more"
    assert f"{wanted} wanted in winter" in [reason.text for reason in told.reasons]


def test_a_wish_has_its_season_too(engine: Engine):
    winter, summer = (engine.recommend(text="not ah", n=5, context={"time": t}) for t in (WINTER, SUMMER))
    assert set(kinds(winter.item_ids)) <= {"w", "l"}
    assert set(kinds(summer.item_ids)) == {"s"}


def test_a_new_item_has_a_season_by_its_words(engine: Engine):
    place = engine.dataset.item_ids.index("late")
    winter, summer = (engine.score(Query(context={"time": when}))[place] for when in (WINTER, SUMMER))
    assert winter > summer


def test_a_loaded_engine_knows_the_seasons(engine: Engine, tmp_path: Path):
    engine.save(tmp_path)
    loaded = Engine.load(tmp_path)
    left, right = (one.recommend(n=20, context=SNOW, events=BOUGHT) for one in (engine, loaded))
    assert left.item_ids == right.item_ids
    np.testing.assert_array_equal(left.scores, right.scores)
    assert left.reasons == right.reasons


def test_seasons_of_those_who_left_are_forgotten():
    engine = Engine().fit(seasonal_shop(users=12), encoder="catalogue")
    for user in range(12):
        engine.forget(f"user-{user:03d}")
    assert engine._stages.scorer._context == ContextPart()
    assert len(engine.recommend(n=5, context=SNOW)) == 5


def test_a_shop_without_scenes_learns_none():
    engine = Engine().fit(english(), encoder="catalogue")
    assert engine._stages.scorer._context.prior is None
