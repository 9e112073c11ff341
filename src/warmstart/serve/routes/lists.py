"""Questions whose answer is a list of items."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from fastapi import APIRouter, Response

from warmstart.core.errors import UnknownIdError
from warmstart.data.item_list import ItemList
from warmstart.engine.engine import Engine
from warmstart.serve import answers as o
from warmstart.serve import asked as q
from warmstart.serve.answering import (
    NO_MODEL,
    Page,
    as_answer,
    boosts,
    evidence,
    hidden_from,
    new_request_id,
)
from warmstart.serve.answers import said
from warmstart.serve.routes.common import PROBLEMS, Json, ReadShop, Serving
from warmstart.serve.shop import LiveShop
from warmstart.serve.state import Service

router = APIRouter(prefix="/v1", tags=["questions"], responses=PROBLEMS)
_NOTHING = ItemList(item_ids=(), scores=np.zeros(0, dtype=np.float32), warnings=(NO_MODEL,))


Question = Callable[[Engine], ItemList]
Why = Callable[[Engine, str], Any]


async def _listed(
    service: Service,
    shop: LiveShop,
    scenario: str,
    question: Question,
    *,
    why: Why | None = None,
    page: Page | None = None,
) -> Response:
    """Ask, and give the answer its shape."""
    began = time.perf_counter()

    def answer(engine: Engine) -> tuple[ItemList, list[Any]]:
        items = question(engine)
        return items, [why(engine, item_id) for item_id in items.item_ids] if why else []

    kind = "" if why else scenario
    items, reasons = await shop.ask(answer, kind) if await shop.can_answer() else (_NOTHING, [])
    service.metrics.answer(scenario, items)
    if reasons:
        items = replace(items, reasons=tuple(reasons))
    more = {"next_cursor": page.following(items)} if page else {}
    found = as_answer(new_request_id(scenario), items, began=began, model=shop.version, **more)
    return Json(found)


async def _paged(
    service: Service,
    shop: LiveShop,
    scenario: str,
    asked: q.Listed,
    question: Callable[..., ItemList],
    *,
    why: Why | None = None,
) -> Response:
    """The same where the answer has pages; `question` gets what every such question of the engine takes."""
    page = Page.of(asked)

    def answer(engine: Engine) -> ItemList:
        hidden = hidden_from(engine, asked) if isinstance(asked, q.Personal) else set[str]()
        return question(engine, n=asked.n, filters=asked.filter, exclude=page.exclude | hidden)

    return await _listed(service, shop, scenario, answer, why=why, page=page)


def _check_there(shop: LiveShop, item_id: str) -> None:
    if shop.is_removed(item_id):
        raise UnknownIdError(
            expected="an item of the shop", found=f"{item_id!r}, which was deleted", todo="Check the id."
        )


@router.post("/search", summary="Items for some words", responses=said(o.ListOut))
async def search(asked: q.SearchIn, shop: ReadShop, service: Serving) -> Response:
    """The items that answer a query best, with regard to the searcher's taste when known."""
    events = evidence(asked)

    def question(engine: Engine, **listed: Any) -> ItemList:
        return engine.search(
            asked.query,
            user_id=asked.who,
            events=events,
            sentence=asked.sentence,
            boosts=boosts(asked),
            **listed,
        )

    def why(engine: Engine, item_id: str) -> Any:
        entry = engine.explain(
            item_id, user_id=asked.who, text=asked.query, sentence=asked.sentence, events=events
        )
        return entry.reasons

    return await _paged(service, shop, "search", asked, question, why=why if asked.explain else None)


@router.post("/recommend", summary="Items for somebody", responses=said(o.ListOut))
async def recommend(asked: q.RecommendIn, shop: ReadShop, service: Serving) -> Response:
    """The items a user may want next; for a stranger, what most people want."""
    events = evidence(asked)

    def question(engine: Engine, **listed: Any) -> ItemList:
        return engine.recommend(
            asked.who,
            events=events,
            text=asked.text,
            exposure=asked.explore,
            diversity=asked.diversity,
            context=asked.context,
            interests=asked.interests,
            boosts=boosts(asked),
            **listed,
        )

    def why(engine: Engine, item_id: str) -> Any:
        entry = engine.explain(
            item_id, user_id=asked.who, wish=asked.text, events=events, context=asked.context
        )
        return entry.reasons

    return await _paged(service, shop, "recommend", asked, question, why=why if asked.explain else None)


