"""The catalogue, a page at a time: filtered and sorted by the service, however large it is."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any, Final, Literal

import polars as pl
from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from warmstart.core import columns as c
from warmstart.data.dataset import Dataset
from warmstart.serve.routes.common import Json
from warmstart.web.console.door import Here, Shop

router = APIRouter(prefix="/console/api", include_in_schema=False)

EVENTS: Final = "events"
_SHOWN: Final = (c.ITEM_ID, c.TITLE, c.BRAND, "category", c.PRICE, EVENTS, c.CREATED_AT)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

Sort = Literal["item_id", "title", "brand", "category", "price", "events", "created_at"]
Words = Annotated[str, Query(max_length=200)]
Offset = Annotated[int, Query(ge=0, le=100_000_000)]
N = Annotated[int, Query(ge=1, le=200)]


@router.get("/catalogue")
async def catalogue(
    _caller: Here,
    shop: Shop,
    q: Words = "",
    sort: Sort = "events",
    *,
    down: bool = True,
    offset: Offset = 0,
    n: N = 25,
) -> Response:
    """Items that have all the words, from the `offset`th on, and how many there are."""
    if not shop.has_model:
        return Json({"rows": [], "found": 0})
    dataset = await shop.ask(lambda engine: engine.dataset)
    found = await run_in_threadpool(listed, dataset, q, sort, down=down)
    return Json({"rows": found.slice(offset, n).to_dicts(), "found": len(found)})


@router.get("/catalogue.csv")
async def export(
    _caller: Here, shop: Shop, q: Words = "", sort: Sort = "events", *, down: bool = True
) -> Response:
    """The same items, all of them."""
    dataset = await shop.ask(lambda engine: engine.dataset)
    text = await run_in_threadpool(lambda: as_csv(listed(dataset, q, sort, down=down)))
    headers = {"Content-Disposition": 'attachment; filename="catalogue.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def listed(shop: Dataset, words: str = "", sort: str = EVENTS, *, down: bool = True) -> pl.DataFrame:
    """Items whose id, title, brand or category has all the words; what has no value comes last."""
    counts = (
        shop.events.filter(pl.col(c.ITEM_ID).is_not_null()).group_by(c.ITEM_ID).agg(pl.len().alias(EVENTS))
    )
    category = pl.col(c.CATEGORIES).list.get(-1, null_on_oob=True).alias("category")
    table = (
        shop.items.select(c.ITEM_ID, c.TITLE, c.BRAND, category, c.PRICE, c.CREATED_AT)
        .join(counts, on=c.ITEM_ID, how="left", maintain_order="left")
        .with_columns(pl.col(EVENTS).fill_null(0))
        .select(_SHOWN)
    )
    texts = (c.ITEM_ID, c.TITLE, c.BRAND, "category")
    whole = pl.concat_str([pl.col(name).fill_null("") for name in texts], separator="\n").str.to_lowercase()
    for word in words.lower().split():
        table = table.filter(whole.str.contains(word, literal=True))
    return table.sort(sort, c.ITEM_ID, descending=[down, False], nulls_last=True)


def as_csv(table: pl.DataFrame) -> str:
    """Text that spreadsheets read as it is: what begins like a formula gets an apostrophe (OWASP)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_safe(value) for value in row] for row in table.iter_rows())
    return f"\ufeff{out.getvalue()}"


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
