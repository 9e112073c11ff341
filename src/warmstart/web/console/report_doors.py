"""How well methods answer the shop: reports to read, and a run to begin."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from warmstart.evaluate.report.page import render_html
from warmstart.serve.asked import Asked
from warmstart.serve.routes.common import Json
from warmstart.serve.shop import LiveShop
from warmstart.web.console.door import Acting, Here, Shop
from warmstart.web.console.examining import Examination, examine
from warmstart.web.console.reports import Reports, shown

router = APIRouter(prefix="/console/api", include_in_schema=False)

Name = Annotated[str, Query(max_length=100)]
_going: set[asyncio.Task[None]] = set()


class ExamineIn(Asked):
    """What to measure, and how many users to ask."""

    protocol: Literal["new-users", "new-items"] = "new-users"
    sample: Annotated[int, Field(ge=20, le=2_000)] = 200


def reports_of(shop: LiveShop) -> Reports:
    """Where the reports of a shop are: HOME/reports/TENANT."""
    return Reports(shop.settings.home / "reports" / shop.store.name)


@router.get("/reports")
async def reports(_caller: Here, shop: Shop) -> Response:
    """What there is, and whether more is being made."""
    kept = reports_of(shop)
    found = await run_in_threadpool(kept.all)
    return Json(
        {
            "reports": found,
            "folder": f"reports/{shop.store.name}",
            "running": kept.is_running,
            "trouble": kept.trouble,
        }
    )


@router.get("/report")
async def report(_caller: Here, shop: Shop, name: Name) -> Response:
    """One report in numbers."""
    return Json(await run_in_threadpool(lambda: shown(reports_of(shop).read(name))))


@router.get("/report.html")
async def whole(_caller: Here, shop: Shop, name: Name) -> Response:
    """The same as the page that `warmstart evaluate --html` writes, to keep or send."""
    text = await run_in_threadpool(lambda: render_html(reports_of(shop).read(name)))
    headers = {"Content-Disposition": f'attachment; filename="{name}.html"'}
    return Response(text, media_type="text/html", headers=headers)


@router.post("/examine")
async def begin(asked: ExamineIn, _caller: Acting, shop: Shop) -> Response:
    """Begin a run; it goes on beside the answers. Errors: 409 while one is going on."""
    kept = reports_of(shop)
    if not kept.begin():
        raise HTTPException(409, "A run is going on.")
    task = Examination(
        store=shop.settings.store_url,
        tenant=shop.store.name,
        folder=str(kept.folder),
        encoder=shop.settings.encoder,
        protocol=asked.protocol,
        sample=asked.sample,
    )
    going = asyncio.create_task(examine(task, kept))
    _going.add(going)
    going.add_done_callback(_going.discard)
    return Json({"running": True})
