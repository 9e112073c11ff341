"""Items and users of systems where shops name the properties themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from warmstart.data.reader.aliases import fold
from warmstart.data.wire.dialects.base import to_number, to_text

_TEXTS: Final = {
    "title": "title",
    "name": "title",
    "productname": "title",
    "标题": "title",
    "商品名称": "title",
    "description": "description",
    "描述": "description",
    "brand": "brand",
    "品牌": "brand",
    "currency": "currency",
    "groupid": "group_id",
}
_LISTS: Final = {
    "categories": "categories",
    "category": "categories",
    "分类": "categories",
    "tags": "tags",
    "标签": "tags",
}
_PICTURES: Final = frozenset({"image", "images", "imageurl", "imagelink", "picture"})
_TRUTHS: Final = frozenset({"available", "instock", "availability"})


def item_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Properties under common names as fields of an item; all others as its attributes.

    >>> item_fields({"Name": "茶壶", "price": "39.9", "colour": "red"})
    {'title': '茶壶', 'price': 39.9, 'attributes': {'colour': 'red'}}
    """
    fields: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in values.items():
        field, read = _field(fold(name), value)
        if field is None or read is None or field in fields:
            rest |= {} if value is None else {name: value}
        else:
            fields[field] = read
    return fields | ({"attributes": rest} if rest else {})


def _field(name: str, value: Any) -> tuple[str | None, Any]:
    """Which field a property fills, and with what; None where it does not fit."""
    if name in _TEXTS:
        return _TEXTS[name], to_text(value)
    if name in _LISTS:
        return _LISTS[name], _texts(value)
    if name in _PICTURES:
        return "image_url", next(iter(_texts(value) or ()), None)
    if name in _TRUTHS:
        return "available", value if isinstance(value, bool) else None
    if name == "price" and isinstance(price := to_number(value), float):
        return "price", price
    return None, None


def _texts(value: Any) -> list[str] | None:
    if isinstance(value, str):
        return [value] if value.strip() else None
    texts = value if isinstance(value, list) else []
    return texts if texts and all(isinstance(text, str) for text in texts) else None
