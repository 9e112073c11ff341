"""The words of an item, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from warmstart.core import columns as c

FIELDS = (c.TITLE, c.BRAND, c.CATEGORIES, c.DESCRIPTION, c.ATTRIBUTES)
"""Text fields, in the order in which they are read. Tags are read with the categories."""


def field_texts(items: pl.DataFrame) -> dict[str, list[str]]:
    """The text of each field for every item; missing text is the empty string.

    Attributes give their values, not their names: a shopper types "black", not "colour: black".
    """
    columns = items.select(
        pl.col(c.TITLE, c.BRAND, c.DESCRIPTION).fill_null(""),
        pl.col(c.CATEGORIES, c.TAGS).list.join(" ").fill_null(""),
        pl.col(c.ATTRIBUTES),
    )
    texts = {name: columns[name].to_list() for name in (c.TITLE, c.BRAND, c.DESCRIPTION)}
    pairs = zip(columns[c.CATEGORIES], columns[c.TAGS], strict=True)
    texts[c.CATEGORIES] = [f"{categories} {tags}".strip() for categories, tags in pairs]
    texts[c.ATTRIBUTES] = [attribute_text(value) for value in columns[c.ATTRIBUTES]]
    return texts


def says_something_new(known: pl.DataFrame, items: pl.DataFrame, places: Mapping[str, int]) -> pl.Series:
    """Which of these items are new, or say something else than at their `places` in the table of the known.

    Prices and stock, which change most, are no text.
    """
    rows = [places.get(item_id) for item_id in items[c.ITEM_ID]]
    new = pl.Series([row is None for row in rows], dtype=pl.Boolean)
    if new.all():
        return new
    before = iter(item_texts(known[[row for row in rows if row is not None]]))
    texts = zip(rows, item_texts(items), strict=True)
    return pl.Series([row is None or text != next(before) for row, text in texts], dtype=pl.Boolean)


def attribute_text(attributes: str | None) -> str:
    """The values of a JSON object of attributes as words; true and false say nothing by themselves.

    >>> attribute_text('{"colour": "black", "usb": true, "ports": 4.0}')
    'black 4'
    """
    return " ".join(_values(json.loads(attributes))) if attributes else ""


def _values(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner)
    elif isinstance(value, float) and value.is_integer():
        yield str(int(value))
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def join_fields(texts: Mapping[str, list[str]]) -> list[str]:
    """One text per item: title, brand, categories, description, attribute values, a line each.

    The title comes first, so that encoders which cut long text cut the least telling part.
    """
    columns = (texts[name] for name in FIELDS)
    return ["\n".join(part for part in parts if part) for parts in zip(*columns, strict=True)]


def item_texts(items: pl.DataFrame) -> list[str]:
    """`join_fields` of the `field_texts` of a table of items."""
    return join_fields(field_texts(items))
