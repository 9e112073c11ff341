"""New users and new items at once, the hardest case and the one a young shop lives in."""

from __future__ import annotations

from functools import partial
from typing import Final

from warmstart.data import splits, temporal
from warmstart.evaluate.protocols.exam import ALL_NEW, COLD, SHOP
from warmstart.evaluate.protocols.recommendation import RecommendationProtocol

NEW_BOTH: Final = RecommendationProtocol(
    name="new-both",
    cut=partial(splits.new_both, every_target=True),
    temporal=partial(temporal.new_both, every_target=True),
    views=(COLD, ALL_NEW, SHOP),
)
"""Both cuts. Targets are the withheld items of withheld users, ranked among the withheld items (`cold`)
and among all (`all`). `shop` takes the same answers with every later item as a target, old or new:
what a new user sees of the whole shop, and what showing new items costs there."""
