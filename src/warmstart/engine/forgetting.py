"""A shop as if somebody had never come."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from warmstart.core import columns as c
from warmstart.data.dataset import Dataset

_PERSONAL: Final = ("users", "reviews", "queries", "withheld")


def without_user(dataset: Dataset, user_id: str) -> Dataset:
    """The shop without what a user left behind beside events."""
    others = {
        name: frame.filter(frame[c.USER_ID].ne_missing(user_id))
        for name in _PERSONAL
        if len(frame := getattr(dataset, name))
    }
    return replace(dataset, **others)
