"""Why an item is where it is: searches and users, looked into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from warmstart.core.errors import InputError
from warmstart.data.records import Event
from warmstart.engine.engine import Engine
from warmstart.serve.routes.common import Json
from warmstart.serve.shop import LiveShop
from warmstart.web.console import replay as r
from warmstart.web.console import served as s
from warmstart.web.console.asked import JudgeIn, MeasureIn, NothingIn, PersonIn, ReplayIn, SearchIn, WhyIn
from warmstart.web.console.door import Acting, Here, Shop
from warmstart.web.console.doubt import Doubt, course
from warmstart.web.console.imported import IMPORTED, imported_of
from warmstart.web.console.judgments import Judged, TestSets, mean_of, measured
from warmstart.web.console.shown import item_of, list_of, reasons_of

router = APIRouter(prefix="/console/api", include_in_schema=False)

Typed = Annotated[str, Query(max_length=200)]


@router.post("/search")
async def search(asked: SearchIn, _caller: Acting, shop: Shop) -> Response:
    """The lists that an answer comes from, side by side, and what was judged."""

    def answer(engine: Engine) -> dict[str, Any]:
        lists = engine.legs(asked.query, user_id=asked.user_id, n=asked.n, events=_invented(asked))
        return {name: list_of(engine, items) for name, items in lists.items()}

    lists = await shop.ask(answer)
    return Json({"lists": lists, "grades": await _grades(shop, asked.set, asked.query)})


async def _grades(shop: LiveShop, name: str, query: str) -> Mapping[str, float]:
    if name == IMPORTED:
        return (await imported_of(shop)).of_query(query)
    return await shop.on_disk(lambda: TestSets(shop.store).grades(name, query))


@router.get("/items")
async def items(_caller: Here, shop: Shop, q: Typed = "") -> Response:
    """Items to choose from."""

    def answer(engine: Engine) -> list[dict[str, Any]]:
        found = engine.search(q, n=12) if q.strip() else engine.recommend(n=12, exposure=0.0)
        return [item_of(engine, item_id) for item_id in found.item_ids]

    return Json({"items": await shop.ask(answer)})


@router.get("/users")
async def users(_caller: Here, shop: Shop, q: Typed = "") -> Response:
    """Users to choose from."""
    return Json({"users": await shop.ask(lambda engine: r.users_like(engine, q.strip()))})


@router.post("/replay")
async def replay(asked: ReplayIn, _caller: Acting, shop: Shop) -> Response:
    """What was shown after each event; nothing is written."""
    return Json(await shop.ask(lambda engine: r.replay(engine, _events(engine, asked), asked.n)))


@router.post("/doubt")
async def doubt(asked: PersonIn, _caller: Acting, shop: Shop) -> Response:
    """How much of their taste is still open at each step of the replay, as far as that can be learned.

    The belief is learned once for each model, beside the answers.
    """
    belief = await shop.derived("doubt", Doubt.needs, Doubt.of)
    events = await shop.ask(lambda engine: _events(engine, asked))
    return Json({"left": await run_in_threadpool(course, belief, events) if belief else []})


@router.post("/why")
async def why(asked: WhyIn, _caller: Acting, shop: Shop) -> Response:
    """All reasons for an item's score, which sum to it."""

    def answer(engine: Engine) -> dict[str, Any]:
        events = _events(engine, asked)[: asked.steps]
        entry = engine.explain(asked.item_id, events=events)
        return {
            **item_of(engine, asked.item_id),
            "score": round(entry.score, 6),
            "reasons": reasons_of(engine, entry.reasons),
        }

    return Json(await shop.ask(answer))


@router.post("/served")
async def served(_asked: NothingIn, _caller: Acting, shop: Shop) -> Response:
    """For whom it works, by what was known of them and of what they chose; others are answered between."""
    questions = await shop.ask(s.questions_of)
    found = [await shop.ask(partial(s.serve, question=question)) for question in questions]
    return Json({"cases": len(found), "users": s.by_user(found), "items": s.by_item(found), "n": s.N})


@router.get("/sets")
async def sets(_caller: Here, shop: Shop) -> Response:
    """The test sets, with every query of each; of the imported one a sample, and how many it has."""
    found = await shop.on_disk(TestSets(shop.store).all)
    imported = await imported_of(shop)
    rows = [
        {"set": one.name, "query": one.query, "grades": one.grades} for one in (*imported.sample, *found)
    ]
    return Json({"queries": rows, "imported": len(imported.grades)})


@router.post("/judge")
async def judge(asked: JudgeIn, _caller: Acting, shop: Shop) -> Response:
    """Note a grade. Errors: `InputError` for the set that came with the shop."""
    if asked.set == IMPORTED:
        raise InputError(
            expected="a test set of your own",
            found=f"{IMPORTED!r}, the judgments that came with the shop",
            todo="Write another name for the set; these are not changed.",
        )
    grades = await shop.on_disk(
        lambda: TestSets(shop.store).judge(asked.set, asked.query, asked.item_id, asked.grade)
    )
    return Json({"grades": grades})


@router.post("/measure")
async def measure(asked: MeasureIn, _caller: Acting, shop: Shop) -> Response:
    """nDCG@10 of the running model on a test set."""
    judged = await _judged(shop, asked.set)
    rows = [await shop.ask(partial(measured, judged=one)) for one in judged]  # others are answered between
    return Json({"queries": rows, "mean": mean_of(rows), "model": shop.version})


async def _judged(shop: LiveShop, name: str) -> list[Judged]:
    """The queries of a test set that are measured."""
    if name == IMPORTED:
        return (await imported_of(shop)).sample
    return [one for one in await shop.on_disk(TestSets(shop.store).all) if one.name == name]


def _invented(asked: PersonIn) -> tuple[Event, ...]:
    return r.invented([(act.act, act.item_id) for act in asked.acts])


def _events(engine: Engine, asked: PersonIn) -> Sequence[Event]:
    known = engine.events_of(asked.user_id) if asked.user_id else ()
    return (*known, *_invented(asked))
