"""What the storefront asks: each answer is for the visitor of the browser alone."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from warmstart.core.errors import UnknownIdError
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ScoredItem
from warmstart.engine.engine import Engine
from warmstart.roles.store import ITEMS
from warmstart.search.speller import Speller
from warmstart.serve.routes.common import Json, Serving
from warmstart.serve.shop import LiveShop
from warmstart.web.storefront.cards import (
    acts_of,
    card_of,
    cards,
    cart_of,
    details_of,
    listed,
    reasons_of,
)
from warmstart.web.storefront.facets import POOL, Chosen, facets_of, pool_of
from warmstart.web.storefront.given import Given, footing, relaxed
from warmstart.web.storefront.rows import home_rows
from warmstart.web.storefront.said import said_of
from warmstart.web.storefront.spelling import meant, speller_of
from warmstart.web.storefront.taste import taste_of
from warmstart.web.visitors import Here, Shop, keep

router = APIRouter(prefix="/shop/api", include_in_schema=False)


_ROW: Final = 12
_PAGE: Final = 24
_MOST: Final = 240
_PATIENCE: Final = 0.3
"""Seconds that a search waits for the speller of a large shop."""
Words = Annotated[str, Query(max_length=300)]
ItemId = Annotated[str, Query(alias="id", min_length=1, max_length=512)]
Names = Annotated[tuple[str, ...], Query(max_length=30)]
Price = Annotated[float | None, Query(ge=0, le=1e12)]


@router.get("/me")
async def me(request: Request, here: Here, shop: Shop, service: Serving) -> Response:
    """Who is here, in numbers; begins a visit where the browser brought no cookie."""
    answer = await _asked(shop, lambda engine: _standing(engine, here.name))
    said = {
        "visitors": len(here.names),
        "now": here.now,
        "may_add": service.guard.open,
        "learning": not shop.has_model,
        **(answer or {"events": 0, "cart": 0, "name": ""}),
    }
    response = Json(said)
    if here.is_new:
        keep(response, request, here)
    return response


def _standing(engine: Engine, visitor: str) -> dict[str, Any]:
    events = engine.events_of(visitor)
    return {
        "events": len(events),
        "cart": sum(cart_of(events).values()),
        "name": engine.describe()["shop"],
        "items": len(engine.dataset.items),
    }


@router.get("/home")
async def home(here: Here, shop: Shop, service: Serving) -> Response:
    """The rows of the first page."""
    given = Given()
    rows = await _asked(shop, lambda engine: home_rows(engine, here.name, _ROW, shop.is_removed, given.add))
    given.count(service)
    return Json({"rows": rows or [], "learning": await _is_learned_now(shop)})


@router.get("/suggest")
async def suggest(_here: Here, shop: Shop, q: Words = "") -> Response:
    """What the words may become."""
    found = await _asked(shop, lambda engine: engine.suggest(q, 7)) if q.strip() else []
    return Json({"suggestions": found or []})


@router.get("/search")
async def search(
    here: Here,
    shop: Shop,
    service: Serving,
    q: Words = "",
    *,
    brand: Names = (),
    category: Names = (),
    lowest: Price = None,
    highest: Price = None,
    n: Annotated[int, Query(ge=1, le=_MOST)] = _PAGE,
) -> Response:
    """Items for words, or without words for the visitor, and what they can be narrowed by."""
    chosen = Chosen(brands=tuple(brand), categories=tuple(category), lowest=lowest, highest=highest)
    speller = await _speller(shop) if q and shop.has_model else None
    given = Given()

    def answer(engine: Engine) -> dict[str, Any]:
        return _searched(engine, here.name, q.strip(), chosen, n=n, given=given)

    found = await _asked(shop, answer) or {"items": [], "facets": {}, "more": False}
    given.count(service)
    better = meant(speller, q) if speller else ""
    return Json({**found, "meant": better, "learning": not shop.has_model})


async def _is_learned_now(shop: LiveShop) -> bool:
    """Whether there will be a model soon: there are items, and none yet."""
    if shop.has_model:
        return False
    kept = await shop.on_disk(shop.store.describe)
    return kept.records.get(ITEMS, 0) > 0


async def _speller(shop: LiveShop) -> Speller | None:
    """What mends words; None while it is being learned: the first search does not wait for it."""
    try:
        return await asyncio.wait_for(shop.derived("speller", _dataset_of, speller_of), _PATIENCE)
    except TimeoutError:
        return None


def _dataset_of(engine: Engine) -> Dataset:
    return engine.dataset


def _searched(
    engine: Engine, visitor: str, words: str, chosen: Chosen, *, n: int, given: Given
) -> dict[str, Any]:
    def ask(n: int, filters: dict[str, Any]) -> Any:
        if words:
            return engine.search(words, user_id=visitor, n=n, filters=filters, sentence=True)
        return engine.recommend(visitor, n=n, filters=filters, exposure=0.0)

    found = ask(n + 1, chosen.filters())
    shown = found.take(range(min(n, len(found))))
    request_id = given.add("search" if words else "recommend", shown)
    facets = facets_of(pool_of(engine, ask(POOL, {})), chosen)
    return {
        "items": listed(engine, shown, engine.events_of(visitor), request_id),
        "facets": facets,
        "footing": footing(words, shown) if words else "",
        "relaxed": relaxed(words, shown) if words else "",
        "more": len(found) > n and n < _MOST,
        "warnings": list(found.warnings),
    }


@router.get("/wish")
async def wish(here: Here, shop: Shop, service: Serving, q: Words) -> Response:
    """Items for a sentence such as "gift for a father, under 50"."""
    given = Given()

    def answer(engine: Engine) -> dict[str, Any]:
        found = engine.recommend(here.name, n=_ROW, text=q)
        request_id = given.add("recommend", found)
        return {
            "items": listed(engine, found, engine.events_of(here.name), request_id),
            "footing": footing(q, found),
            "relaxed": relaxed(q, found),
            "warnings": list(found.warnings),
        }

    nothing = {"items": [], "footing": "", "relaxed": "", "warnings": []}
    answered = await _asked(shop, answer) or nothing
    given.count(service)
    return Json(answered)


@router.get("/item")
async def item(item_id: ItemId, here: Here, shop: Shop, service: Serving) -> Response:
    """An item with what is like it, what goes with it, and what was said about it."""
    _check_there(shop, item_id)
    given = Given()

    def answer(engine: Engine) -> dict[str, Any]:
        found = engine.item(item_id)
        if found is None:
            raise _unknown(item_id)
        alike, beside = engine.similar(item_id, n=_ROW), engine.complement(item_id, n=6)
        return {
            **card_of(found),
            "description": found.description,
            "attributes": details_of(found),
            "similar": listed(engine, alike, (), given.add("similar", alike)),
            "complement": listed(engine, beside, (), given.add("complement", beside)),
            "said": said_of(engine, item_id),
            "in_cart": cart_of(engine.events_of(here.name)).get(item_id, 0),
        }

    answered = await _asked(shop, answer)
    if answered is None:
        raise _unknown(item_id)
    given.count(service)
    return Json(answered)


@router.get("/why")
async def why(item_id: ItemId, here: Here, shop: Shop, q: Words = "", *, wish: bool = False) -> Response:
    """All reasons for an item's score, which sum to it; of the list for words, or for a `wish` in words."""
    _check_there(shop, item_id)

    def answer(engine: Engine) -> dict[str, Any]:
        entry = _explained(engine, here.name, item_id, q.strip(), wish=wish)
        acts = acts_of(engine.events_of(here.name))
        return {"score": round(entry.score, 6), "reasons": reasons_of(engine, entry, acts)}

    answered = await _asked(shop, answer)
    if answered is None:
        raise _unknown(item_id)
    return Json(answered)


