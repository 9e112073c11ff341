"""Strangers, users, and what is theirs."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Path, Response

from warmstart.data.item_list import ItemList
from warmstart.engine.engine import Engine
from warmstart.serve import answers as o
from warmstart.serve import asked as q
from warmstart.serve.answering import NO_MODEL, as_answer, new_request_id
from warmstart.serve.answers import said
from warmstart.serve.onboarding import may_ask_in, onboarding_of
from warmstart.serve.routes.common import PROBLEMS, Admin, AdminShop, Json, ReadShop, Serving, WriteShop
from warmstart.tasks.onboarding.onboarding import Onboarding
from warmstart.tasks.onboarding.tastes import Answer

router = APIRouter(prefix="/v1", tags=["people"], responses=PROBLEMS)
UserId = Annotated[str, Path(min_length=1, max_length=512)]
"""May have slashes in it, as those of login services have."""


@router.post("/onboard", summary="What to ask a stranger next", responses=said(o.OnboardOut))
async def onboard(asked: q.OnboardIn, shop: ReadShop, service: Serving) -> Response:
    """The most telling item to ask about, and what would be recommended by now."""
    began = time.perf_counter()
    if not await shop.can_answer():
        return Json(
            {"request_id": new_request_id("onboard"), "ask": None, "items": [], "warnings": [NO_MODEL]}
        )
    asking = await onboarding_of(shop)
    ask, items = await shop.ask(lambda engine: _onboarded(engine, asking, asked))
    service.metrics.answer("onboard", items)
    answer = as_answer(new_request_id("onboard"), items, began=began, model=shop.version)
    return Json({"ask": ask, **answer})


def _onboarded(engine: Engine, asking: Onboarding, asked: q.OnboardIn) -> tuple[str | None, ItemList]:
    answers = [Answer(item_id=said.item_id, value=said.value) for said in asked.answers]
    following = None if len(answers) >= asked.most else asking.next(answers, may_ask=may_ask_in(engine))
    return following, engine.recommend(n=asked.n, events=asking.events(answers))


@router.post("/users/merge", summary="A visitor turned out to be a user", responses=said(o.MergedOut))
async def merge(asked: q.MergeIn, shop: WriteShop) -> Response:
    """All that is known of the visitor is the user's from now on. Merging again changes nothing."""
    moved = await shop.merge(asked.visitor_id, asked.user_id)
    return Json({"request_id": new_request_id("write"), "moved": moved})


@router.get(
    "/users/{user_id:path}/export", summary="All that is kept of a user", responses=said(o.ExportOut)
)
async def export(user_id: UserId, shop: WriteShop) -> Response:
    """Attributes and events, in the shape in which they can be sent again."""
    return Json(await shop.export(user_id))


@router.delete("/users/{user_id:path}", summary="Forget a user", responses=said(o.ForgottenOut))
async def forget(user_id: UserId, shop: AdminShop, caller: Admin, service: Serving) -> Response:
    """Gone from store and answers when this answers; counts over all users follow within minutes."""
    gone = await shop.forget(user_id)
    await shop.on_disk(lambda: service.audit(caller.tenant).record(caller, "forget", deleted=gone))
    return Json({"request_id": new_request_id("write"), "deleted": gone})
