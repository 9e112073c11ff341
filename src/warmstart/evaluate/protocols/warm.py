"""The sanity check: learning to serve the cold must not cost the warm."""

from __future__ import annotations

from typing import Final

from warmstart.data import splits
from warmstart.evaluate.protocols.exam import ALL
from warmstart.evaluate.protocols.recommendation import RecommendationProtocol

WARM: Final = RecommendationProtocol(name="warm", cut=splits.warm, views=(ALL,), seeded=False)
"""The last event of every user with at least two is left out and asked for."""
