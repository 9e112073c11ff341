"""Whether it runs, and how."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from warmstart.serve.answers import ReadyOut, StateOut, said
from warmstart.serve.routes.common import Json, Serving

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Does the process answer?", responses=said(StateOut))
async def healthz() -> Response:
    """200 as long as the process lives; says nothing about whether it can serve."""
    return Json({"status": "alive"})


@router.get(
    "/readyz",
    summary="Should requests come here?",
    responses={**said(ReadyOut), 503: {"model": ReadyOut, "description": "Not now."}},
)
async def readyz(service: Serving) -> Response:
    """200 while requests are answered: not before the shop is open, and no more on the way out.

    Also while a shop is learned for the first time: items and events have to come in for that.
    """
    ready = service.is_ready
    state = "ready" if ready else "stopping" if service.is_stopping else "starting"
    said = {"status": state, "learning": service.is_learning}
    return Json(said, status_code=200 if ready else 503)


@router.get("/metrics", summary="For Prometheus.", response_class=PlainTextResponse)
async def metrics(service: Serving) -> Response:
    """Counters of all shops; no ids of users or items are among them."""
    service.tell()
    body, media_type = service.metrics.render()
    return Response(body, media_type=media_type)
