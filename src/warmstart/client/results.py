"""What a service answers, as frozen values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One piece of evidence behind a score: its kind, what it added, the item it came from, words."""

    kind: str
    value: float
    item_id: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredItem:
    """One place of a list; `score` is None where the service has no opinion."""

    item_id: str
    score: float | None
    source: str = ""
    propensity: float = 1.0
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Items, best first.

    Send `request_id` with the events on it. `warnings` name signals that were missing, `model` is the
    version that answered, `next_cursor` is where the next page begins, None where there is none.

    >>> answer = Answer.read({"request_id": "r", "items": [{"item_id": "茶壶", "score": 1.0}]})
    >>> answer.item_ids, len(answer)
    (('茶壶',), 1)
    """

    request_id: str
    items: tuple[ScoredItem, ...]
    warnings: tuple[str, ...] = ()
    next_cursor: str | None = None
    took_ms: float = 0.0
    model: str = ""

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The ids alone."""
        return tuple(item.item_id for item in self.items)

    def __iter__(self) -> Iterator[ScoredItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Answer:
        """The answer in JSON values; fields that a newer service adds are left out."""
        items = tuple(_item(one) for one in said["items"])
        return known(cls, said, items=items, warnings=tuple(said.get("warnings", ())))


@dataclass(frozen=True, kw_only=True, slots=True)
class Onboarded:
    """The item to ask a stranger about next (None when enough was asked), and what fits by now."""

    ask: str | None
    answer: Answer

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Onboarded:
        """The answer in JSON values."""
        return cls(ask=said["ask"], answer=Answer.read(said))


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """How many records are durable now, and which were not taken and why.

    `numbers` are those of events, in order: by them they can be taken back.
    """

    request_id: str
    accepted: int
    skipped: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Taken:
        """The answer in JSON values."""
        lists = {name: tuple(said.get(name, ())) for name in ("skipped", "numbers")}
        return known(cls, said, **lists)


def known(cls: type[T], said: Mapping[str, Any], **read: Any) -> T:
    """A dataclass from those of the values that it has fields for."""
    names = {field.name for field in fields(cls)}  # type: ignore[arg-type]  # all of ours are dataclasses
    return cls(**{**{name: value for name, value in said.items() if name in names}, **read})


def _item(said: Mapping[str, Any]) -> ScoredItem:
    return known(ScoredItem, said, reasons=tuple(known(Reason, one) for one in said.get("reasons", ())))
