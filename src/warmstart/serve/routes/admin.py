"""For administrators: keys, models, and what was done."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from warmstart.core.errors import UnknownIdError
from warmstart.serve import answers as o
from warmstart.serve import asked as q
from warmstart.serve.answering import new_request_id
from warmstart.serve.answers import said
from warmstart.serve.routes.common import PROBLEMS, Admin, AdminShop, Json, Serving
from warmstart.serve.security.callers import Caller
from warmstart.serve.security.keys import ApiKey
from warmstart.serve.shop import LiveShop
from warmstart.serve.state import Service

router = APIRouter(prefix="/v1/admin", tags=["admin"], responses=PROBLEMS)


@router.get("/status", summary="How the shop stands", responses=said(o.StatusOut))
async def status(shop: AdminShop) -> Response:
    """Counts of store and model."""
    kept = await shop.on_disk(shop.store.describe)
    model = await shop.ask(lambda engine: engine.describe()) if await shop.can_answer() else {}
    return Json(
        {
            "store": {"records": dict(kept.records), "logs": dict(kept.entries)},
            "model": {"version": shop.version, **model},
            "last_refit": shop.last_refit,
            "is_to_relearn": shop.is_to_relearn,
        }
    )


@router.post("/refit", summary="Learn the shop anew", responses=said(o.RefitOut))
async def refit(asked: q.RefitIn, shop: AdminShop, caller: Admin, service: Serving) -> Response:
    """A new model is fitted beside, asked what users did last, and takes over unless it is worse."""
    found = await shop.refit(force=asked.force)
    service.metrics.refit(promoted=bool(found.get("promoted")))
    await _note(shop, service, caller, "refit", promoted=bool(found.get("promoted")))
    return Json({"request_id": new_request_id("admin"), **found})


@router.post("/rollback", summary="Put the model before in force again", responses=said(o.RollbackOut))
async def rollback(shop: AdminShop, caller: Admin, service: Serving) -> Response:
    """Nothing that was written is lost: the older model reads on to this moment."""
    version = await shop.roll_back()
    await _note(shop, service, caller, "rollback", version=version)
    return Json({"request_id": new_request_id("admin"), "version": version})


@router.get("/keys", summary="Keys of this shop", responses=said(o.KeysOut))
async def keys(caller: Admin, shop: AdminShop, service: Serving) -> Response:
    """Everything but the secrets, which nobody knows."""
    found = await shop.on_disk(service.guard.keys.list)
    return Json({"keys": [key.as_dict() for key in found if key.tenant == caller.tenant]})


@router.post("/keys", summary="A new key for this shop", responses=said(o.NewKeyOut))
async def create_key(asked: q.KeyIn, caller: Admin, shop: AdminShop, service: Serving) -> Response:
    """The secret is in this answer and nowhere else."""
    secret, key = await shop.on_disk(
        lambda: service.guard.keys.create(
            tenant=caller.tenant,
            scopes=asked.scopes,
            name=asked.name,
            rate=asked.rate,
            expires_at=asked.expires_at,
        )
    )
    await _note(shop, service, caller, "create_key", made=key.key_id, scopes=sorted(key.scopes))
    return Json({"secret": secret, **key.as_dict()})


@router.delete("/keys/{key_id}", summary="End a key", responses=said(o.KeyOut))
async def revoke_key(
    key_id: Annotated[str, Path(max_length=100)], caller: Admin, shop: AdminShop, service: Serving
) -> Response:
    """It stops within seconds on all workers."""
    key = await shop.on_disk(lambda: _revoked(service, caller.tenant, key_id))
    await _note(shop, service, caller, "revoke_key", ended=key.key_id)
    return Json(key.as_dict())


@router.get("/audit", summary="What administrators did", responses=said(o.AuditOut))
async def audit(
    caller: Admin,
    shop: AdminShop,
    service: Serving,
    since: Annotated[int, Query(ge=0, le=2**62)] = 0,
    n: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Oldest first, after the number `since`."""
    acts = await shop.on_disk(lambda: list(service.audit(caller.tenant).entries(since, n)))
    return Json({"entries": [act.as_dict() for act in acts]})


def _revoked(service: Service, tenant: str, key_id: str) -> ApiKey:
    """Ids of another tenant's keys are as unknown as those that never were. Errors: `UnknownIdError`."""
    if not any(key.key_id == key_id and key.tenant == tenant for key in service.guard.keys.list()):
        raise UnknownIdError(
            expected="the id of a key of this shop", found=f"{key_id!r:.80}", todo="See GET /v1/admin/keys."
        )
    return service.guard.keys.revoke(key_id)


async def _note(shop: LiveShop, service: Service, caller: Caller, action: str, **facts: object) -> None:
    await shop.on_disk(lambda: service.audit(caller.tenant).record(caller, action, **facts))
