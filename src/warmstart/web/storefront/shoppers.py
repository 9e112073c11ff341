"""Seeing the shop with the eyes of somebody it knows: only where the shop is open to this machine alone."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
from fastapi import APIRouter, Depends, Request, Response

from warmstart.core import columns as c
from warmstart.core.errors import UnknownIdError
from warmstart.data.dataset import Dataset
from warmstart.data.wire.events import EventIn
from warmstart.data.wire.fields import Id
from warmstart.serve.asked import Asked
from warmstart.serve.routes.common import Json, Serving
from warmstart.serve.security.errors import Forbidden
from warmstart.web.visitors import Acting, Here, Shop, keep

_FEWEST: Final = 4
_MOST: Final = 60
_OFFERED: Final = 6


async def _only_here(service: Serving) -> None:
    """What shoppers did is nobody else's business. Errors: `Forbidden` for a shop behind keys."""
    if not service.guard.open:
        raise Forbidden("read", frozenset())


router = APIRouter(prefix="/shop/api", include_in_schema=False, dependencies=[Depends(_only_here)])


class ShopperIn(Asked):
    """One of the shop's shoppers."""

    user_id: Id


@router.get("/shoppers")
async def shoppers(_here: Here, shop: Shop) -> Response:
    """Some shoppers, unlike one another."""
    found = await shop.derived("shoppers", lambda engine: engine.dataset, unlike) if shop.has_model else []
    return Json({"shoppers": found})


@router.post("/shopper")
async def shopper(asked: ShopperIn, request: Request, here: Acting, shop: Shop) -> Response:
    """Become a new visitor who did what a shopper did: a copy, so nothing of theirs is touched."""
    known = await shop.ask(lambda engine: engine.events_of(asked.user_id)) if shop.has_model else ()
    events = known[-_MOST:]
    if not events:
        raise UnknownIdError(
            expected="a shopper of this shop", found=f"{asked.user_id!r:.80}", todo="Choose another."
        )
    now = here.another()
    await shop.write_events([_copied(event, now.name) for event in events])
    response = Json({"events": len(events)})
    keep(response, request, now)
    return response


def _copied(event: Any, visitor: str) -> EventIn:
    said = {name: getattr(event, name) for name in ("event_type", "item_id", "query", "value", "timestamp")}
    return EventIn(visitor_id=visitor, **{name: value for name, value in said.items() if value is not None})


def unlike(shop: Dataset) -> list[dict[str, Any]]:
    """For each of the kinds of items that are wanted most, the shopper who holds to it most.

    A kind is the last category of an item, or its brand in a shop without categories.
    """
    kind = pl.coalesce(pl.col(c.CATEGORIES).list.get(-1, null_on_oob=True), pl.col(c.BRAND)).alias("kind")
    of = shop.items.select(c.ITEM_ID, kind).filter(pl.col("kind").is_not_null() & (pl.col("kind") != ""))
    did = shop.interactions.select(c.USER_ID, c.ITEM_ID)
    total = did.group_by(c.USER_ID).agg(pl.len().alias("events"))
    held = (
        did.join(of, on=c.ITEM_ID)
        .group_by(c.USER_ID, "kind")
        .agg(pl.len().alias("held"))
        .join(total.filter(pl.col("events").is_between(_FEWEST, _MOST)), on=c.USER_ID)
        .with_columns((pl.col("held") / (pl.col("events") + _FEWEST)).alias("share"))
        .sort(["share", c.USER_ID], descending=[True, False])
        .unique(c.USER_ID, keep="first", maintain_order=True)
    )
    wanted = held.group_by("kind").agg(pl.col("held").sum().alias("wanted"))
    best = held.unique("kind", keep="first", maintain_order=True).join(wanted, on="kind")
    chosen = best.sort(["wanted", "kind"], descending=[True, False]).head(_OFFERED)
    rows = chosen.select(c.USER_ID, "events", "kind").iter_rows()
    return [{"id": user, "events": events, "kind": name} for user, events, name in rows]
