"""Logging in and out, keys, models and what was done: what an administrator may do."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from warmstart.serve.asked import KeyIn, RefitIn
from warmstart.serve.routes import admin
from warmstart.serve.routes.common import Json, Serving
from warmstart.serve.security.callers import Caller
from warmstart.serve.security.errors import Unauthorised
from warmstart.serve.shop import LiveShop
from warmstart.serve.state import Service
from warmstart.web.console import door
from warmstart.web.console.asked import LoginIn, NothingIn, RevokeIn
from warmstart.web.console.door import Acting, Here, Shop

router = APIRouter(prefix="/console/api", include_in_schema=False)


@router.get("/me")
async def me(caller: Here, shop: Shop, service: Serving) -> Response:
    """Who is logged in, and whether there is a model to look into."""
    return Json(_said(caller, shop, service))


@router.get("/session")
async def session(request: Request, service: Serving) -> Response:
    """The same, or null: what a page asks first, where nobody being there is no error."""
    try:
        caller = await door.here(request, service)
    except Unauthorised:
        return Json({"me": None})
    return Json({"me": _said(caller, await service.shop(caller.tenant), service)})


def _said(caller: Caller, shop: LiveShop, service: Service) -> dict[str, Any]:
    said = {"key_id": caller.key_id, "tenant": caller.tenant}
    return {**said, "open": service.guard.open, "learned": shop.has_model}


@router.post("/login")
async def login(asked: LoginIn, request: Request, service: Serving) -> Response:
    """Begin a session with a key."""
    door.check_from_here(request)
    answer = Json({})
    caller = await door.log_in(request, answer, service, asked.key)
    request.state.tenant, request.state.key_id = caller.tenant, caller.key_id
    return answer


@router.post("/logout")
async def logout(_asked: NothingIn, request: Request, service: Serving) -> Response:
    """End the session."""
    door.check_from_here(request)
    answer = Json({})
    await door.log_out(request, answer, service)
    return answer


@router.get("/keys")
async def keys(caller: Here, shop: Shop, service: Serving) -> Response:
    """The keys of this shop; nobody knows their secrets."""
    return await admin.keys(caller, shop, service)


@router.post("/keys")
async def create_key(asked: KeyIn, caller: Acting, shop: Shop, service: Serving) -> Response:
    """A new key; its secret is in this answer and nowhere else."""
    return await admin.create_key(asked, caller, shop, service)


@router.post("/keys/revoke")
async def revoke_key(asked: RevokeIn, caller: Acting, shop: Shop, service: Serving) -> Response:
    """End a key, and the sessions that began with it."""
    return await admin.revoke_key(asked.key_id, caller, shop, service)


@router.post("/refit")
async def refit(asked: RefitIn, caller: Acting, shop: Shop, service: Serving) -> Response:
    """Learn the shop anew."""
    return await admin.refit(asked, shop, caller, service)


@router.post("/rollback")
async def rollback(_asked: NothingIn, caller: Acting, shop: Shop, service: Serving) -> Response:
    """Put the model before in force again."""
    return await admin.rollback(shop, caller, service)


@router.get("/audit")
async def audit(caller: Here, shop: Shop, service: Serving) -> Response:
    """What administrators did last."""
    last = (await shop.on_disk(shop.store.describe)).last.get("audit", 0)
    return await admin.audit(caller, shop, service, since=max(0, last - 500), n=500)
