"""What is known of items and users as values of named fields, for methods that learn a vector per value."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.analysis import terms
from warmstart.core.linear import IntArray
from warmstart.data.dataset import Dataset

_MIN_ROWS: Final = 2
Told = dict[str, list[str]]
"""The values of each field of one item or user."""


@dataclass(frozen=True)
class Fields:
    """The values of every row and field, as numbers: those of row r and field f are one *bag*.

    Bag r * n_fields + f is `tokens[starts[b]:starts[b + 1]]`. Values that a single row has are left out,
    and every value has a number of its own whatever its field; there are `n_values`.
    """

    names: list[str]
    tokens: IntArray
    starts: IntArray
    n_values: int

    @classmethod
    def of(cls, told: Sequence[Told]) -> Fields:
        """Number the values of these rows."""
        counts = Counter(
            (name, v) for row in told for name, values in row.items() for v in dict.fromkeys(values)
        )
        kept = sorted(pair for pair, count in counts.items() if count >= _MIN_ROWS)
        names = sorted({name for name, _ in kept})
        place = {pair: i for i, pair in enumerate(kept)}
        bags = [
            [place[name, v] for v in dict.fromkeys(row.get(name, ())) if (name, v) in place]
            for row in told
            for name in names
        ]
        starts = np.cumsum([0, *map(len, bags)]).astype(np.int64)
        tokens = np.array([token for bag in bags for token in bag], dtype=np.int64)
        return cls(names, tokens, starts, len(kept))

    def bags(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """The tokens of these rows, and where each of their bags begins."""
        wanted = (rows[:, None] * len(self.names) + np.arange(len(self.names))).ravel()
        sizes = self.starts[wanted + 1] - self.starts[wanted]
        begins = np.cumsum(sizes) - sizes
        inside = np.arange(int(sizes.sum())) - np.repeat(begins, sizes)
        return self.tokens[np.repeat(self.starts[wanted], sizes) + inside], begins


def item_fields(dataset: Dataset) -> Fields:
    """Brand, categories, tags, and the attributes that are words: lists, or values parted by commas.

    Numbers are left out, for two of them are rarely equal. Items that have nothing of the kind are
    known by the words of their text.
    """
    columns = (c.BRAND, c.CATEGORIES, c.TAGS, c.ATTRIBUTES)
    told = [_told(*row) for row in dataset.items.select(columns).iter_rows()]
    fields = Fields.of(told)
    return fields if fields.names else Fields.of([{c.TEXT: terms(text)} for text in dataset.item_texts])


def user_fields(users: pl.DataFrame, user_ids: Sequence[str]) -> Fields:
    """The attributes of these users, each value one value."""
    known = dict(users.select(c.USER_ID, c.ATTRIBUTES).iter_rows())
    return Fields.of([_attributes(known.get(user_id), split=False) for user_id in user_ids])


def _told(
    brand: str | None, categories: list[str] | None, tags: list[str] | None, attributes: str | None
) -> Told:
    plain = {c.BRAND: [brand] if brand else [], c.CATEGORIES: categories or [], c.TAGS: tags or []}
    return plain | _attributes(attributes, split=True)


def _attributes(text: str | None, *, split: bool) -> Told:
    values: dict[str, Any] = json.loads(text) if text else {}
    return {name: list(_words(value, split)) for name, value in values.items()}


def _words(value: Any, split: bool) -> Iterable[str]:
    if isinstance(value, list):
        return [str(inner) for inner in value]
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()] if split else [value]
    return [] if split or value is None else [str(value)]
