"""Old users, new items: whether what was just put on the shelf finds its buyers."""

from __future__ import annotations

from typing import Final

from warmstart.data import splits, temporal
from warmstart.evaluate.protocols.exam import ALL_NEW, COLD
from warmstart.evaluate.protocols.recommendation import RecommendationProtocol

NEW_ITEMS: Final = RecommendationProtocol(
    name="new-items", cut=splits.new_items, temporal=temporal.new_items, views=(COLD, ALL_NEW)
)
"""20 % of the items lose all events in training, their text stays. Each user with a training event is
asked for the withheld items of their history, ranked among the withheld items (`cold`) and among
everything they do not have (`all`)."""
