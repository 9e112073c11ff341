"""The titles of a catalogue by id, read where they lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from warmstart.core import columns as c
from warmstart.core.ids import Ids


class Titles(Mapping[str, str]):
    """Titles of the items in a table, by id; empty where there is none. Holds no copy of them.

    >>> items = pl.DataFrame({"item_id": ["tea", "pot"], "title": ["Green tea", None]})
    >>> titles = Titles(items, Ids(items["item_id"]))
    >>> titles["tea"], titles["pot"], titles.get("cup"), len(titles)
    ('Green tea', '', None, 2)
    """

    def __init__(self, items: pl.DataFrame, ids: Ids) -> None:
        self._titles = items[c.TITLE]
        self._ids = ids

    def __getitem__(self, item_id: str) -> str:
        place = self._ids.places[item_id]
        if place >= len(self._titles):  # known to other parts only
            raise KeyError(item_id)
        return self._titles[place] or ""

    def __contains__(self, item_id: object) -> bool:
        return isinstance(item_id, str) and self._ids.places.get(item_id, len(self)) < len(self)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids[: len(self._titles)])

    def __len__(self) -> int:
        return len(self._titles)
