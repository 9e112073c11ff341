"""Every column name, once. Use these constants; never spell a column in a string elsewhere."""

from __future__ import annotations

from typing import Final

ITEM_ID: Final = "item_id"
USER_ID: Final = "user_id"
VISITOR_ID: Final = "visitor_id"
SESSION_ID: Final = "session_id"

TITLE: Final = "title"
DESCRIPTION: Final = "description"
BRAND: Final = "brand"
CATEGORIES: Final = "categories"
PRICE: Final = "price"
CURRENCY: Final = "currency"
IMAGE: Final = "image"
ATTRIBUTES: Final = "attributes"
TAGS: Final = "tags"
AVAILABLE: Final = "available"
CREATED_AT: Final = "created_at"
GROUP_ID: Final = "group_id"

EVENT_TYPE: Final = "event_type"
TIMESTAMP: Final = "timestamp"
POSITION: Final = "position"
VALUE: Final = "value"
QUERY: Final = "query"
CONTEXT: Final = "context"

TEXT: Final = "text"
RATING: Final = "rating"
GRADE: Final = "grade"
LABEL: Final = "label"
SPLIT: Final = "split"

HEAD: Final = "head"
RELATION: Final = "relation"
TAIL: Final = "tail"
ENTITY: Final = "entity"
