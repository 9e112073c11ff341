"""Whether it works: the numbers of the service, the catalogue, and the models."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from warmstart.serve.routes.common import Json, Serving
from warmstart.serve.shop import LiveShop
from warmstart.web.console import overview as o
from warmstart.web.console.door import Here, Shop
from warmstart.web.console.quality import quality_of
from warmstart.web.console.versions import versions_of

router = APIRouter(prefix="/console/api", include_in_schema=False)


@router.get("/overview")
async def overview(_caller: Here, shop: Shop, service: Serving) -> Response:
    """How the shop does. The counters are those of the whole service, for all its shops."""
    service.tell()
    samples = await run_in_threadpool(o.samples_of, service.metrics)
    routes, scenarios = o.routes_of(samples), o.scenarios_of(samples)
    drift = o.named(samples, "warmstart_drift", "of")
    model, days = await _model(shop)
    shown = samples.get("warmstart_items_shown_distinct", [({}, 0.0)])
    return Json(
        {
            "alerts": o.alerts_of(
                routes,
                scenarios,
                drift,
                has_model=shop.has_model,
                has_events=bool(model.get("events")),
            ),
            "routes": routes,
            "latency": o.latency_of(samples),
            "scenarios": scenarios,
            "drift": drift,
            "events": o.named(samples, "warmstart_events_total", "event_type"),
            "sources": o.named(samples, "warmstart_items_shown_total", "source"),
            "shown": int(sum(value for _, value in shown)),
            "model": model,
            "days": days,
            "health": {
                "ready": service.is_ready,
                "waiting": len(shop.writer),
                "last_refit": shop.last_refit,
            },
            "store": await _kept(shop),
        }
    )


@router.get("/quality")
async def quality(_caller: Here, shop: Shop) -> Response:
    """What the catalogue lacks."""
    if not shop.has_model:
        return Json({"items": 0})
    dataset = await shop.ask(lambda engine: engine.dataset)
    return Json(await run_in_threadpool(quality_of, dataset))


@router.get("/models")
async def models(_caller: Here, shop: Shop) -> Response:
    """The models on the disk."""
    versions = await shop.on_disk(lambda: versions_of(shop.folder))
    model, _ = await _model(shop)
    return Json({"versions": versions, "model": model, "last_refit": shop.last_refit})


async def _model(shop: LiveShop) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the model is made of, and the events that it knows by day."""
    if not shop.has_model:
        return {}, {"rows": [], "earlier": 0, "until": None}
    model = await shop.ask(lambda engine: engine.describe())
    dataset = await shop.ask(lambda engine: engine.dataset)
    return {"version": shop.version, **model}, await run_in_threadpool(o.days_of, dataset)


async def _kept(shop: LiveShop) -> dict[str, Any]:
    kept = await shop.on_disk(shop.store.describe)
    return {"records": dict(kept.records), "logs": dict(kept.entries)}
