"""How large a part of the events items without events can be expected to get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from warmstart.core.linear import IntArray


@dataclass(kw_only=True)
class Spectrum:
    """How many items have 0, 1, 2, ... events: all that the estimate needs, and cheap to keep up to date.

    `items` counts those with fewer events than its length, `n_items` all of them, `n_events` their events.
    """

    items: IntArray
    n_items: int
    n_events: int

    @classmethod
    def of(cls, counts: IntArray, below: int) -> Self:
        """The spectrum of these event counts, up to `below` and at least up to two."""
        length = max(below, 3)
        items = np.bincount(np.minimum(counts, length), minlength=length + 1)[:length]
        return cls(items=items.astype(np.int64), n_items=len(counts), n_events=int(counts.sum()))

    def moved(self, count: int) -> None:
        """One item with this many events has got one more."""
        self.n_events += 1
        if count < len(self.items):
            self.items[count] -= 1
        if count + 1 < len(self.items):
            self.items[count + 1] += 1

    def deserved(self, at_least: int = 0, below: int = 1) -> float:
        """The part of the coming events that items with `at_least` events, but not `below`, can expect.

        Of the items without events, chance alone leaves some: at least f1 (f1 - 1) / (2 (f2 + 1)), where
        f1 and f2 items have one event and two (Chao, "Nonparametric estimation of the number of classes
        in a population", 1984). They are stock that hardly anybody wants, and all of them together may
        expect f1 / N of the events (Good, "The population frequencies of species", 1953). The others
        have not had their chance yet, and are given as much as the average item. Items with a few
        events may expect the part of the events that they had so far.

        >>> new_items, long_tail = [0] * 20 + [5] * 80, [0] * 20 + [1] * 40 + [2] * 20 + [50] * 20
        >>> [round(Spectrum.of(np.array(counts), 1).deserved(), 3) for counts in (new_items, long_tail)]
        [0.2, 0.037]
        """
        few = float(np.arange(max(at_least, 1), below) @ self.items[max(at_least, 1) : below])
        return min(1.0, few / max(self.n_events, 1) + (0.0 if at_least else self._without_events()))

    def _without_events(self) -> float:
        none, once, twice = (int(count) for count in self.items[:3])
        if not none:
            return 0.0
        unlucky = once * (once - 1) / (2 * (twice + 1))
        return max(0.0, none - unlucky) / self.n_items + once / max(self.n_events, 1)