def _explained(engine: Engine, visitor: str, item_id: str, words: str, *, wish: bool) -> ScoredItem:
    """Why the visitor would be shown an item.

    Without words what they did to that very item is left out: one wants to know what else speaks for it.
    """
    if words and wish:
        return engine.explain(item_id, user_id=visitor, wish=words)
    if words:
        return engine.explain(item_id, user_id=visitor, text=words, sentence=True)
    others = [event for event in engine.events_of(visitor) if event.item_id != item_id]
    return engine.explain(item_id, events=others)


@router.get("/cart")
async def cart(here: Here, shop: Shop, service: Serving) -> Response:
    """What lies in the cart, and what goes with that."""
    given = Given()

    def answer(engine: Engine) -> dict[str, Any]:
        events = engine.events_of(here.name)
        inside = cart_of(events)
        known = [item_id for item_id in inside if engine.item(item_id)]
        items = [{**card, "count": inside[card["id"]]} for card in cards(engine, known)]
        if not known:
            return {"items": items, "complement": []}
        beside = engine.cart(known, n=6)
        return {"items": items, "complement": listed(engine, beside, events, given.add("cart", beside))}

    answered = await _asked(shop, answer) or {"items": [], "complement": []}
    given.count(service)
    return Json(answered)


@router.get("/taste")
async def taste(here: Here, shop: Shop) -> Response:
    """What the shop knows about the visitor."""
    kept = await shop.kept_of(here.name)
    found = await _asked(shop, lambda engine: taste_of(engine, here.name, kept))
    return Json(found or {"events": [], "brands": [], "categories": [], "weights": []})


async def _asked(shop: LiveShop, question: Any) -> Any:
    """The answer; None while there is no model. Items that are gone are unknown to the pages."""
    return await shop.ask(question) if shop.has_model else None


def _check_there(shop: LiveShop, item_id: str) -> None:
    if shop.is_removed(item_id):
        raise _unknown(item_id)


def _unknown(item_id: str) -> UnknownIdError:
    return UnknownIdError(
        expected="an item of the shop", found=f"{item_id!r:.80}", todo="Check the address."
    )
