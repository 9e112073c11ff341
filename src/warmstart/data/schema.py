"""The tables of a shop and the types of their columns."""

from __future__ import annotations

from typing import Final

import polars as pl

from warmstart.core import columns as c

ITEMS: Final[dict[str, pl.DataType]] = {
    c.ITEM_ID: pl.String(),
    c.TITLE: pl.String(),
    c.DESCRIPTION: pl.String(),
    c.BRAND: pl.String(),
    c.CATEGORIES: pl.List(pl.String()),
    c.PRICE: pl.Float64(),
    c.CURRENCY: pl.String(),
    c.IMAGE: pl.String(),
    c.ATTRIBUTES: pl.String(),
    c.TAGS: pl.List(pl.String()),
    c.AVAILABLE: pl.Boolean(),
    c.CREATED_AT: pl.Float64(),
    c.GROUP_ID: pl.String(),
}
"""`categories` run from broad to narrow; `attributes` is a JSON object; times are Unix seconds, UTC."""

EVENTS: Final[dict[str, pl.DataType]] = {
    c.USER_ID: pl.String(),
    c.ITEM_ID: pl.String(),
    c.EVENT_TYPE: pl.String(),
    c.TIMESTAMP: pl.Float64(),
    c.POSITION: pl.Int64(),
    c.VALUE: pl.Float64(),
    c.SESSION_ID: pl.String(),
    c.QUERY: pl.String(),
    c.CONTEXT: pl.String(),
}
"""`item_id` is null for a pure search; `context` is a JSON object; `position` orders one user's events."""

USERS: Final[dict[str, pl.DataType]] = {c.USER_ID: pl.String(), c.ATTRIBUTES: pl.String()}
REVIEWS: Final[dict[str, pl.DataType]] = {
    c.ITEM_ID: pl.String(),
    c.USER_ID: pl.String(),
    c.TEXT: pl.String(),
    c.RATING: pl.Float64(),
    c.TIMESTAMP: pl.Float64(),
}
WITHHELD: Final[dict[str, pl.DataType]] = {
    c.USER_ID: pl.String(),
    c.ITEM_ID: pl.String(),
    c.VALUE: pl.Float64(),
    c.TIMESTAMP: pl.Float64(),
    c.SPLIT: pl.String(),
}
"""Ratings kept back for a test that the shop itself has cut; nothing is ever fitted on them."""
QUERIES: Final[dict[str, pl.DataType]] = {c.QUERY: pl.String(), c.USER_ID: pl.String()}
JUDGMENTS: Final[dict[str, pl.DataType]] = {
    c.QUERY: pl.String(),
    c.ITEM_ID: pl.String(),
    c.GRADE: pl.Float64(),
}
GRAPH: Final[dict[str, pl.DataType]] = {
    c.HEAD: pl.String(),
    c.RELATION: pl.String(),
    c.TAIL: pl.String(),
}
GRAPH_LINKS: Final[dict[str, pl.DataType]] = {c.ITEM_ID: pl.String(), c.ENTITY: pl.String()}
LABELS: Final[dict[str, pl.DataType]] = {
    c.TEXT: pl.String(),
    c.LABEL: pl.String(),
    c.SPLIT: pl.String(),
}
UNLABELLED: Final[dict[str, pl.DataType]] = {c.TEXT: pl.String()}
"""Texts of the same kind as those of LABELS, which nobody labelled."""

TABLES: Final[dict[str, dict[str, pl.DataType]]] = {
    "items": ITEMS,
    "events": EVENTS,
    "users": USERS,
    "reviews": REVIEWS,
    "queries": QUERIES,
    "judgments": JUDGMENTS,
    "graph": GRAPH,
    "graph_links": GRAPH_LINKS,
    "labels": LABELS,
    "unlabelled": UNLABELLED,
    "withheld": WITHHELD,
}

REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "items": (c.ITEM_ID,),
    "events": (c.USER_ID,),
    "users": (c.USER_ID,),
    "reviews": (c.ITEM_ID, c.TEXT),
    "queries": (c.QUERY,),
    "judgments": (c.QUERY, c.ITEM_ID, c.GRADE),
    "graph": (c.HEAD, c.RELATION, c.TAIL),
    "graph_links": (c.ITEM_ID, c.ENTITY),
    "labels": (c.TEXT, c.LABEL),
    "unlabelled": (c.TEXT,),
    "withheld": (c.USER_ID, c.ITEM_ID),
}
"""Columns without which a row means nothing; rows that lack one are dropped and listed."""

EVENT_TYPES: Final[tuple[str, ...]] = (
    "interaction",
    "impression",
    "view",
    "click",
    "search",
    "add_to_cart",
    "remove_from_cart",
    "purchase",
    "rate",
    "review",
    "like",
    "dislike",
    "wishlist",
    "return",
    "coupon_view",
    "coupon_use",
    "ad_impression",
    "ad_click",
)


def empty_table(name: str) -> pl.DataFrame:
    """A table with the right columns and no rows."""
    return pl.DataFrame(schema=TABLES[name])
