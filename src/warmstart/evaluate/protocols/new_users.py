"""New users: how good the answer is after 0, 1, 2, 3, 5 events, and after 10 for heavier users."""

from __future__ import annotations

from typing import Final

from warmstart.data import splits, temporal
from warmstart.evaluate.protocols.exam import ALL
from warmstart.evaluate.protocols.recommendation import RecommendationProtocol

NEW_USERS: Final = RecommendationProtocol(
    name="new-users", cut=splits.new_users, temporal=temporal.new_users, views=(ALL,)
)
"""20 % of the users are withheld entirely. Of those with at least 8 events the first k are revealed; the
targets are the same for each k up to 5, what follows the fifth event, and k = 10 is asked of users
with at least 13 events, with what follows the tenth."""
