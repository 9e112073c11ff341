"""What a shop knows about its users, as a table of ones and zeros."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import FloatArray

_MIN_SHARE: Final = 0.01


@dataclass
class UserAttributes:
    """One column per value of an attribute that at least one user in a hundred has.

    Rarer values, such as most postal codes, say nothing that can be learned. A user without attributes
    is a row of zeros.
    """

    names: list[list[str]]
    users: dict[str, list[int]]

    @classmethod
    def of(cls, users: pl.DataFrame) -> UserAttributes:
        """From the users table of a shop."""
        told = {
            user_id: _values(text) for user_id, text in users.select(c.USER_ID, c.ATTRIBUTES).iter_rows()
        }
        counts = Counter(pair for pairs in told.values() for pair in pairs)
        kept = sorted(pair for pair, count in counts.items() if count >= max(2.0, _MIN_SHARE * len(told)))
        place = {pair: i for i, pair in enumerate(kept)}
        columns = {user: [place[pair] for pair in pairs if pair in place] for user, pairs in told.items()}
        return cls([list(pair) for pair in kept], columns)

    def row(self, user_id: str | None) -> FloatArray:
        """The attributes of one user."""
        found = np.zeros(len(self.names), dtype=np.float32)
        found[self.users.get(user_id or "", [])] = 1.0
        return found

    def rows(self, user_ids: list[str]) -> FloatArray:
        """The attributes of several users, shape (users, attributes)."""
        if not user_ids:
            return np.zeros((0, len(self.names)), dtype=np.float32)
        return np.stack([self.row(user_id) for user_id in user_ids])


def _values(text: str | None) -> list[tuple[str, str]]:
    told: Mapping[str, Any] = json.loads(text) if text else {}
    return [(name, str(value)) for name, value in told.items() if not isinstance(value, dict | list)]
