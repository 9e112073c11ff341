"""What a visitor does, and what they take back."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from warmstart.core import columns as c
from warmstart.core.errors import UnknownIdError
from warmstart.data.records import Event
from warmstart.data.wire.events import EventIn
from warmstart.data.wire.fields import Id
from warmstart.data.wire.items import ItemIn
from warmstart.data.wire.masking import masked_event
from warmstart.engine.engine import Engine
from warmstart.roles.store import EVENTS
from warmstart.serve.app import DEFAULT_TENANT
from warmstart.serve.asked import AnswerIn, Asked
from warmstart.serve.onboarding import may_ask_in, onboarding_of
from warmstart.serve.routes.common import Json, Serving
from warmstart.serve.security.callers import Caller
from warmstart.serve.security.errors import Forbidden
from warmstart.serve.shop import LiveShop
from warmstart.serve.state import Service
from warmstart.tasks.onboarding.onboarding import Onboarding
from warmstart.tasks.onboarding.tastes import Answer
from warmstart.web.storefront.cards import cards, cart_of, listed
from warmstart.web.storefront.given import Given, RequestId, taken_from
from warmstart.web.visitors import VISITOR, Acting, Shop, keep

router = APIRouter(prefix="/shop/api", include_in_schema=False)
_QUESTIONS: Final = 6
Text = Annotated[str, Field(max_length=300)]


class ActIn(Asked):
    """What was done to an item, and in which list it stood."""

    act: Literal["click", "add_to_cart", "remove_from_cart", "like", "dislike"]
    item_id: Id
    request_id: RequestId | None = None


class SearchedIn(Asked):
    """What was searched for."""

    query: Annotated[str, Field(min_length=1, max_length=300)]


class TakeBackIn(Asked):
    """Which of the visitor's events, by its number; all of them without one."""

    number: Annotated[int | None, Field(ge=1, lt=2**62)] = None


class WhoIn(Asked):
    """Which of the visitors of this browser; a stranger without a place."""

    place: Annotated[int | None, Field(ge=0, lt=100)] = None


class WelcomeIn(Asked):
    """What was answered; with `keep` it becomes evidence."""

    answers: Annotated[tuple[AnswerIn, ...], Field(max_length=20)] = ()
    keep: bool = False


class NewItemIn(Asked):
    """A new product."""

    title: Annotated[str, Field(min_length=1, max_length=300)]
    brand: Text = ""
    category: Text = ""
    price: Annotated[float | None, Field(ge=0, le=1e9)] = None
    description: Annotated[str, Field(max_length=2_000)] = ""


@router.post("/act")
async def act(asked: ActIn, here: Acting, shop: Shop, service: Serving) -> Response:
    """Take note of an act; it counts in the next answer."""
    if not await _is_there(shop, asked.item_id):
        raise UnknownIdError(
            expected="an item of the shop", found=f"{asked.item_id!r:.80}", todo="Reload the page."
        )
    event = EventIn(
        event_type=asked.act, visitor_id=here.name, item_id=asked.item_id, request_id=asked.request_id
    )
    await _write(shop, service, [event])
    return await _standing(shop, here.name)


async def _is_there(shop: LiveShop, item_id: str) -> bool:
    if not shop.has_model or shop.is_removed(item_id):
        return False
    return await shop.ask(lambda engine: engine.item(item_id) is not None)


@router.post("/searched")
async def searched(asked: SearchedIn, here: Acting, shop: Shop, service: Serving) -> Response:
    """Take note of a search that somebody sent off, with what looks like a secret masked."""
    await _write(shop, service, [EventIn(event_type="search", visitor_id=here.name, query=asked.query)])
    return await _standing(shop, here.name)


@router.post("/buy")
async def buy(here: Acting, shop: Shop, service: Serving) -> Response:
    """Buy what lies in the cart: a success of the lists it was taken from.

    Nothing is paid here: the page says so.
    """
    if not shop.has_model:
        return await _standing(shop, here.name)
    inside = await shop.ask(lambda engine: list(cart_of(engine.events_of(here.name))))
    lists = await taken_from(shop, here.name)
    events = [
        EventIn(event_type="purchase", visitor_id=here.name, item_id=i, request_id=lists.get(i))
        for i in inside
    ]
    await _write(shop, service, events)
    return await _standing(shop, here.name)


@router.post("/forget")
async def forget(
    asked: TakeBackIn, request: Request, here: Acting, shop: Shop, service: Serving
) -> Response:
    """Take back one event, or all. With all of them the name goes too, so nothing ties what comes to it."""
    if asked.number is not None:
        return await _take_back(shop, service, here.name, asked.number)
    gone = await shop.forget(here.name)
    if gone:
        await _note(shop, service, "forget", deleted=gone)
    response = Json({"gone": gone, "events": 0, "cart": 0})
    keep(response, request, here.renewed())
    return response


