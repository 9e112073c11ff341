"""Attributes and context: many columns, or one in any spelling, into one JSON object per row."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from warmstart.data.reader.lists import parse_literal
from warmstart.data.reader.values import blank_to_null

_NUMBER: Final = r"^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$"
_MOSTLY: Final = 0.95
_CODE = re.compile(
    r"(?:^|[\W_])(?:id|ids|code|zip|upc|ean|gtin|isbn|mpn|sku|phone|version)$", re.IGNORECASE
)
_PAIR_MARKS: Final = ("\n", "|", ";", "；")
_PAIR = re.compile(r"\s*[:：=]\s*")


def to_objects(values: pl.Series) -> pl.Series:
    """JSON objects with sorted keys, from JSON or from `Key:Value` pairs parted by `;`, `|` or lines.

    >>> to_objects(pl.Series(["Colour: red; Size: 9", '{"b": 1, "a": "中"}', "loose words"])).to_list()
    ['{"Colour": "red", "Size": "9"}', '{"a": "中", "b": 1}', None]
    """
    texts = blank_to_null(values)
    objects = [None if text is None else parse_object(text) for text in texts.to_list()]
    return pl.Series(values.name, [_dump(value) if value else None for value in objects], pl.String())


def parse_object(text: str) -> dict[str, Any] | None:
    """One object; a list of `{"name": …, "value": …}` is one too; None when the text is none."""
    if text.startswith(("{", "[")):
        return _as_object(parse_literal(text))
    mark = next((mark for mark in _PAIR_MARKS if mark in text), "\n")
    found: dict[str, Any] = {}
    key = ""
    for part in filter(None, (part.strip() for part in text.split(mark))):
        head, *tail = _PAIR.split(part, maxsplit=1)
        if tail and head:
            key = head
            found[key] = tail[0] if key not in found else f"{found[key]}, {tail[0]}"
        elif key:  # the mark stood inside a value
            found[key] += f"{mark} {part}"
        else:
            return None
    return {name: value for name, value in found.items() if value} or None


def _as_object(value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return {str(key): part for key, part in value.items()}
    if not isinstance(value, list):
        return None
    pairs = [
        (part.get("name", part.get("key")), part.get("value")) for part in value if isinstance(part, dict)
    ]
    return {str(name): part for name, part in pairs if name} if len(pairs) == len(value) else None


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def columns_to_objects(frame: pl.DataFrame, keys: Mapping[str, str]) -> pl.Series:
    """One JSON object per row from columns of strings; `keys` gives the key of each column.

    A column of numbers (nineteen of twenty values) becomes JSON numbers, one of true and false booleans,
    one of JSON stays JSON, anything else strings. Codes stay strings: numbers with leading zeros, and
    columns named so (`zip_code`, `store_id`). Empty values are left out; a row without any becomes null.

    >>> frame = pl.DataFrame({"year": ["1995", None], "zip_code": ["85711", "02139"]})
    >>> columns_to_objects(frame, {"year": "year", "zip_code": "zip_code"}).to_list()
    ['{"year": 1995, "zip_code": "85711"}', '{"zip_code": "02139"}']
    """
    ordered = sorted(keys.items(), key=lambda pair: pair[1])
    if not ordered:
        return pl.Series([None] * len(frame), dtype=pl.String())
    encoded = pl.DataFrame([encode_column(frame[name], key) for name, key in ordered])
    pieces = [
        pl.concat_str(pl.lit(f", {json.dumps(key, ensure_ascii=False)}: "), pl.col(key)).fill_null("")
        for _, key in ordered
    ]
    joined = encoded.select(pl.concat_str(pieces).str.slice(2).alias("o")).to_series()
    objects = "{" + joined + "}"
    return objects.set(objects == "{}", None)


def encode_column(values: pl.Series, key: str) -> pl.Series:
    """Each value as the JSON text that stands for it; the type is the column's, not the value's."""
    texts = blank_to_null(values).alias(key)
    present = texts.drop_nulls()
    if not len(present):
        return texts
    if not _CODE.search(key):
        numeric = texts.str.contains(_NUMBER).fill_null(value=False)
        if numeric.sum() >= _MOSTLY * len(present):
            return _quoted(texts).zip_with(~numeric, texts).alias(key)
    lower = texts.str.to_lowercase()
    if lower.drop_nulls().is_in(["true", "false"]).all():
        return lower
    if present.str.contains(r"^[\[{]").all():
        parsed = [None if text is None else parse_literal(text) for text in texts.to_list()]
        if sum(value is not None for value in parsed) == len(present):
            return pl.Series(
                key, [None if value is None else _dump_any(value) for value in parsed], pl.String()
            )
    return _quoted(texts)


def _quoted(texts: pl.Series) -> pl.Series:
    return ('"' + _escape(texts) + '"').alias(texts.name)


def _dump_any(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _escape(texts: pl.Series) -> pl.Series:
    if not texts.str.contains(r'[\\"\x00-\x1f]').any():
        return texts
    plain = texts.str.replace_all(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "")
    for char, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        plain = plain.str.replace_all(char, escaped, literal=True)
    return plain


def merge_objects(first: pl.Series, second: pl.Series) -> pl.Series:
    """Two columns of JSON objects as one; where both have a key, the second wins."""
    both = first.is_not_null() & second.is_not_null()
    merged = first.fill_null(second)
    if not both.any():
        return merged
    pairs = zip(first.filter(both).to_list(), second.filter(both).to_list(), strict=True)
    joined = pl.Series([_dump(json.loads(one) | json.loads(two)) for one, two in pairs], dtype=pl.String())
    return merged.scatter(both.arg_true(), joined)
