"""Texts, and where one text is wanted of a list."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from warmstart.data.reader.lists import parse_list
from warmstart.data.reader.values import blank_to_null


def to_texts(values: pl.Series) -> pl.Series:
    """Texts, stripped; a JSON list of texts is joined by spaces.

    >>> to_texts(pl.Series([" a ", '["b", "c"]', "", "[sic]"])).to_list()
    ['a', 'b c', None, '[sic]']
    """
    return _unlisted(values, " ".join)


def to_first(values: pl.Series) -> pl.Series:
    """Texts, stripped; of a JSON list the first, or the first web address in an object.

    >>> to_first(pl.Series(["a.jpg", '["b.jpg", "c.jpg"]', '[{"hi": "http://x/d.jpg"}]'])).to_list()
    ['a.jpg', 'b.jpg', 'http://x/d.jpg']
    """
    texts = _unlisted(values, lambda parts: parts[0])
    nested = texts.str.contains(r"^[\[{]").fill_null(value=False)
    addresses = texts.set(~nested, None).str.extract(r"\"(https?://[^\"]+)\"", 1)
    return addresses.fill_null(texts)


def _unlisted(values: pl.Series, choose: Callable[[list[str]], str]) -> pl.Series:
    texts = blank_to_null(values)
    lists = texts.str.contains(r"^\[\s*[\"'\]]").fill_null(value=False)
    if not lists.any():
        return texts
    plain = [_choose(text, choose) for text in texts.filter(lists).to_list()]
    return texts.scatter(lists.arg_true(), pl.Series(plain, dtype=pl.String()))


def _choose(text: str, choose: Callable[[list[str]], str]) -> str | None:
    if text == "[]":
        return None
    parts = parse_list(text)
    return choose(parts) if parts else text