async def _take_back(shop: LiveShop, service: Service, visitor: str, number: int) -> Response:
    """As if the event had never been; those that are not the visitor's own are unknown here."""
    if not await shop.take_back(visitor, [number]):
        raise UnknownIdError(
            expected="an event of yours", found=f"number {number}", todo="Reload the page."
        )
    await _note(shop, service, "take_back", deleted={EVENTS: 1})
    return await _standing(shop, visitor)


async def _note(shop: LiveShop, service: Service, action: str, **facts: Any) -> None:
    """Write into the audit log what a visitor did that outlives them; of whom it was it says nothing."""
    caller = Caller(VISITOR, DEFAULT_TENANT, frozenset())
    await shop.on_disk(lambda: service.audit(DEFAULT_TENANT).record(caller, action, **facts))


def _again(event: Event) -> EventIn:
    """An event as it was sent."""
    said: dict[str, Any] = {"event_type": event.event_type, "visitor_id": event.user_id}
    said |= {name: getattr(event, name) for name in ("item_id", "query", "value", "timestamp")}
    return EventIn(**{name: value for name, value in said.items() if value is not None})


@router.post("/visitor")
async def visitor(asked: WhoIn, request: Request, here: Acting, shop: Shop) -> Response:
    """Become a stranger, or somebody that this browser was before."""
    now = here.another() if asked.place is None else here.switched(asked.place)
    response = await _standing(shop, now.name)
    keep(response, request, now)
    return response


@router.post("/welcome")
async def welcome(asked: WelcomeIn, here: Acting, shop: Shop, service: Serving) -> Response:
    """The most telling question next, and what would be shown by now."""
    if not shop.has_model:
        return Json({"ask": None, "items": [], "left": 0})
    asking = await onboarding_of(shop)
    answers = [Answer(item_id=said.item_id, value=said.value) for said in asked.answers]
    if asked.keep:
        events = [_again(event) for event in asking.events(answers, here.name)]
        await _write(shop, service, events)
        return await _standing(shop, here.name)
    given = Given()
    found = await shop.ask(lambda engine: _asked(engine, asking, answers, here.name, given))
    given.count(service)
    return Json(found)


def _asked(
    engine: Engine, asking: Onboarding, answers: list[Answer], visitor: str, given: Given
) -> dict[str, Any]:
    left = _QUESTIONS - len(answers)
    following = asking.next(answers, may_ask=may_ask_in(engine)) if left > 0 else None
    found = engine.recommend(visitor, n=6, events=asking.events(answers, visitor), exposure=0.0)
    return {
        "ask": next(iter(cards(engine, [following])), None) if following else None,
        "items": listed(engine, found, (), given.add("onboard", found)),
        "done": len(answers),
        "of": _QUESTIONS,
    }


@router.post("/items")
async def add_item(asked: NewItemIn, _here: Acting, shop: Shop, service: Serving) -> Response:
    """Put a product on the shelf, at once; only where the whole service is open to this machine."""
    if not service.guard.open:
        raise Forbidden("write", frozenset({"read"}))
    priced = shop.has_model and asked.price is not None
    currency = await shop.ask(_usual_currency) if priced else ""
    item = ItemIn(
        item_id=f"new-{uuid.uuid4().hex[:12]}",
        title=asked.title,
        brand=asked.brand,
        categories=(asked.category,) if asked.category else (),
        price=asked.price,
        currency=currency,
        description=asked.description,
        created_at=time.time(),
    )
    await shop.put_items([item])
    await _note(shop, service, "put_items", item_ids=[item.item_id])
    return Json({"id": item.item_id})


def _usual_currency(engine: Engine) -> str:
    """What most prices of the shop are in; empty where none says."""
    named = engine.dataset.items[c.CURRENCY].drop_nulls()
    counts = Counter(dict(named.filter(named != "").value_counts().iter_rows()))
    return max(counts, key=lambda name: (counts[name], name), default="")


async def _write(shop: LiveShop, service: Service, events: list[EventIn]) -> None:
    await shop.write_events([masked_event(event) for event in events])
    service.metrics.took(events)


async def _standing(shop: LiveShop, name: str) -> Response:
    def standing(engine: Engine) -> dict[str, int]:
        events = engine.events_of(name)
        return {"events": len(events), "cart": sum(cart_of(events).values())}

    return Json(await shop.ask(standing) if shop.has_model else {"events": 0, "cart": 0})