@router.post("/similar", summary="Items like one item", responses=said(o.ListOut))
async def similar(asked: q.SimilarIn, shop: ReadShop, service: Serving) -> Response:
    """The items most like one item; with `diversity` not all of them like each other."""
    _check_there(shop, asked.item_id)

    def question(engine: Engine, **listed: Any) -> ItemList:
        return engine.similar(asked.item_id, diversity=asked.diversity, **listed)

    return await _paged(service, shop, "similar", asked, question)


@router.post("/complement", summary="Items that go with one item", responses=said(o.ListOut))
async def complement(asked: q.ItemAsked, shop: ReadShop, service: Serving) -> Response:
    """The items that go with one item and are not the same thing again."""
    _check_there(shop, asked.item_id)

    def question(engine: Engine, **listed: Any) -> ItemList:
        return engine.complement(asked.item_id, **listed)

    return await _paged(service, shop, "complement", asked, question)


@router.post("/cart", summary="Items that go with a cart", responses=said(o.ListOut))
async def cart(asked: q.CartIn, shop: ReadShop, service: Serving) -> Response:
    """The items that go best with those in a cart."""

    def question(engine: Engine, **listed: Any) -> ItemList:
        return engine.cart(asked.item_ids, **listed)

    return await _paged(service, shop, "cart", asked, question)


@router.post("/trending", summary="Items much was done with lately", responses=said(o.ListOut))
async def trending(asked: q.TrendingIn, shop: ReadShop, service: Serving) -> Response:
    """The items that most was done with in the last days; the same for everyone."""
    return await _paged(
        service, shop, "trending", asked, lambda engine, **listed: engine.trending(**listed)
    )


@router.post("/rank", summary="A list of yours in order", responses=said(o.ListOut))
async def rank(asked: q.RankIn, shop: ReadShop, service: Serving) -> Response:
    """These items, best first for this user or these words; nothing is added or hidden."""
    events = evidence(asked)
    return await _listed(
        service,
        shop,
        "rank",
        lambda engine: engine.rank(
            [item_id for item_id in asked.item_ids if not shop.is_removed(item_id)],
            user_id=asked.user_id or asked.visitor_id,
            text=asked.query,
            events=events,
            context=asked.context,
        ),
    )


@router.post("/explain", summary="Why an item stands where it stands", responses=said(o.ListOut))
async def explain(asked: q.ExplainIn, shop: ReadShop) -> Response:
    """Why an item has the score it has: reasons that sum to the score, largest first."""
    _check_there(shop, asked.item_id)
    began = time.perf_counter()
    events = evidence(asked)
    found = await shop.ask(
        lambda engine: engine.explain(
            asked.item_id,
            user_id=asked.user_id or asked.visitor_id,
            text=asked.query,
            events=events,
            context=asked.context,
        )
    )
    items = ItemList(
        item_ids=(found.item_id,),
        scores=np.array([found.score], dtype=np.float32),
        sources=(found.source,),
        reasons=(found.reasons,),
    )
    return Json(as_answer(new_request_id("explain"), items, began=began, model=shop.version))


@router.post("/suggest", summary="Completions of what somebody types", responses=said(o.SuggestOut))
async def suggest(asked: q.SuggestIn, shop: ReadShop) -> Response:
    """What the words may become."""
    began = time.perf_counter()
    texts = (
        await shop.ask(lambda engine: engine.suggest(asked.prefix, asked.n), "suggest")
        if await shop.can_answer()
        else []
    )
    took = round((time.perf_counter() - began) * 1000, 3)
    return Json({"request_id": new_request_id("suggest"), "suggestions": texts, "took_ms": took})
