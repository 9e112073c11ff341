"""What comes back, for those who read the description; answers themselves are written without these."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

RequestId = Annotated[
    str,
    Field(description="Send it with the events on this answer: they are counted as its clicks and sales."),
]
TookMs = Annotated[float, Field(description="Milliseconds in the service.")]
Warnings = Annotated[list[str], Field(description="Signals that were missing: 'no_user', for one.")]
Model = Annotated[str, Field(description="The version that answered; empty before there is one.")]
_ITEM: Final[dict[str, Any]] = {
    "item_id": "tea-1",
    "score": 0.041,
    "source": "content",
    "propensity": 1.0,
    "reasons": [{"kind": "content", "item_id": "pot-1", "value": 0.041, "text": "like Glass teapot 1 L"}],
}
_LIST: Final[dict[str, Any]] = {
    "request_id": "recommend-0f8e7c61d2b34a5f9e0d1c2b3a495867",
    "items": [_ITEM],
    "warnings": [],
    "next_cursor": None,
    "took_ms": 2.1,
    "model": "v000001",
}


class ReasonOut(BaseModel):
    """One piece of evidence behind a score."""

    kind: Annotated[str, Field(description="The part of the score.")]
    item_id: Annotated[str, Field(description="The evidence; empty where it is no item.")]
    value: Annotated[float, Field(description="What it added to the score.")]
    text: Annotated[str, Field(description="The same in words.")]


class ItemOut(BaseModel):
    """One place of a list."""

    item_id: str
    score: Annotated[float | None, Field(description="Comparable within this answer; null for no opinion.")]
    source: Annotated[str, Field(description="What put the item there.")]
    propensity: Annotated[
        float, Field(description="How likely it was to stand here; 1 where nothing was left to chance.")
    ]
    reasons: Annotated[
        list[ReasonOut],
        Field(description="Those in favour; with 'explain' all of them: they sum to the score."),
    ]


class ListOut(BaseModel):
    """Items, best first."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LIST]})

    request_id: RequestId
    items: list[ItemOut]
    warnings: Warnings
    next_cursor: Annotated[
        str | None,
        Field(description="Send it as 'cursor' for the next page; null, or missing, where there is none."),
    ] = None
    took_ms: TookMs
    model: Model


class OnboardOut(ListOut):
    """What to ask next, and what would be recommended by now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ask": "kettle-1", **_LIST}]})

    ask: Annotated[str | None, Field(description="The item to ask about; null when enough was asked.")]
    took_ms: TookMs = 0.0
    model: Model = ""


class SuggestOut(BaseModel):
    """Completions, likeliest first."""

    request_id: str
    suggestions: list[str]
    took_ms: TookMs


class TakenOut(BaseModel):
    """What was written."""

    request_id: str
    accepted: Annotated[
        int, Field(description="How many records were taken; of a deletion, how many there were.")
    ]
    skipped: Annotated[list[str], Field(description="What was not, with its place and why; at most 100.")]
    took_ms: TookMs


class EventsOut(TakenOut):
    """What was written."""

    numbers: Annotated[
        list[int],
        Field(description="Of the events that were taken, in order: by them they can be taken back."),
    ]


class DialectOut(TakenOut):
    """What was written; `accepted` counts events."""

    items: int
    users: int
    merges: int


class MergedOut(BaseModel):
    """What changed hands, by kind."""

    request_id: str
    moved: dict[str, int]


class ForgottenOut(BaseModel):
    """What was deleted, by kind."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"request_id": "write-5d2f0c9b8a7e4f31", "deleted": {"events": 1}}]}
    )

    request_id: str
    deleted: dict[str, int]


class ExportOut(BaseModel):
    """All that is kept of a user; events are as they were sent, with `received_at` and their `number`."""

    user_id: str
    attributes: dict[str, Any]
    events: list[dict[str, Any]]
    reviews: Annotated[list[dict[str, Any]], Field(description="Of an imported shop.")] = []
    queries: Annotated[list[dict[str, Any]], Field(description="Of an imported shop.")] = []


class StatusOut(BaseModel):
    """Counts of store and model."""

    store: dict[str, dict[str, int]]
    model: dict[str, Any]
    last_refit: dict[str, Any]
    is_to_relearn: Annotated[
        bool,
        Field(
            description="Whether what is counted over all users still counts somebody who was forgotten."
        ),
    ]


class RefitOut(BaseModel):
    """What came of learning anew."""

    model_config = ConfigDict(extra="allow")

    request_id: str
    promoted: Annotated[bool, Field(description="Whether the new model answers now.")]
    why: str
    version: Annotated[str | None, Field(description="The version in force, where that is a new one.")] = (
        None
    )


class RollbackOut(BaseModel):
    """Which version answers again."""

    request_id: str
    version: str


class KeyOut(BaseModel):
    """A key without its secret."""

    key_id: str
    tenant: str
    scopes: list[str]
    name: str
    rate: float | None
    created_at: float
    expires_at: float | None


class NewKeyOut(KeyOut):
    """A key with its secret, which is told this once."""

    secret: str


class KeysOut(BaseModel):
    """The keys of a shop."""

    keys: list[KeyOut]


class ActOut(BaseModel):
    """What an administrator did."""

    number: int
    at: float
    action: str
    key_id: str | None
    tenant: str
    facts: dict[str, Any]


class AuditOut(BaseModel):
    """Acts, oldest first."""

    entries: list[ActOut]


class StateOut(BaseModel):
    """How the process stands."""

    status: str


class ReadyOut(StateOut):
    """Whether requests should come here, and what they get."""

    learning: Annotated[
        bool,
        Field(
            description="Whether a shop is learned for the first time; until it is, its lists are empty."
        ),
    ]


class ProblemField(BaseModel):
    """A field that is wrong."""

    field: str
    expected: str


class ProblemOut(BaseModel):
    """An error (RFC 9457): what was expected, what was found, what to do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Unknown id",
                    "status": 404,
                    "detail": "expected an item of the shop; found 'tea-0'. Check the id.",
                    "expected": "an item of the shop",
                    "found": "'tea-0'",
                    "todo": "Check the id.",
                    "request_id": "5d2f0c9b8a7e4f31a0c1d2e3f4a5b6c7",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    expected: str | None = None
    found: str | None = None
    todo: str | None = None
    problems: list[ProblemField] | None = None
    request_id: str | None = None


def said(model: type[BaseModel], description: str = "") -> dict[int | str, dict[str, Any]]:
    """For the decorator of a route: what comes back when all went well."""
    return {200: {"model": model, "description": description or (model.__doc__ or "").strip()}}
