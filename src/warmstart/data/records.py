"""One item and one event, as values. Tables of many live in `Dataset`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import Any, Self

import polars as pl

from warmstart.core.errors import InputError
from warmstart.data.schema import EVENT_TYPES, EVENTS, ITEMS, USERS


def _known_fields(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(cls)}
    unknown = sorted(set(values) - names)
    if unknown:
        raise InputError(
            expected=f"fields of {cls.__name__}: {', '.join(sorted(names))}",
            found=f"unknown {', '.join(unknown)}",
            todo="Rename them, or put extra facts into 'attributes' (items) or 'context' (events).",
        )
    return {name: value for name, value in values.items() if value is not None}


def _check_id(kind: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InputError(
            expected=f"a non-empty string as {kind}", found=repr(value), todo="Give every record an id."
        )


def _check_numbers(record: object, *names: str) -> None:
    for name in names:
        value = getattr(record, name)
        if value is not None and not isinstance(value, Real):
            raise InputError(
                expected=f"a number as {name}, or none",
                found=repr(value),
                todo="Convert it first, or read files with read_shop, which does.",
            )


def _check_json(name: str, values: Mapping[str, Any]) -> None:
    if not values:
        return
    try:
        json.dumps(dict(values))
    except (TypeError, ValueError) as error:
        raise InputError(
            expected=f"{name} that JSON can hold", found=str(error), todo="Turn other values into text."
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A product as the shop knows it. Only `item_id` is needed; every word of text helps."""

    item_id: str
    title: str = ""
    description: str = ""
    brand: str = ""
    categories: tuple[str, ...] = ()
    price: float | None = None
    currency: str = ""
    image: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    available: bool = True
    created_at: float | None = None
    group_id: str | None = None

    def __post_init__(self) -> None:
        _check_id("item_id", self.item_id)
        _check_numbers(self, "price", "created_at")
        _check_json("attributes", self.attributes)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values (JSON); unknown fields are an `InputError`."""
        known = _known_fields(cls, values)
        for name in ("categories", "tags"):
            if name in known:
                value = known[name]
                parts = value.split(" > ") if isinstance(value, str) else value
                known[name] = tuple(str(part) for part in parts)
        return cls(**known)


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One user doing one thing, to one item or with one query, at one time."""

    user_id: str
    item_id: str | None = None
    event_type: str = "interaction"
    timestamp: float | None = None
    position: int | None = None
    value: float | None = None
    session_id: str | None = None
    query: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_id("user_id", self.user_id)
        if self.item_id is not None:
            _check_id("item_id", self.item_id)
        _check_numbers(self, "timestamp", "position", "value")
        _check_json("context", self.context)
        if self.event_type not in EVENT_TYPES:
            raise InputError(
                expected=f"an event_type among {', '.join(EVENT_TYPES)}",
                found=repr(self.event_type),
                todo="Map your event names to these before sending them.",
            )
        if self.item_id is None and not self.query:
            raise InputError(
                expected="an item_id or a query", found="an event with neither", todo="Add one of them."
            )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values (JSON); unknown fields are an `InputError`."""
        return cls(**_known_fields(cls, values))


def items_frame(items: Iterable[Item]) -> pl.DataFrame:
    """Items as a table with the columns of `schema.ITEMS`."""
    return _frame(items, ITEMS, json_columns=("attributes",))


def events_frame(events: Iterable[Event]) -> pl.DataFrame:
    """Events as a table with the columns of `schema.EVENTS`."""
    return _frame(events, EVENTS, json_columns=("context",))


def profiles_frame(profiles: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """Attributes of users, by user_id, as a table with the columns of `schema.USERS`."""
    for user_id, attributes in profiles.items():
        _check_id("user_id", user_id)
        _check_json("attributes", attributes)
    texts = [
        json.dumps(dict(said), ensure_ascii=False, sort_keys=True) if said else None
        for said in profiles.values()
    ]
    return pl.DataFrame(dict(zip(USERS, (list(profiles), texts), strict=True)), schema=USERS)


def _frame(
    records: Iterable[Item] | Iterable[Event],
    schema: dict[str, pl.DataType],
    json_columns: tuple[str, ...],
) -> pl.DataFrame:
    rows = [{name: _plain(getattr(record, name)) for name in schema} for record in records]
    for row in rows:
        for name in json_columns:
            row[name] = json.dumps(row[name], ensure_ascii=False, sort_keys=True) if row[name] else None
    return pl.DataFrame(rows, schema=schema, strict=False)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def item_from_row(row: Mapping[str, Any]) -> Item:
    """One row of an items table as an `Item`."""
    values: dict[str, Any] = {name: row.get(name) for name in ITEMS if row.get(name) is not None}
    if "attributes" in values:
        values["attributes"] = json.loads(values["attributes"])
    return Item.from_dict(values)


def event_from_row(row: Mapping[str, Any]) -> Event:
    """One row of an events table as an `Event`."""
    values = {name: value for name, value in row.items() if value is not None}
    if "context" in values:
        values["context"] = json.loads(values["context"])
    return Event(**values)
