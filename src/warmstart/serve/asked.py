"""What can be asked of a shop over HTTP, as it comes in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from warmstart.data.wire.events import EventIn
from warmstart.data.wire.fields import Amount, Attributes, Id, JsonObject
from warmstart.engine.boosting import LARGEST

MOST_ASKED = 200
Filters = Annotated[
    Attributes,
    Field(
        default_factory=dict,
        max_length=20,
        description="By field: a value, several, or bounds: {'lte': 50}, {'not': ['red']}.",
        examples=[{"brand": ["HP", "Dell"], "price": {"lte": 900}}],
    ),
]
N = Annotated[int, Field(ge=1, le=MOST_ASKED, description="How many items.")]
Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(max_length=2_000, description="What somebody says or types.")]
Ids = Annotated[list[Id], Field(max_length=1_000)]
Excluded = Annotated[list[Id], Field(max_length=1_000, description="Items to leave out.")]
User = Annotated[Id | None, Field(description="Who asks; unknown ids are strangers.")]
Visitor = Annotated[Id | None, Field(description="Who asks, while not logged in.")]
Scene = Annotated[
    JsonObject,
    Field(max_length=50, description="The scene: device, place, weather, whatever events had."),
]
Evidence = Annotated[
    list[EventIn], Field(max_length=200, description="Further evidence, for this answer alone.")
]
OneItem = Annotated[Id, Field(description="The item that is asked about.")]
Hidden = Annotated[
    list[Literal["owned", "in_cart"]],
    Field(description="Leave out what the user bought, or has in the cart. What is sold out never comes."),
]


class Asked(BaseModel):
    """What every question knows; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BoostIn(Asked):
    """Raise what passes `filter` by `weight` standard deviations of the scores; below 0 it sinks."""

    filter: Filters
    weight: Annotated[float, Field(ge=-LARGEST, le=LARGEST)]


class Listed(Asked):
    """A question whose answer is a list that has pages."""

    n: N = 10
    filter: Filters
    exclude: Excluded = []
    cursor: Annotated[str, Field(max_length=100_000, description="'next_cursor' of the page before.")] = ""


class Personal(Listed):
    """A question of somebody: a user, a visitor, or the events of a session that is not kept."""

    user_id: User = None
    visitor_id: Visitor = None
    events: Evidence = []
    boost: Annotated[
        list[BoostIn], Field(max_length=20, description="What to raise, and what to sink.")
    ] = []
    hide: Hidden = []
    explain: Annotated[bool, Field(description="All reasons, which sum to the score.")] = False

    @property
    def who(self) -> str | None:
        """The user, else the visitor."""
        return self.user_id or self.visitor_id


class SearchIn(Personal):
    """Words, and who says them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"query": "green tea", "n": 5},
                {"query": "降噪耳机", "user_id": "ann", "filter": {"price": {"lte": 900}}},
            ]
        }
    )

    query: Annotated[
        str,
        Field(
            min_length=1, max_length=2_000, pattern=r"\S", description="What was typed, in any language."
        ),
    ]
    sentence: Annotated[bool, Field(description="Obey refusals and prices in the words.")] = False


class RecommendIn(Personal):
    """Who is here, and what is known of the moment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"user_id": "ann", "n": 5},
                {"visitor_id": "v-81", "explore": 0.1, "context": {"device": "phone"}},
                {"text": "gift for a father, under 50"},
            ]
        }
    )

    text: Words = ""
    context: Scene = {}
    diversity: Annotated[Share | None, Field(description="How unlike each other the items are to be.")] = (
        None
    )
    explore: Annotated[Share | None, Field(description="Share of places for new and thin items.")] = None
    interests: Annotated[bool, Field(description="Serve each interest of the history.")] = False


class ItemAsked(Listed):
    """One item to start from."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item_id": "tea-7", "n": 5}]})

    item_id: OneItem


class SimilarIn(ItemAsked):
    """One item to start from, and how unlike each other the answers are to be."""

    diversity: Annotated[Share, Field(description="How unlike each other the items are to be.")] = 0.0


class CartIn(Listed):
    """What lies in a cart."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item_ids": ["tea-7", "kettle-1"], "n": 5}]})

    item_ids: Annotated[list[Id], Field(min_length=1, max_length=200, description="What lies in the cart.")]


class TrendingIn(Listed):
    """Nothing need be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"n": 5}]})


class RankIn(Asked):
    """Items to bring into order for somebody or for some words."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"item_ids": ["tea-7", "kettle-1"], "user_id": "ann"}]}
    )

    item_ids: Annotated[
        list[Id], Field(min_length=1, max_length=1_000, description="Items to bring into order.")
    ]
    user_id: User = None
    visitor_id: Visitor = None
    query: Words = ""
    events: Evidence = []
    context: Scene = {}


class SuggestIn(Asked):
    """The beginning of what somebody types."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"prefix": "green t"}]})

    prefix: Annotated[str, Field(max_length=200, description="The beginning.")]
    n: Annotated[int, Field(ge=1, le=50, description="How many.")] = 8


class AnswerIn(Asked):
    """What somebody said about an item: a rating, 1 for interesting, 0 for not, null for unknown."""

    item_id: Id
    value: Amount | None = None


class OnboardIn(Asked):
    """What was answered so far."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{}, {"answers": [{"item_id": "tea-7", "value": 1}]}]}
    )

    answers: Annotated[list[AnswerIn], Field(max_length=50, description="What was said so far.")] = []
    n: N = 10
    most: Annotated[int, Field(ge=1, le=50, description="Ask no more than this.")] = 5


class ExplainIn(Asked):
    """An item, and the question that it answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item_id": "tea-7", "user_id": "ann"}]})

    item_id: OneItem
    user_id: User = None
    visitor_id: Visitor = None
    query: Words = ""
    events: Evidence = []
    context: Scene = {}


class MergeIn(Asked):
    """Who turned out to be whom."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"visitor_id": "v-81", "user_id": "ann"}]})

    visitor_id: Annotated[Id, Field(description="Who they were.")]
    user_id: Annotated[Id, Field(description="Who they are.")]


class RefitIn(Asked):
    """Whether a new model counts even where it is not better."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"force": True}]})

    force: Annotated[bool, Field(description="Take the new model without a verdict.")] = False


class KeyIn(Asked):
    """What a new key may do."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "web shop", "scopes": ["read"]}]})

    name: Annotated[str, Field(max_length=200, description="For you to know it by.")] = ""
    scopes: Annotated[
        list[Literal["read", "write", "admin"]], Field(min_length=1, description="What it may do.")
    ] = ["read"]
    rate: Annotated[float | None, Field(gt=0, description="Requests a second.")] = None
    expires_at: Annotated[float | None, Field(description="Unix seconds after which it ends.")] = None
