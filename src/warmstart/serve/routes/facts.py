"""Items and events: what a shop tells us."""

from __future__ import annotations

import time
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Header, Path, Query, Request, Response

from warmstart.core.errors import InputError
from warmstart.data.wire.dialects import DIALECTS, Facts
from warmstart.data.wire.dialects import read as read_dialect
from warmstart.data.wire.events import EventIn
from warmstart.data.wire.fields import WireRecord
from warmstart.data.wire.items import ItemIn, ItemPatch
from warmstart.data.wire.masking import masked_event
from warmstart.data.wire.parsing import load_json, parse_records
from warmstart.data.wire.records import UserIn
from warmstart.roles.store import EVENTS
from warmstart.serve import answers as o
from warmstart.serve.answering import new_request_id
from warmstart.serve.answers import said
from warmstart.serve.routes.common import PROBLEMS, Json, ReadShop, Serving, Writer, WriteShop
from warmstart.serve.shop import LiveShop

router = APIRouter(prefix="/v1", tags=["facts"], responses=PROBLEMS)
Model = TypeVar("Model", bound=WireRecord)
ItemId = Annotated[str, Path(min_length=1, max_length=512)]
"""May have slashes in it, as themselves or as %2F: many shops number things like A/12."""
EventNumber = Annotated[
    int, Path(ge=1, lt=2**62, examples=[6], description="As the answer to the event, or an export, said.")
]
Whose = Annotated[
    str,
    Query(
        min_length=1, max_length=512, examples=["ann"], description="Whose event it is: user or visitor."
    ),
]
Key = Annotated[str, Header(alias="Idempotency-Key", max_length=300)]
Lenient = Annotated[bool, Query(description="Take what can be used, and say what cannot.")]


def _body(model: type[WireRecord]) -> dict[str, Any]:
    """What a body may be, for the OpenAPI page."""
    said_examples: Any = model.model_config.get("json_schema_extra") or {}
    examples = {str(i): {"value": value} for i, value in enumerate(said_examples.get("examples", []))}
    one = {"$ref": f"#/components/schemas/{model.__name__}"}
    schema = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    json = {"schema": schema, **({"examples": examples} if examples else {})}
    lines = {"schema": {"type": "string", "description": "One record a line."}}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": json, "application/x-ndjson": lines},
        }
    }


_GA4 = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": ["object", "array"]},
                "examples": {
                    "ga4": {
                        "value": {
                            "client_id": "v-82",
                            "events": [{"name": "view_item", "params": {"items": [{"item_id": "tea-7"}]}}],
                        }
                    }
                },
            }
        },
    }
}


async def _records(request: Request, model: type[Model], *, lenient: bool) -> tuple[list[Model], list[str]]:
    """The records of a body. Errors: `InputError` for the first that cannot be used, unless `lenient`."""
    records, problems = parse_records(model, await request.body())
    if problems and not lenient:
        raise problems[0].error()
    return records, [f"{problem.place}: {problem.error()}" for problem in problems]


def _taken(began: float, accepted: int, skipped: list[str], **more: Any) -> Response:
    took = round((time.perf_counter() - began) * 1000, 3)
    said = {"request_id": new_request_id("write"), "accepted": accepted, "skipped": skipped[:100]}
    return Json({**said, **more, "took_ms": took})


@router.post(
    "/items", summary="Add items, or change them", responses=said(o.TakenOut), openapi_extra=_body(ItemIn)
)
async def put_items(request: Request, shop: WriteShop, lenient: Lenient = False) -> Response:
    """One item, a list, or NDJSON; over those of the same ids. They are live when this answers."""
    began = time.perf_counter()
    items, skipped = await _records(request, ItemIn, lenient=lenient)
    if items:
        await shop.put_items(items)
    return _taken(began, len(items), skipped)


@router.get(
    "/items/{item_id:path}",
    summary="An item",
    responses={200: {"model": ItemIn, "description": "The item."}},
)
async def get_item(item_id: ItemId, shop: ReadShop) -> Response:
    """The item as it was written."""
    item = await shop.item(item_id)
    return Json({"item_id": item_id, **item.stored()})


