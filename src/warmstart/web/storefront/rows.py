"""The rows of the first page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import polars as pl

from warmstart.core import columns as c
from warmstart.data.item_list import ItemList
from warmstart.engine.engine import Engine
from warmstart.engine.listing import touched
from warmstart.web.storefront.cards import cards, listed

_NEWEST: Final = 36


def home_rows(
    engine: Engine,
    visitor: str,
    n: int,
    is_gone: Callable[[str], bool],
    given: Callable[[str, ItemList], str] = lambda _scenario, _items: "",
) -> list[dict[str, Any]]:
    """For the visitor, like what they touched last, wanted by many, and new; none without items.

    An item stands in the first row that has it. `given` hears of each list, and gives it its id.
    """
    events = engine.events_of(visitor)
    own = engine.recommend(visitor, n=n)
    shown: set[str] = set()
    cards_of_own = listed(engine, own, events, given("recommend", own))
    rows: list[dict[str, Any]] = [{"key": "for_you", "items": cards_of_own}]
    shown.update(card["id"] for card in rows[0]["items"])
    last = _last(engine, visitor, is_gone)
    if last is not None:
        alike = engine.similar(last, n=n, exclude=shown | touched(events))
        items = listed(engine, alike, (), given("similar", alike))
        rows.append({"key": "because", "about": cards(engine, [last])[0], "items": items})
        shown.update(alike.item_ids)
    wanted = engine.trending(n=n, exclude=shown)
    rows.append({"key": "trending", "items": listed(engine, wanted, (), given("trending", wanted))})
    shown.update(card["id"] for card in rows[-1]["items"])
    newest = _newest(engine, visitor, n, shown, is_gone)
    if newest is not None:
        rows.append({"key": "new", "items": listed(engine, newest, events, given("rank", newest))})
    return [row for row in rows if row["items"]]


def _last(engine: Engine, visitor: str, is_gone: Callable[[str], bool]) -> str | None:
    """What the visitor touched last, if the shop still has it."""
    for event in reversed(engine.events_of(visitor)):
        if event.item_id and touched([event]) and not is_gone(event.item_id) and engine.item(event.item_id):
            return event.item_id
    return None


def _newest(
    engine: Engine, visitor: str, n: int, shown: set[str], is_gone: Callable[[str], bool]
) -> ItemList | None:
    """The newest items, those first that suit the visitor; None where there are none."""
    newest = (
        engine.dataset.items.lazy()
        .filter(pl.col(c.CREATED_AT).is_not_null() & pl.col(c.AVAILABLE))
        .select(c.ITEM_ID, c.CREATED_AT)
        .top_k(_NEWEST, by=c.CREATED_AT)
        .collect()
    )
    ids = [i for i in newest[c.ITEM_ID] if i not in shown and not is_gone(i)]
    if not ids:
        return None
    ranked = engine.rank(ids, user_id=visitor)
    return ranked.take(range(min(n, len(ranked))))
