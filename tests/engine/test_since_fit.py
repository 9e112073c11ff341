"""What came after the fit."""

from __future__ import annotations

from warmstart import Dataset, Engine, Event, Item


def test_events_since_the_fit_are_told_apart_until_they_are_learned():
    items = [Item(item_id=name, title=name) for name in ("tea", "pot")]
    engine = Engine().fit(
        Dataset.from_records(items, [Event(user_id="ann", item_id="tea", event_type="click")]),
        encoder="catalogue",
    )
    assert len(engine.since_fit()) == 0
    engine.observe(Event(user_id="bob", item_id="pot", event_type="click"))
    assert engine.since_fit()["user_id"].to_list() == ["bob"]
    engine.refresh()
    assert len(engine.since_fit()) == 0
