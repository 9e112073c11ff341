"""Names that other shops and data sets use for the same files and columns.

Names are compared folded: lower case, without anything but letters and digits, and without RecBole's
`:token`. So `ProductID`, `product-id` and `product_id:token` are one name. The order within a tuple is
the order of preference where a file has several; for a required column several are an error instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from warmstart.core import columns as c

_TYPE_SUFFIX = re.compile(r":(token|float)(_seq)?$")
_SEPARATORS = re.compile(r"[\W_]+")


def fold(name: str) -> str:
    """The form in which names are compared.

    >>> fold("Product-ID:token"), fold("unixReviewTime"), fold("商品 ID")
    ('productid', 'unixreviewtime', '商品id')
    """
    return _SEPARATORS.sub("", _TYPE_SUFFIX.sub("", name.strip()).casefold())


FILES: Final[dict[str, tuple[str, ...]]] = {
    "items": (
        "item",
        "products",
        "product",
        "catalog",
        "catalogue",
        "articles",
        "goods",
        "movies",
        "books",
        "meta",
        "metadata",
        "商品",
    ),
    "events": (
        "event",
        "interactions",
        "interaction",
        "inter",
        "behavior",
        "behaviour",
        "user_behavior",
        "log",
        "行为",
        "clicks",
        "views",
        "likes",
        "orders",
        "purchases",
        "transactions",
        "ratings",
    ),
    "users": ("user", "customers", "customer", "households", "demographics", "members", "用户"),
    "reviews": ("review", "comments", "评论"),
    "queries": ("query", "searches", "搜索词"),
    "judgments": ("judgements", "judgment", "judgement", "qrels", "relevance"),
    "graph": ("kg", "triples", "kg_triples", "knowledge_graph"),
    "graph_links": ("link", "links", "item_links", "kg_links", "kg_item_links", "item_entities"),
    "labels": ("label", "intents", "labelled", "labeled"),
    "unlabelled": ("unlabeled", "unlabelled_texts", "unlabeled_texts"),
    "withheld": ("new_users", "new_items", "new_users_new_items"),
}
"""Other names of the files, without suffix."""

EVENT_FILES: Final[dict[str, str]] = {
    "clicks": "click",
    "views": "view",
    "likes": "like",
    "orders": "purchase",
    "purchases": "purchase",
    "transactions": "purchase",
    "ratings": "rate",
}
"""Files whose name says what kind of event they hold; several of them together make up the events."""

SPLIT_FILES: Final[tuple[str, ...]] = ("train", "dev", "val", "valid", "validation", "test")
"""Files of labelled texts whose name is their split."""

WITHHELD_FILES: Final[dict[str, str]] = {
    "new_users": "new users",
    "new_items": "new items",
    "new_users_new_items": "both",
}
"""Files of withheld ratings whose name is their split; several of them are read together."""

_USER: Final = (
    "user",
    "uid",
    "customer_id",
    "customer",
    "household_id",
    "household_key",
    "member_id",
    "account_id",
    "buyer_id",
    "shopper_id",
    "reviewer_id",
    "用户id",
    "用户编号",
    "用户",
)
_ITEM: Final = (
    "item",
    "iid",
    "product_id",
    "product",
    "docid",
    "asin",
    "parent_asin",
    "sku",
    "sku_id",
    "goods_id",
    "article_id",
    "movie_id",
    "book_id",
    "商品id",
    "商品编号",
    "商品",
)
_TIME: Final = (
    "event_time",
    "time",
    "ts",
    "datetime",
    "unix_review_time",
    "transaction_timestamp",
    "occurred_at",
    "created_at",
    "created",
    "date",
    "review_time",
    "时间",
    "时间戳",
)
_TEXT: Final = ("sentence", "utterance", "question", "文本")
_RATING: Final = ("rating", "ratings", "stars", "star_rating", "overall", "score", "评分")

COLUMNS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "items": {
        c.ITEM_ID: (*_ITEM, "id"),
        c.TITLE: (
            "name",
            "product_title",
            "product_name",
            "item_name",
            "movie_title",
            "标题",
            "商品名称",
            "名称",
        ),
        c.DESCRIPTION: (
            "product_description",
            "long_description",
            "desc",
            "body",
            "summary",
            "overview",
            "plot",
            "text",
            "描述",
            "商品描述",
        ),
        c.BRAND: ("brand_name", "manufacturer", "maker", "vendor", "品牌"),
        c.CATEGORIES: ("category_path", "genres", "genre", "class", "类目", "分类"),
        c.PRICE: ("sale_price", "current_price", "unit_price", "list_price", "价格", "售价"),
        c.CURRENCY: ("currency_code", "price_currency", "货币"),
        c.IMAGE: (
            "image_url",
            "image_link",
            "img",
            "img_url",
            "im_url",
            "picture",
            "thumbnail",
            "images",
            "图片",
        ),
        c.ATTRIBUTES: ("attrs", "properties", "specs", "specifications", "属性"),
        c.TAGS: ("tag", "keywords", "标签"),
        c.AVAILABLE: ("availability", "in_stock", "is_available", "stock", "inventory", "库存"),
        c.CREATED_AT: (
            "created",
            "released_at",
            "release_date",
            "released",
            "date_added",
            "published_at",
            "first_available",
            "date_first_available",
            "上架时间",
        ),
        c.GROUP_ID: ("item_group_id", "parent_id", "parent_sku", "variant_of"),
    },
    "events": {
        c.USER_ID: _USER,
        c.VISITOR_ID: (
            "visitor",
            "anonymous_id",
            "anon_id",
            "cookie_id",
            "device_id",
            "client_id",
            "访客id",
        ),
        c.ITEM_ID: _ITEM,
        c.EVENT_TYPE: (
            "event",
            "event_name",
            "type",
            "action",
            "behavior",
            "behavior_type",
            "behaviour",
            "行为",
        ),
        c.TIMESTAMP: _TIME,
        c.POSITION: (),
        c.VALUE: _RATING,
        c.SESSION_ID: ("session", "visit_id", "basket_id", "order_id", "会话id"),
        c.QUERY: ("search_query", "search_term", "search_text", "keyword", "搜索词"),
        c.CONTEXT: (),
    },
    "users": {
        c.USER_ID: (*_USER, "id"),
        c.ATTRIBUTES: ("attrs", "properties", "属性"),
    },
    "reviews": {
        c.ITEM_ID: _ITEM,
        c.USER_ID: _USER,
        c.TEXT: ("review_text", "body", "review_body", "review", "content", "comment", "评论", "评论内容"),
        c.RATING: _RATING[1:],
        c.TIMESTAMP: _TIME,
    },
    "queries": {
        c.QUERY: ("search_query", "search_term", "search_text", "keyword", "text", "搜索词"),
        c.USER_ID: _USER,
    },
    "judgments": {
        c.QUERY: ("search_query", "search_term", "search_text", "搜索词"),
        c.ITEM_ID: _ITEM,
        c.GRADE: ("relevance", "rel", "gain", "judgment", "judgement", "label", "rating", "score"),
    },
    "graph": {
        c.HEAD: ("head_id", "subject"),
        c.RELATION: ("relation_id", "rel", "predicate"),
        c.TAIL: ("tail_id", "object"),
    },
    "graph_links": {c.ITEM_ID: _ITEM, c.ENTITY: ("entity_id",)},
    "labels": {
        c.TEXT: _TEXT,
        c.LABEL: ("intent", "sentiment", "class", "category", "target", "标签"),
        c.SPLIT: ("set", "fold", "partition"),
    },
    "unlabelled": {c.TEXT: _TEXT},
    "withheld": {
        c.USER_ID: _USER,
        c.ITEM_ID: _ITEM,
        c.VALUE: _RATING,
        c.TIMESTAMP: _TIME,
        c.SPLIT: ("set", "fold", "partition", "state"),
    },
}
"""Other names of the columns of each file."""

CATEGORY_LEVELS: Final[tuple[str, ...]] = (
    "department",
    "category",
    "main_category",
    "product_category",
    "category_1",
    "subcategory",
    "sub_category",
    "category_2",
    "subsubcategory",
    "product_type",
    "category_3",
)
"""Columns of items that hold one level each, broad to narrow; together they are read as `categories`."""

GENRES: Final[tuple[str, ...]] = ("genres", "genre", "class")
"""Category columns that list names side by side rather than a path."""

EVENT_TYPES: Final[dict[str, str]] = {
    "pv": "view",
    "pageview": "view",
    "viewitem": "view",
    "detailpageview": "view",
    "productview": "view",
    "viewed": "view",
    "浏览": "view",
    "clicked": "click",
    "点击": "click",
    "cart": "add_to_cart",
    "addcart": "add_to_cart",
    "addtobasket": "add_to_cart",
    "basket": "add_to_cart",
    "加购": "add_to_cart",
    "removecart": "remove_from_cart",
    "buy": "purchase",
    "bought": "purchase",
    "order": "purchase",
    "ordered": "purchase",
    "purchased": "purchase",
    "transaction": "purchase",
    "购买": "purchase",
    "rating": "rate",
    "rated": "rate",
    "fav": "wishlist",
    "favorite": "wishlist",
    "favourite": "wishlist",
    "addtowishlist": "wishlist",
    "bookmark": "wishlist",
    "收藏": "wishlist",
    "viewsearchresults": "search",
    "搜索": "search",
    "refund": "return",
    "returned": "return",
}
"""Folded other words for kinds of events."""


def matching(names: Iterable[str], header: Iterable[str]) -> list[str]:
    """Columns of `header` that are one of `names` when folded, in the order of `names`."""
    by_fold: dict[str, list[str]] = {}
    for column in header:
        by_fold.setdefault(fold(column), []).append(column)
    return [column for name in dict.fromkeys(map(fold, names)) for column in by_fold.get(name, [])]


def plain(name: str) -> str:
    """A column's name as a key: stripped, without RecBole's type.

    >>> plain(" age:float ")
    'age'
    """
    return _TYPE_SUFFIX.sub("", name.strip())
