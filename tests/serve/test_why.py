"""Explained lists tell the scores that they are ordered by."""

from __future__ import annotations

import pytest

CLICK = [{"event_type": "click", "visitor_id": "v", "item_id": "cup"}]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/recommend", {"text": "green tea, under 50"}),
        ("/v1/recommend", {"text": "茶壶，100元以下", "events": CLICK}),
        ("/v1/search", {"query": "green tea, not glass, under 50", "sentence": True}),
        ("/v1/search", {"query": "tea", "events": CLICK}),
    ],
)
def test_the_reasons_of_every_item_sum_to_its_score(shop, path, asked):
    items = shop.ask(path, {**asked, "explain": True})["items"]
    assert items
    for item in items:
        assert sum(reason["value"] for reason in item["reasons"]) == pytest.approx(item["score"], abs=1e-4)
    assert "lexical" in {reason["kind"] for reason in items[0]["reasons"]}
