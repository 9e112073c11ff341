"""Categories and tags: one string, written in one of many ways, into a list."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from warmstart.data.reader.values import blank_to_null

_TEXTS: Final = pl.List(pl.String())
_TAG_MARKS: Final = ("|", ";", ",")
_GENRE_MARKS: Final = (">", "|", ",", ";")
_PATH_MARKS: Final = (">", "|")


def to_categories(
    values: pl.Series, *, genres: bool = False, separator: str | None = None
) -> tuple[pl.Series, str]:
    """Lists from broad to narrow, and a note on how the values were split.

    JSON lists are read as such. Else the whole column is split at the first of `>` and `|` that occurs
    in it; a column of genres also at commas, semicolons, or at spaces when the same words make up many
    different values. `separator` overrules this.

    >>> to_categories(pl.Series(["Beauty > Nails", '["A", "B"]', None]))[0].to_list()
    [['Beauty', 'Nails'], ['A', 'B'], None]
    >>> to_categories(pl.Series(["Action Comedy", "Comedy", "Action", "Drama Action"]), genres=True)[1]
    'split at spaces'
    """
    texts = blank_to_null(values).str.replace_all(r"&gt;|[›»＞→]", ">").str.replace_all("[、，]", ",")
    if genres and separator is None and _is_made_of_words(texts):
        return _split(texts, " "), "split at spaces"
    marks = (separator,) if separator else _GENRE_MARKS if genres else _PATH_MARKS
    return _listed(texts, marks)


def to_tags(values: pl.Series) -> tuple[pl.Series, str]:
    """Lists of tags: JSON lists, or split at the first of `|`, `;` and `,` that occurs in the column.

    >>> to_tags(pl.Series(["red, blue", "green"]))[0].to_list()
    [['red', 'blue'], ['green']]
    """
    texts = blank_to_null(values).str.replace_all("[、，]", ",").str.replace_all("；", ";")
    return _listed(texts, _TAG_MARKS)


def join_levels(levels: list[pl.Series]) -> pl.Series:
    """One list per row from several columns of categories, the broadest first."""
    frame = pl.DataFrame([level.alias(str(i)) for i, level in enumerate(levels)])
    parts = [pl.col(name).fill_null(pl.lit([], dtype=_TEXTS)) for name in frame.columns]
    return _tidy(frame.select(pl.concat_list(parts).alias("joined")).to_series())


def _listed(texts: pl.Series, marks: tuple[str, ...]) -> tuple[pl.Series, str]:
    is_json = texts.str.starts_with("[").fill_null(value=False)
    plain = texts.set(is_json, None)
    mark = next((mark for mark in marks if plain.str.contains(mark, literal=True).any()), None)
    if mark == ">":  # several paths in one value are parted by bars
        plain = plain.str.replace_all("|", ">", literal=True)
    lists = _split(plain, mark) if mark else _tidy(plain.reshape((-1, 1)).arr.to_list())
    if is_json.any():
        parsed = [parse_list(text) for text in texts.filter(is_json).to_list()]
        lists = _put(lists, is_json, pl.Series(parsed, dtype=_TEXTS))
        return lists, f"JSON lists{f', split at {mark!r}' if mark else ''}"
    return lists, f"split at {mark!r}" if mark else ""


def _put(lists: pl.Series, where: pl.Series, parts: pl.Series) -> pl.Series:
    rest = lists.filter(~where)
    places = pl.concat([(~where).arg_true(), where.arg_true()])
    return pl.concat([rest, parts]).gather(places.arg_sort())


def _split(texts: pl.Series, mark: str) -> pl.Series:
    return _tidy(texts.str.split(mark))


def _tidy(lists: pl.Series) -> pl.Series:
    """Parts stripped, empty and repeated ones removed; a list of nothing becomes null."""
    part = pl.element().str.strip_chars()
    kept = lists.list.eval(part.filter(part.is_not_null() & (part != ""))).list.unique(maintain_order=True)
    return _null_when_empty(kept)


def _null_when_empty(lists: pl.Series) -> pl.Series:
    frame = lists.to_frame("l")
    return frame.select(pl.when(pl.col("l").list.len() > 0).then(pl.col("l"))).to_series()


def _is_made_of_words(texts: pl.Series) -> bool:
    """Whether fewer words than values make up a column without any mark: a list parted by spaces."""
    values = texts.drop_nulls().unique()
    if values.str.contains(r"[>|,;\[]").any() or not values.str.contains(" ", literal=True).any():
        return False
    return values.str.split(" ").explode().n_unique() < len(values)


def parse_list(text: str) -> list[str] | None:
    """The strings in a JSON list (or a Python one, as pandas writes), nested ones flattened.

    >>> parse_list("[['Home', 'Kitchen'], ['Home', 'Knives']]"), parse_list("[broken")
    (['Home', 'Kitchen', 'Knives'], None)
    """
    value = parse_literal(text)
    if not isinstance(value, list):
        return None
    return list(dict.fromkeys(part for part in _leaves(value) if part)) or None


def parse_literal(text: str) -> Any:
    """A JSON value, or what Python's `repr` wrote for one; None when it is neither."""
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (json.JSONDecodeError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, dict):
        yield str(value.get("name", "")).strip()
    elif value is not None:
        yield str(value).strip()
