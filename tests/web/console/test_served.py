"""For whom it works."""

from __future__ import annotations

import pytest

from warmstart import Dataset, Engine, Event, Item

KINDS = {"tea": ["Green", "Black", "White", "Oolong"], "rod": ["Carbon", "Glass", "Travel", "Sea"]}


def act(user: str, item: str, kind: str = "purchase") -> Event:
    return Event(user_id=user, item_id=item, event_type=kind)


@pytest.fixture
def engine() -> Engine:
    items = [
        Item(item_id=f"{kind}{place}", title=f"{title} {kind}")
        for kind, titles in KINDS.items()
        for place, title in enumerate(titles)
    ]
    past = [act(f"{kind}-{n}", f"{kind}{(n + k) % 3}") for kind in KINDS for n in range(6) for k in (0, 1)]
    return Engine().fit(Dataset.from_records(items, past), encoder="catalogue")


def questions(engine: Engine, **more: int):
    pytest.importorskip("fastapi")
    from warmstart.web.console.served import questions_of

    return questions_of(engine, **more)


def test_a_question_is_the_first_touch_of_an_item_since_the_fit_with_all_before_it(engine):
    engine.observe([act("tea-0", "tea2"), act("tea-0", "tea2"), act("new", "rod3", "view")])
    found = questions(engine)
    assert [(len(one.before), one.chosen, one.item_events) for one in found] == [
        (0, "rod3", 0),
        (2, "tea2", 4),
    ]


def test_what_the_model_has_learned_and_mere_impressions_are_no_questions(engine):
    assert questions(engine) == []
    engine.observe([act("tea-0", "tea3", "impression"), act("tea-0", "tea0")])
    assert questions(engine) == []


def test_a_sample_is_taken_where_there_are_many_and_is_the_same_again(engine):
    engine.observe([act(f"new{n}", f"tea{n % 4}") for n in range(30)])
    assert len(questions(engine)) == 30
    assert questions(engine, most=7) == questions(engine, most=7)
    assert len(questions(engine, most=7)) == 7


def test_groups_hold_every_question_once_and_shares_lie_in_their_intervals(engine):
    engine.observe([act("tea-0", "tea2"), act("rod-1", "rod0"), act("new", "tea1"), act("new", "tea2")])
    found = questions(engine)
    from warmstart.web.console.served import by_item, by_user, serve

    served = [serve(engine, one) for one in found]
    for rows in (by_user(served), by_item(served)):
        assert sum(row["cases"] for row in rows) == len(found) == 4
        assert all(row["low"] <= row["share"] <= row["high"] for row in rows)
    assert [row["from"] for row in by_user(served)] == [0, 1, 2]
    assert all(row["share"] == 1.0 for row in by_user(served))  # eight items, and lists of twenty


def test_the_door_measures_what_came_since(console):
    before = console.post("served", {})["cases"]
    console.api("/v1/events", [{"event_type": "click", "user_id": "u1", "item_id": "kettles-3"}])
    assert console.post("served", {})["cases"] == before + 1
