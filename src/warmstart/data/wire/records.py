"""Records as they come in: `EventIn`, `ItemIn`, `ItemPatch`, `UserIn`; `parse_records` reads many."""

from __future__ import annotations

from typing import Any, Self

from pydantic import ConfigDict, Field

from warmstart.data.wire.events import EventIn, EventItem
from warmstart.data.wire.fields import Attributes, Id, WireRecord
from warmstart.data.wire.items import ItemIn, ItemPatch
from warmstart.data.wire.parsing import parse_records
from warmstart.data.wire.problems import Problem

__all__ = ["EventIn", "EventItem", "ItemIn", "ItemPatch", "Problem", "UserIn", "parse_records"]


class UserIn(WireRecord):
    """What a shop knows of a customer besides what they did: `attributes`, a JSON object.

    Send what recommendations may learn from (city, size, membership), not names and addresses.

    >>> UserIn.read({"user_id": "ann", "attributes": {"city": "上海"}}).attributes
    {'city': '上海'}
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"user_id": "ann", "attributes": {"city": "上海", "shoe_size": 38}}]
        }
    )

    user_id: Id
    attributes: Attributes = Field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """What a store keeps under the user's id: their attributes."""
        return dict(self.attributes)

    @classmethod
    def from_stored(cls, value: Any, user_id: str) -> Self:
        """The user whose attributes `stored` wrote."""
        return cls.read({"user_id": user_id, "attributes": value})
