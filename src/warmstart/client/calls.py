"""What can be asked, as values: the same for both clients, and nothing is sent here."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypedDict, TypeVar
from urllib.parse import quote, urlencode

from warmstart.client.results import Answer, Onboarded, Taken
from warmstart.core import columns as c

T = TypeVar("T")
JsonObject = Mapping[str, Any]
Records = JsonObject | Sequence[JsonObject]
_JSON: Final = {"Content-Type": "application/json"}


class ListAsked(TypedDict, total=False):
    """What lists know: how many, which pass, which are left out, where the page begins."""

    n: int
    filter: JsonObject
    exclude: Sequence[str]
    cursor: str


class PersonalAsked(ListAsked, total=False):
    """Who asks, with what evidence, and what the shop wants raised or left out."""

    user_id: str | None
    visitor_id: str | None
    events: Sequence[JsonObject]
    boost: Sequence[JsonObject]
    hide: Sequence[str]
    explain: bool


class SearchAsked(PersonalAsked, total=False):
    """`sentence`: obey refusals and prices in the words."""

    sentence: bool


class RecommendAsked(PersonalAsked, total=False):
    """What is known of the moment; `diversity` and `explore` are shares from 0 to 1."""

    text: str
    context: JsonObject
    diversity: float | None
    explore: float | None
    interests: bool


class SimilarAsked(ListAsked, total=False):
    """`diversity`: how unlike each other the items are to be, 0 to 1."""

    diversity: float


class RankAsked(TypedDict, total=False):
    """For whom or for which words."""

    user_id: str | None
    visitor_id: str | None
    query: str
    events: Sequence[JsonObject]
    context: JsonObject


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """One request, and how to read its answer. Sent again it does nothing twice."""

    method: str
    path: str
    read: Callable[[Any], T]
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def _post(path: str, said: Any, read: Callable[[Any], T], **headers: str) -> Call[T]:
    body = json.dumps(said, ensure_ascii=False, allow_nan=False).encode()
    return Call(method="POST", path=path, read=read, body=body, headers={**_JSON, **headers})


def search(query: str, asked: SearchAsked) -> Call[Answer]:
    """Items for some words."""
    return _post("/v1/search", {"query": query, **asked}, Answer.read)


def recommend(asked: RecommendAsked) -> Call[Answer]:
    """Items for somebody."""
    return _post("/v1/recommend", asked, Answer.read)


def similar(item_id: str, asked: SimilarAsked) -> Call[Answer]:
    """Items like one item."""
    return _post("/v1/similar", {c.ITEM_ID: item_id, **asked}, Answer.read)


def complement(item_id: str, asked: ListAsked) -> Call[Answer]:
    """Items that go with one item."""
    return _post("/v1/complement", {c.ITEM_ID: item_id, **asked}, Answer.read)


def cart(item_ids: Sequence[str], asked: ListAsked) -> Call[Answer]:
    """Items that go with a cart."""
    return _post("/v1/cart", {"item_ids": list(item_ids), **asked}, Answer.read)


def trending(asked: ListAsked) -> Call[Answer]:
    """Items much was done with lately."""
    return _post("/v1/trending", asked, Answer.read)


def rank(item_ids: Sequence[str], asked: RankAsked) -> Call[Answer]:
    """These items in order."""
    return _post("/v1/rank", {"item_ids": list(item_ids), **asked}, Answer.read)


def explain(item_id: str, asked: RankAsked) -> Call[Answer]:
    """Why an item has its score."""
    return _post("/v1/explain", {c.ITEM_ID: item_id, **asked}, Answer.read)


def suggest(prefix: str, n: int) -> Call[tuple[str, ...]]:
    """Completions."""
    return _post("/v1/suggest", {"prefix": prefix, "n": n}, lambda said: tuple(said["suggestions"]))


def onboard(answers: Mapping[str, float | None], n: int, most: int) -> Call[Onboarded]:
    """What to ask a stranger next."""
    told = [{c.ITEM_ID: item_id, c.VALUE: value} for item_id, value in answers.items()]
    return _post("/v1/onboard", {"answers": told, "n": n, "most": most}, Onboarded.read)


def add_items(items: Records, *, lenient: bool) -> Call[Taken]:
    """Items over those of the same ids."""
    return _post(_lenient("/v1/items", lenient), _listed(items), Taken.read)


def item(item_id: str) -> Call[dict[str, Any]]:
    """An item as it was written."""
    return Call(method="GET", path=f"/v1/items/{_segment(item_id)}", read=dict)


def change_item(item_id: str, changes: JsonObject) -> Call[dict[str, Any]]:
    """Some facts of an item."""
    body = json.dumps(dict(changes), ensure_ascii=False, allow_nan=False).encode()
    path = f"/v1/items/{_segment(item_id)}"
    return Call(method="PATCH", path=path, read=dict, body=body, headers=_JSON)


def delete_item(item_id: str) -> Call[Taken]:
    """Show an item no more."""
    return Call(method="DELETE", path=f"/v1/items/{_segment(item_id)}", read=Taken.read)


def add_users(users: Records, *, lenient: bool) -> Call[Taken]:
    """Attributes of users."""
    return _post(_lenient("/v1/users", lenient), _listed(users), Taken.read)


def observe(events: Records, *, key: str, lenient: bool) -> Call[Taken]:
    """What users did; sent again with the same key it is written once."""
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    return _post(_lenient("/v1/events", lenient), _listed(events), Taken.read, **headers)


def take_back(user_id: str, number: int) -> Call[int]:
    """Undo one event of a user."""
    path = f"/v1/events/{number}?{urlencode({c.USER_ID: user_id})}"
    return Call(method="DELETE", path=path, read=lambda said: int(said["deleted"].get("events", 0)))


def merge(visitor_id: str, user_id: str) -> Call[dict[str, int]]:
    """A visitor turned out to be a user."""
    return _post(
        "/v1/users/merge", {"visitor_id": visitor_id, c.USER_ID: user_id}, lambda s: dict(s["moved"])
    )


def export(user_id: str) -> Call[dict[str, Any]]:
    """All that is kept of a user."""
    return Call(method="GET", path=f"/v1/users/{_segment(user_id)}/export", read=dict)


def forget(user_id: str) -> Call[dict[str, int]]:
    """Forget a user."""
    path = f"/v1/users/{_segment(user_id)}"
    return Call(method="DELETE", path=path, read=lambda said: dict(said["deleted"]))


def _lenient(path: str, lenient: bool) -> str:
    return f"{path}?lenient=true" if lenient else path


def _listed(records: Records) -> list[JsonObject]:
    return [records] if isinstance(records, Mapping) else list(records)


def _segment(name: str) -> str:
    """An id as one segment of a path, whatever is in it."""
    return quote(name, safe="")
