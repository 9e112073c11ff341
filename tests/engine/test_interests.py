"""A list that serves each interest of a user, asked of the engine."""

import pytest

from warmstart import Dataset, Engine, Event, Item


@pytest.fixture(scope="module")
def engine() -> Engine:
    """People who buy toys and, rarely, a tool; toys go with toys."""
    toys = [Item(item_id=f"toy{i:02d}", title=f"wooden toy train number{i}") for i in range(14)]
    tools = [Item(item_id=f"tool{i}", title=f"cordless steel drill size{i}") for i in range(5)]
    events = [
        Event(user_id=f"user{user:02d}", item_id=f"toy{(user + step) % 14:02d}")
        for user in range(42)
        for step in range(5)
    ]
    events += [
        Event(user_id=f"smith{user}", item_id=f"tool{(user + step) % 5}")
        for user in range(5)
        for step in range(3)
    ]
    return Engine().fit(Dataset.from_records([*toys, *tools], events), encoder="catalogue")


PARENT = [Event(user_id="parent", item_id=item_id) for item_id in ("toy01", "toy02", "toy03", "tool0")]


def test_every_interest_has_its_places(engine):
    shown = engine.recommend(events=PARENT, n=8, interests=True, exposure=0.0).item_ids
    assert len(set(shown)) == 8
    assert sum(item_id.startswith("tool") for item_id in shown) >= 1
    assert not {event.item_id for event in PARENT} & set(shown)


def test_reasons_and_scores_stay_those_of_the_scorer(engine):
    shown = engine.recommend(events=PARENT, n=8, interests=True, exposure=0.0)
    for item in shown:
        told = engine.explain(item.item_id, events=PARENT)
        assert told.score == pytest.approx(item.score, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("events", [(), PARENT[:3]])
def test_one_interest_or_none_changes_nothing(engine, events):
    plain = engine.recommend(events=events, n=8, exposure=0.0)
    assert engine.recommend(events=events, n=8, interests=True, exposure=0.0).item_ids == plain.item_ids
