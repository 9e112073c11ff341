"""An event as a shop sends it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.data.records import Event
from warmstart.data.schema import EVENT_TYPES
from warmstart.data.wire.fields import (
    LONGEST_ID,
    Amount,
    Currency,
    Id,
    JsonObject,
    Moment,
    Position,
    Price,
    Quantity,
    Query,
    WireRecord,
)

MOST_ITEMS: Final = 1_000
"""How many items one event may name."""
SLOT: Final = "slot"
"""Where `Event.context` says at which place of a list an item stood, 0 for the first."""

_ALONE: Final = frozenset({"coupon_view", "coupon_use", "ad_impression", "ad_click"})
"""May come without item and query: what they are about stands in the properties."""
_GRADED: Final = frozenset({"rate", "review", "like", "dislike"})
"""Their value is a grade; what the item costs is none."""


def _known_type(value: str) -> str:
    if value in EVENT_TYPES:
        return value
    raise InputError(
        expected=f"an event_type among {', '.join(EVENT_TYPES)}",
        found=f"{value!r:.60}",
        todo="Map your event names to these before sending them.",
    )


_EventType = Annotated[
    str,
    AfterValidator(_known_type),
    Field(description="What the user did.", json_schema_extra={"enum": list(EVENT_TYPES)}),
]


class EventItem(WireRecord):
    """One of the items of an event: which, at what price, how many, at which place of the list."""

    item_id: Id
    price: Price | None = None
    quantity: Quantity | None = None
    position: Position | None = None
    value: Amount | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_id(cls, value: Any) -> Any:
        return {c.ITEM_ID: value} if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_Items = Annotated[
    tuple[EventItem, ...],
    Field(max_length=MOST_ITEMS),
    BeforeValidator(_listed),
    WithJsonSchema(
        {
            "type": "array",
            "maxItems": MOST_ITEMS,
            "items": {
                "anyOf": [
                    {"type": "string", "minLength": 1, "maxLength": LONGEST_ID},
                    EventItem.model_json_schema(),
                ]
            },
        }
    ),
]


class EventIn(WireRecord):
    """One user doing one thing: to one item, to several at once, or with a query.

    Who: `user_id` of a customer or `visitor_id` of somebody not logged in; with both, `user_id` is meant
    and `visitor_id` says who they were before. What: `event_type`. To what: `item_id`, or `items` (ids or
    objects with price, quantity, position and value), or a `query`. Coupons and ads may do without; a
    `rate` needs its `value`.

    `position` is the place in the list that was shown, 0 for the first; with `items` it is the place of
    the first of them. `price` is for one piece, `value` for all (of a rating: the grade). `timestamp` is
    in Unix seconds or ISO 8601 text, UTC without a zone. `context` is the scene (device, place, weather),
    which recommendations learn from; `properties` are further facts, which are kept and not read.
    `event_id` is the sender's own: the same one twice is one event. `request_id` says which answer of
    ours the user acted on.

    Errors: `InputError` from `read`, pydantic's `ValidationError` from the constructor.

    >>> event = EventIn.read({"event_type": "click", "visitor_id": "v1", "item_id": "茶壶"})
    >>> event.who, event.to_events(received_at=1.8e9)[0].item_id
    ('v1', '茶壶')
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"event_type": "view", "visitor_id": "v-81", "item_id": "kettle-1", "session_id": "s-5"},
                {"event_type": "search", "user_id": "ann", "query": "红色 茶壶 red kettle"},
                {
                    "event_type": "purchase",
                    "user_id": "ann",
                    "items": [{"item_id": "kettle-1", "price": 39.9, "quantity": 2}, "tea-7"],
                    "currency": "EUR",
                    "timestamp": "2026-03-01T12:00:00+08:00",
                    "event_id": "order-1007",
                },
                {"event_type": "rate", "user_id": "ann", "item_id": "tea-7", "value": 4.5},
                {
                    "event_type": "impression",
                    "visitor_id": "v-81",
                    "items": ["kettle-1", "tea-7"],
                    "position": 0,
                    "request_id": "r-3f",
                    "context": {"device": "phone"},
                },
            ]
        }
    )
    _kept_beside: ClassVar[tuple[str, ...]] = (c.USER_ID, "visitor_id")

    event_type: _EventType = EVENT_TYPES[0]
    user_id: Id | None = None
    visitor_id: Id | None = None
    session_id: Id | None = None
    item_id: Id | None = None
    items: _Items = ()
    query: Query = None
    request_id: Id | None = None
    position: Position | None = None
    value: Amount | None = None
    price: Price | None = None
    quantity: Quantity | None = None
    currency: Currency | None = None
    timestamp: Moment | None = None
    context: JsonObject = Field(default_factory=dict)
    properties: JsonObject = Field(default_factory=dict)
    event_id: Id | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.user_id is None and self.visitor_id is None:
            raise InputError(
                expected="a user_id or a visitor_id",
                found="an event of nobody",
                todo="Give visitors an id that they keep, such as one from a cookie.",
            )
        if self.item_id is not None and self.items:
            raise InputError(
                expected="an item_id or items", found="both", todo="List all of them in items."
            )
        self._check_matter()
        return self

    def _check_matter(self) -> None:
        about = self.item_id is not None or self.items or self.query is not None
        if not about and self.event_type not in _ALONE:
            raise InputError(
                expected="an item_id, items or a query",
                found="an event with none of them",
                todo="Add one; visits of pages without a product need not be sent.",
            )
        if self.event_type == "rate" and any(item.value is None for item in self._things()):
            raise InputError(
                expected="a value with each rating",
                found="a rate without one",
                todo="Send the grade as value.",
            )

    @property
    def who(self) -> str:
        """Whose event it is: the user, else the visitor."""
        return self.user_id or self.visitor_id or ""

    def to_events(self, received_at: float) -> tuple[Event, ...]:
        """What the engine learns from: one event per item, or one for the query; none for a coupon alone.

        `received_at` (Unix seconds) is the time of an event that has none, and the latest it can have:
        clocks of phones go wrong, and what came in has happened. A search that lists what it found
        becomes the search and an impression of each item. The place in the list goes into the context as
        `slot`; the value is the event's own, else price times quantity (never for grades).
        """
        things = self._things()
        if self.event_type == "search":
            searched = [self._event(None, received_at)] if self.query else []
            return (*searched, *(self._event(thing, received_at, "impression") for thing in things))
        if things:
            return tuple(self._event(thing, received_at) for thing in things)
        return (self._event(None, received_at),) if self.query else ()

    def _event(self, thing: EventItem | None, received_at: float, event_type: str | None = None) -> Event:
        place = None if thing is None else thing.position
        return Event(
            user_id=self.who,
            item_id=None if thing is None else thing.item_id,
            event_type=event_type or self.event_type,
            timestamp=received_at if self.timestamp is None else min(self.timestamp, received_at),
            value=None if thing is None else thing.value,
            session_id=self.session_id,
            query=self.query,
            context=self.context if place is None else {**self.context, SLOT: place},
        )

    def _things(self) -> tuple[EventItem, ...]:
        """The items, each with what the event says for it."""
        own = EventItem.model_construct(
            item_id=self.item_id, price=self.price, quantity=self.quantity, value=self.value
        )
        alone = [own] if self.item_id is not None else []
        return tuple(self._complete(item, i) for i, item in enumerate(self.items or alone))

    def _complete(self, item: EventItem, i: int) -> EventItem:
        """What is said of the whole event holds for its only item; a grade for all of them."""
        said: list[EventItem | EventIn] = [item] if len(self.items) > 1 else [item, self]
        value = next((of.value for of in said if of.value is not None), None)
        if value is None and self.event_type in _GRADED:
            value = self.value
        elif value is None:
            value = next((cost for cost in map(_cost, said) if cost is not None), None)
        place = item.position
        if place is None and self.position is not None:
            place = self.position + i
        return item.model_copy(update={"value": value, "position": place})

    def stored(self) -> dict[str, Any]:
        """What a log keeps of it: JSON values, without whose it is (that stands beside, and may change)."""
        said = self._said(*self._kept_beside)
        if self.items:
            said["items"] = [item[c.ITEM_ID] if len(item) == 1 else item for item in said["items"]]
        return said

    @classmethod
    def from_stored(cls, value: Any, user_id: str) -> Self:
        """The event that `stored` wrote, in the name of whoever it belongs to now."""
        return cls.read({**value, c.USER_ID: user_id})


def _cost(of: EventItem | EventIn) -> float | None:
    return None if of.price is None else of.price * (1.0 if of.quantity is None else of.quantity)
