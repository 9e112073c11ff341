"""An item as a shop sends it, and a change to one."""

from __future__ import annotations

import json
from typing import Any, Self

from pydantic import ConfigDict, Field

from warmstart.core import columns as c
from warmstart.data.records import Item
from warmstart.data.wire.fields import (
    Attributes,
    CreatedAt,
    Currency,
    Description,
    Id,
    Name,
    Names,
    Path,
    Picture,
    Price,
    Text,
    WireRecord,
    merged,
)

_IMAGE_URL = "image_url"


class ItemIn(WireRecord):
    """A product: `item_id`, and all that the shop can say of it; every word helps while it is new.

    `categories` run from broad to narrow, as a list or as "A > B > C". `price` is for one piece, in
    `currency`. `attributes` is a JSON object for all facts that have no field here: colour, size,
    material. Items of one `group_id` are variants of one product. `created_at` is in Unix seconds or
    ISO 8601 text. An item that is not `available` is not recommended.

    Errors: `InputError` from `read`, pydantic's `ValidationError` from the constructor.

    >>> ItemIn.read({"item_id": "7", "title": "茶壶", "categories": "厨房 > 茶具"}).to_item().categories
    ('厨房', '茶具')
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"item_id": "tea-7", "title": "龙井 green tea, 250 g"},
                {
                    "item_id": "kettle-1",
                    "title": "Enamel kettle, red",
                    "description": "Holds 1.7 litres; for gas and induction.",
                    "brand": "Acme",
                    "categories": "Kitchen > Tea > Kettles",
                    "price": 39.9,
                    "currency": "EUR",
                    "image_url": "https://shop.example/kettle-1.jpg",
                    "attributes": {"colour": "red", "litres": 1.7, "hobs": ["gas", "induction"]},
                    "tags": ["gift"],
                    "available": True,
                    "created_at": "2026-03-01",
                    "group_id": "kettle",
                },
            ]
        }
    )

    item_id: Id
    title: Text = ""
    description: Description = ""
    brand: Name = ""
    categories: Path = ()
    price: Price | None = None
    currency: Currency = ""
    image_url: Picture = ""
    attributes: Attributes = Field(default_factory=dict)
    tags: Names = ()
    available: bool = True
    created_at: CreatedAt | None = None
    group_id: Id | None = None

    def to_item(self) -> Item:
        """As the engine takes it."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name != _IMAGE_URL}
        return Item(**values, image=self.image_url)

    @classmethod
    def from_item(cls, item: Item) -> Self:
        """The item as it would be sent. Errors: `InputError` where it is beyond the limits of the wire."""
        names = [name for name in cls.model_fields if name not in (_IMAGE_URL, c.ATTRIBUTES)]
        values = {name: getattr(item, name) for name in names}
        for name in (c.PRICE, c.CREATED_AT):
            values[name] = None if values[name] is None else float(values[name])
        attributes = json.loads(json.dumps(dict(item.attributes)))
        return cls.read({**values, _IMAGE_URL: item.image, c.ATTRIBUTES: attributes})

    def stored(self) -> dict[str, Any]:
        """What a store keeps under the item's id: JSON values, only what was said."""
        return self._said()

    @classmethod
    def from_stored(cls, value: Any) -> Self:
        """The item that `stored` wrote."""
        return cls.read(value)


class ItemPatch(WireRecord):
    """A change to an item: only what is sent changes, and null clears a field.

    `attributes` are changed one by one, as RFC 7396 (JSON Merge Patch) says: a null takes that attribute
    away, what is not named stays.

    >>> kettle = ItemIn(item_id="1", title="Kettle", price=20.0, attributes={"colour": "red", "litres": 2})
    >>> patch = ItemPatch.read({"price": 15.0, "attributes": {"colour": None}, "title": None})
    >>> patch.applied_to(kettle).stored()
    {'item_id': '1', 'price': 15.0, 'attributes': {'litres': 2}}
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"price": 35.0},
                {"available": False},
                {"title": "Enamel kettle", "attributes": {"colour": None, "litres": 1.5}},
            ]
        }
    )

    title: Text | None = None
    description: Description | None = None
    brand: Name | None = None
    categories: Path | None = None
    price: Price | None = None
    currency: Currency | None = None
    image_url: Picture | None = None
    attributes: Attributes | None = None
    tags: Names | None = None
    available: bool | None = None
    created_at: CreatedAt | None = None
    group_id: Id | None = None

    @classmethod
    def of(cls, item: ItemIn) -> Self:
        """The change that `item` makes where it says only what has changed: to the fields it was given."""
        return cls.read({name: getattr(item, name) for name in item.model_fields_set - {c.ITEM_ID}})

    def applied_to(self, item: ItemIn) -> ItemIn:
        """The item after the change. Errors: `InputError` when its attributes grow beyond the limit."""
        values = item.stored()
        for name in self.model_fields_set:
            value = getattr(self, name)
            if name == c.ATTRIBUTES and value is not None:
                value = merged(item.attributes, value)
            values[name] = value
        return ItemIn.read({name: value for name, value in values.items() if value is not None})
