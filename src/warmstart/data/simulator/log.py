"""Events as columns of numbers, before they become a table."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from warmstart.core.linear import BoolArray, IntArray
from warmstart.data.simulator.products import Array

KINDS = ("search", "impression", "view", "click", "add_to_cart", "purchase", "rate", "return")
SEARCH, IMPRESSION, VIEW, CLICK, CART, PURCHASE, RATE, RETURN = range(len(KINDS))
NONE = -1


@dataclass(frozen=True, kw_only=True)
class Log:
    """Events in any order; `NONE` stands for no item, session or query, and NaN for no value."""

    user: IntArray
    item: IntArray
    kind: IntArray
    time: Array
    session: IntArray
    query: IntArray
    value: Array

    @classmethod
    def of(
        cls,
        kind: int,
        *,
        user: IntArray,
        time: Array,
        item: IntArray | None = None,
        session: IntArray | None = None,
        query: IntArray | None = None,
        value: Array | None = None,
    ) -> Self:
        """Events of one kind, at whole seconds."""
        none = np.full(len(user), NONE, dtype=np.int64)
        return cls(
            user=user,
            item=none if item is None else item,
            kind=np.full(len(user), kind, dtype=np.int64),
            time=np.floor(time),
            session=none if session is None else session,
            query=none if query is None else query,
            value=np.full(len(user), np.nan) if value is None else value,
        )

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: IntArray | BoolArray) -> Log:
        """Only these events, in this order."""
        return Log(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def join(*logs: Log) -> Log:
    """One log after the other."""
    return Log(**{f.name: np.concatenate([getattr(log, f.name) for log in logs]) for f in fields(Log)})
