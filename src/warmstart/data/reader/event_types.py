"""What other shops call the kinds of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from warmstart.data.reader.aliases import EVENT_TYPES as OTHER_WORDS
from warmstart.data.reader.aliases import fold
from warmstart.data.reader.values import blank_to_null
from warmstart.data.schema import EVENT_TYPES

UNKNOWN: Final = EVENT_TYPES[0]
"""What a word that nobody knows is read as."""

_WORDS: Final = {fold(name): name for name in EVENT_TYPES} | OTHER_WORDS


def to_event_types(values: pl.Series, types: Mapping[str, str]) -> tuple[pl.Series, pl.Series]:
    """Event types of ours, and the words that mean none (null where all is well).

    `types` adds words of the shop's own.

    >>> known, unknown = to_event_types(pl.Series(["pv", "Add-To-Cart", "swipe", ""]), {})
    >>> known.to_list(), unknown.to_list()
    (['view', 'add_to_cart', 'interaction', None], [None, None, 'swipe', None])
    """
    texts = blank_to_null(values)
    words = _WORDS | {fold(word): name for word, name in types.items()}
    distinct = texts.drop_nulls().unique()
    meant = pl.Series([words.get(fold(text)) for text in distinct.to_list()], dtype=pl.String())
    known = texts.replace_strict(distinct, meant, default=None, return_dtype=pl.String())
    unknown = texts.set(known.is_not_null(), None)
    return known.set(unknown.is_not_null(), UNKNOWN), unknown
