"""What people want now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from warmstart.core import columns as c
from warmstart.core.ids import Ids
from warmstart.core.linear import FloatArray
from warmstart.data.records import Event
from warmstart.recommend.evidence import EVENT_WEIGHTS

DAY: Final = 86_400.0
WANTED: Final = "wanted by many lately"
"""What an item is told to be that stands in such a list."""
_FAR: Final = 512.0
"""After so many half-lives the counts are brought back to scale, long before a float overflows."""


class Trending:
    """How much each item was wanted lately: event weights that halve every `half_life` seconds.

    The count of an item is sum w(e) 2^((t(e) - t0) / half_life), for a fixed moment t0: an exponentially
    decayed sum up to one factor that all items share, so a new event is one addition and no count ever has
    to be aged (forward decay; Cormode et al., ICDE 2009). Events without a time count as if they were as
    old as the oldest that has one.
    """

    def __init__(self, ids: Ids, half_life: float = 7 * DAY) -> None:
        self.half_life = half_life
        self._ids = ids
        self._counts: npt.NDArray[np.float64] = np.zeros(len(ids))
        self._start = 0.0

    def learn(self, events: pl.DataFrame) -> Trending:
        """Begin with a shop's past."""
        times = events[c.TIMESTAMP]
        newest = times.max()
        self._start = float(newest) if isinstance(newest, int | float) else 0.0
        oldest = times.min()
        old = float(oldest) if isinstance(oldest, int | float) else self._start
        weight = pl.col(c.EVENT_TYPE).replace_strict(EVENT_WEIGHTS, default=0.0, return_dtype=pl.Float64)
        age = (pl.col(c.TIMESTAMP).fill_null(old) - self._start) / self.half_life
        sums = (
            events.filter(pl.col(c.ITEM_ID).is_not_null())
            .group_by(c.ITEM_ID)
            .agg((weight * (age * float(np.log(2.0))).exp()).sum().alias(c.VALUE))
        )
        for item_id, value in sums.select(c.ITEM_ID, c.VALUE).iter_rows():
            if item_id in self._ids:
                self._counts[self._ids.places[item_id]] = value
        return self

    def add(self, item_ids: Iterable[str]) -> None:
        """Take in new items; known ones keep their counts."""
        self._ids.add(item_ids)
        self._counts = np.pad(self._counts, (0, len(self._ids) - len(self._counts)))

    def update(self, event: Event) -> None:
        """Take in one event; those of unknown items, or without a time, are left out."""
        place = self._ids.places.get(event.item_id or "")
        weight = EVENT_WEIGHTS[event.event_type]
        if place is None or not weight or event.timestamp is None:
            return
        age = (event.timestamp - self._start) / self.half_life
        if age > _FAR:
            self._counts *= 2.0**-age
            self._start, age = event.timestamp, 0.0
        self._counts[place] += weight * 2.0**age

    def scores(self) -> FloatArray:
        """In catalogue order, the most wanted 1; NaN for what nobody wanted."""
        wanted = np.where(self._counts > 0, self._counts, np.nan)
        largest = np.nanmax(wanted) if np.isfinite(wanted).any() else 1.0
        return np.asarray(wanted / largest, dtype=np.float32)
