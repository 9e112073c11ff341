"""What readers of dialects are made of: facts, and a collector that says what it could not use."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from warmstart.core.errors import InputError
from warmstart.data.reader.aliases import EVENT_TYPES as OTHER_WORDS
from warmstart.data.reader.aliases import fold
from warmstart.data.schema import EVENT_TYPES
from warmstart.data.wire.events import EventIn
from warmstart.data.wire.items import ItemIn
from warmstart.data.wire.records import UserIn

_MOST_SCALARS: Final = 50
_LONGEST_SCALAR: Final = 200
_HUGE: Final = 2**64
_MOST_PLACES: Final = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a payload says, in our words.

    `merges` are pairs of a visitor and the user they turned out to be. `skipped` names each part that
    could not be used, with the place and the reason.
    """

    events: tuple[EventIn, ...] = ()
    items: tuple[ItemIn, ...] = ()
    users: tuple[UserIn, ...] = ()
    merges: tuple[tuple[str, str], ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How another system's payloads are read.

    `event_types` says what its names of events are called here, `unused` why others of its names say
    nothing about an item. With `free_names` shops choose names themselves: ours and common words for them
    are understood as well. Where `items_are_changes`, what a payload says of an item changes the item
    (`ItemPatch.of`); elsewhere it is the whole item.
    """

    name: str
    title: str
    spec: str
    event_types: Mapping[str, str]
    read_value: Callable[[Collector, Any, str], None]
    unused: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    free_names: bool = False
    items_are_changes: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a value that is there and cannot be read; false, like one that is missing."""

    why: str

    def __bool__(self) -> bool:
        return False


class Collector:
    """Gathers facts while a payload is read; what cannot be used goes into `skipped` with its reason."""

    def __init__(self, dialect: Dialect) -> None:
        self._types = {fold(name): kind for name, kind in dialect.event_types.items()}
        self._unused = {fold(name): why for name, why in dialect.unused.items()}
        if dialect.free_names:
            self._types = OTHER_WORDS | {fold(name): name for name in EVENT_TYPES} | self._types
        self._events: list[EventIn] = []
        self._items: list[ItemIn] = []
        self._users: list[UserIn] = []
        self._merges: list[tuple[str, str]] = []
        self._skipped: list[str] = []
        self.queries: dict[str, str] = {}

    def facts(self) -> Facts:
        """All that was gathered."""
        return Facts(
            events=tuple(self._events),
            items=tuple(self._items),
            users=tuple(self._users),
            merges=tuple(dict.fromkeys(self._merges)),
            skipped=tuple(self._skipped),
        )

    def event_type(self, name: Any, place: str) -> str | None:
        """Our word for one of theirs; None, and a line in `skipped`, when there is none."""
        known = self._types.get(fold(name)) if isinstance(name, str) else None
        if known is None:
            why = self._unused.get(fold(name)) if isinstance(name, str) else None
            shown = reprlib.repr(name) if isinstance(name, str) else "without a name"
            self.skip(place, f"event {shown}: {why or 'no meaning here'}")
        return known

    def skip(self, place: str, why: str) -> None:
        """Say that a part was not used, and why."""
        self._skipped.append(f"{place}: {why}")

    def event(self, place: str, /, **fields: Any) -> None:
        """Take an event; fields that are None or empty are left out."""
        self._keep(EventIn, self._events, place, fields)

    def item(self, place: str, /, **fields: Any) -> None:
        """Take an item."""
        self._keep(ItemIn, self._items, place, fields)

    def user(self, place: str, /, **fields: Any) -> None:
        """Take what is known of a user."""
        self._keep(UserIn, self._users, place, fields)

    def merge(self, place: str, visitor_id: Any, user_id: Any) -> None:
        """Take that a visitor turned out to be a user."""
        one, other = to_id(visitor_id), to_id(user_id)
        if not one or not other or one == other:
            self.skip(place, "a merge needs two different ids")
            return
        try:
            both = tuple(UserIn.read({"user_id": name}).user_id for name in (one, other))
        except InputError as error:
            self.skip(place, str(error))
            return
        self._merges.append((both[0], both[1]))

    def each(self, values: Any, place: str) -> Iterator[tuple[dict[str, Any], str]]:
        """The objects of a list with their places; says so when there is something else."""
        if values is not None and not isinstance(values, list):
            self.skip(place, "not a list")
        return each(values, place)

    def _keep(self, model: Any, kept: list[Any], place: str, fields: Mapping[str, Any]) -> None:
        try:
            kept.append(model.read(self._readable(place, fields)))
        except InputError as error:
            self.skip(place, str(error))

    def _readable(self, place: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that say something; names those that could not be read."""
        found = {}
        for name, value in fields.items():
            if isinstance(value, Unreadable):
                self.skip(place, f"{name} is {value.why}, and left out")
            elif name == "items" and isinstance(value, list):
                found[name] = [self._item_of_event(place, item) for item in value]
            elif value is not None and value not in ("", {}, []):
                found[name] = value
        return found

    def _item_of_event(self, place: str, item: Any) -> Any:
        return self._readable(f"{place}.items", item) if isinstance(item, dict) else item


def to_object(value: Any) -> dict[str, Any]:
    """The value, if it is a JSON object; else an empty one."""
    return {k: v for k, v in value.items() if isinstance(k, str)} if isinstance(value, dict) else {}


def to_list(value: Any) -> list[Any]:
    """The value, if it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def to_id(value: Any) -> Any:
    """An id as text (whole numbers are ids elsewhere), None when there is none, else `Unreadable`."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _HUGE:
        return str(value)
    return value if isinstance(value, str) else Unreadable("neither text nor a whole number")


def to_text(value: Any) -> str | None:
    """Text that says something."""
    return value if isinstance(value, str) and value.strip() else None


def to_number(value: Any) -> Any:
    """A finite number, also from text such as "9.90"; None when there is none, else `Unreadable`."""
    if value is None or value == "":
        return None
    number = _to_float(value)
    return Unreadable("not a number") if number is None else number


def _to_float(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def to_position(value: Any, first: int) -> Any:
    """A place in a list, 0 for the first; `first` is how the other system counts."""
    number = to_number(value)
    if not isinstance(number, float):
        return number
    return int(number) - first if first <= number < _MOST_PLACES else Unreadable("no place in a list")


def to_moment(value: Any, per_second: float = 1.0) -> Any:
    """A time for `EventIn`: numbers, also in text, are divided by `per_second`; other text stays."""
    number = _to_float(value)
    return value if number is None else number / per_second


def scalars(values: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """Short texts, numbers and truth values: the rest of an event that is worth keeping."""
    kept = {k: v for k, v in values.items() if k not in without and _is_scalar(k, v)}
    return dict(list(kept.items())[:_MOST_SCALARS])


def _is_scalar(name: str, value: Any) -> bool:
    short = len(name) <= _LONGEST_SCALAR
    if isinstance(value, str):
        return short and len(value) <= _LONGEST_SCALAR
    if isinstance(value, bool):
        return short
    return short and isinstance(value, int | float) and math.isfinite(value) and abs(value) < 2**63


def thing(item_id: Any, **said: Any) -> dict[str, Any]:
    """One item of an event, with what is said of it."""
    return {"item_id": item_id, **{name: value for name, value in said.items() if value is not None}}


def each(values: Any, place: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of a list with their places, such as `events.3`."""
    for i, value in enumerate(to_list(values)):
        yield to_object(value), f"{place}.{i}"