@router.patch(
    "/items/{item_id:path}",
    summary="Change some facts of an item",
    responses={200: {"model": ItemIn, "description": "The item as it is now."}},
)
async def patch_item(item_id: ItemId, patch: ItemPatch, shop: WriteShop) -> Response:
    """Only what is sent changes; null clears. Price, stock and text count at once."""
    item = await shop.patch_item(item_id, patch)
    return Json({"item_id": item_id, **item.stored()})


@router.delete("/items/{item_id:path}", summary="Delete an item", responses=said(o.TakenOut))
async def delete_item(item_id: ItemId, shop: WriteShop) -> Response:
    """It is shown no more. Deleting what is not there is no error."""
    began = time.perf_counter()
    count = await shop.delete_items([item_id])
    return _taken(began, count, [])


@router.post(
    "/users", summary="Attributes of users", responses=said(o.TakenOut), openapi_extra=_body(UserIn)
)
async def put_users(request: Request, shop: WriteShop, lenient: Lenient = False) -> Response:
    """One user, a list, or NDJSON; over what was known of them."""
    began = time.perf_counter()
    users, skipped = await _records(request, UserIn, lenient=lenient)
    if users:
        await shop.put_users(users)
    return _taken(began, len(users), skipped)


@router.post("/events", summary="What users did", responses=said(o.EventsOut), openapi_extra=_body(EventIn))
async def put_events(
    request: Request, shop: WriteShop, service: Serving, lenient: Lenient = False, key: Key = ""
) -> Response:
    """One event, a list, or NDJSON. When this answers they are on the disk and count in the next answer.

    E-mails, numbers of phones and cards and the like in queries, context and properties are masked.
    The same `event_id`, or the same call with the same Idempotency-Key, is written once.
    """
    began = time.perf_counter()
    events, skipped = await _records(request, EventIn, lenient=lenient)
    numbers = await shop.write_events([masked_event(event) for event in events], key)
    service.metrics.took(events)
    return _taken(began, len(events), skipped, numbers=numbers)


@router.delete("/events/{number}", summary="Take back an event", responses=said(o.ForgottenOut))
async def take_back(
    number: EventNumber,
    user_id: Whose,
    shop: WriteShop,
    caller: Writer,
    service: Serving,
) -> Response:
    """As though it had never been: in the next answer it counts no more. The user's others stay.

    What is counted over all users follows when the shop is learned anew. An event that is not there, or
    not of this user, is no error: nothing is deleted.
    """
    gone = await shop.take_back(user_id, [number])
    deleted = {EVENTS: gone} if gone else {}
    await shop.on_disk(lambda: service.audit(caller.tenant).record(caller, "take_back", deleted=deleted))
    return Json({"request_id": new_request_id("write"), "deleted": deleted})


@router.post(
    "/dialects/{dialect}",
    summary="Events in the words of another system",
    openapi_extra=_GA4,
    responses=said(o.DialectOut),
)
async def put_dialect(
    request: Request,
    dialect: Annotated[str, Path(description=f"One of {', '.join(sorted(DIALECTS))}.")],
    shop: WriteShop,
    service: Serving,
    key: Key = "",
) -> Response:
    """The body as GA4, Segment, Google Retail, UBI, Algolia, Gorse, Recombee or Metarank have it."""
    began = time.perf_counter()
    if dialect not in DIALECTS:
        raise InputError(
            expected=f"a dialect among {', '.join(sorted(DIALECTS))}",
            found=f"{dialect!r:.60}",
            todo="Map your events to one of them, or send them to /v1/events.",
        )
    facts = read_dialect(dialect, load_json(await request.body()))
    await _take(shop, dialect, facts, key)
    service.metrics.took(facts.events)
    counts = {"items": len(facts.items), "users": len(facts.users), "merges": len(facts.merges)}
    return _taken(began, len(facts.events), list(facts.skipped), **counts)


async def _take(shop: LiveShop, dialect: str, facts: Facts, key: str) -> None:
    if facts.items and DIALECTS[dialect].items_are_changes:
        await shop.change_items(facts.items)
    elif facts.items:
        await shop.put_items(facts.items)
    if facts.users:
        await shop.put_users(facts.users)
    await shop.write_events([masked_event(event) for event in facts.events], key)
    for visitor_id, user_id in facts.merges:
        await shop.merge(visitor_id, user_id)
