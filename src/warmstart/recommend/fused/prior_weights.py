"""Weights that other shops taught, where a new shop starts; `scripts/learn_prior.py` makes the file."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Final

from warmstart.recommend.fused.weights import SlotWeights

PRIOR_FILE: Final = "prior_weights.json"


@cache
def prior_weights() -> dict[str, SlotWeights]:
    """What each teacher found: by its name, weights of all slots at all knots.

    The teachers differ in kind (many products that few buy, few films that everybody rates, simulated
    shops with baskets and sessions), and so do their weights. `weighing.blend_weights` finds out which
    of them a shop resembles.
    """
    text = files("warmstart.recommend.fused").joinpath(PRIOR_FILE).read_text(encoding="utf-8")
    return {name: SlotWeights.of(own["known"], own["new"]) for name, own in json.loads(text).items()}
