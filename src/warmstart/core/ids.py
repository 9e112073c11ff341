"""Ids in order, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import SupportsIndex, overload

import numpy as np

from warmstart.core.linear import IntArray


class Ids(Sequence[str]):
    """The ids of a catalogue in its order; it only grows, and what has a place keeps it.

    All parts of an engine may hold the same one: whichever adds an item first, the others find it there.

    >>> ids = Ids(["tea", "pot"])
    >>> ids.add(["cup", "tea"]).tolist(), ids[2], ids.places["cup"], len(ids)
    ([2, 0], 'cup', 2, 3)
    """

    __slots__ = ("_ids", "_places")

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._ids = list(ids)
        self._places = {item_id: place for place, item_id in enumerate(self._ids)}

    def add(self, ids: Iterable[str]) -> IntArray:
        """The places of these ids; those that are new get the next ones."""
        found = []
        for item_id in ids:
            place = self._places.setdefault(item_id, len(self._ids))
            if place == len(self._ids):
                self._ids.append(item_id)
            found.append(place)
        return np.array(found, dtype=np.int64)

    @property
    def places(self) -> Mapping[str, int]:
        """The place of each id."""
        return self._places

    @overload
    def __getitem__(self, place: SupportsIndex) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: SupportsIndex | slice) -> str | Sequence[str]:
        return self._ids[place]

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._places

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str) and self._ids == list(other)

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        return f"Ids({self._ids!r})"
