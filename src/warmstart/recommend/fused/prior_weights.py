"""Weights that other shops taught, where a new shop starts; `scripts/learn_prior.py` makes the file."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from importlib.resources import files
from typing import Final

from warmstart.core.errors import ConfigError
from warmstart.recommend.fused.weights import SlotWeights

PRIOR_FILE: Final = "prior_weights.json"


def prior_weights(without: Collection[str] = ()) -> dict[str, SlotWeights]:
    """What each teacher found: by its name, weights of all slots at all knots.

    The teachers differ in kind (many products that few buy, few films that everybody rates, simulated
    shops with baskets and sessions), and so do their weights. `weighing.blend_weights` finds out which
    of them a shop resembles. Teachers named in `without` are left out: to measure a shop as one that
    nobody has seen.

    Errors: `ConfigError` for a name that is no teacher's, and where none would be left.

    >>> sorted(prior_weights(without=["beauty"]))
    ['ml100k', 'simulated']
    """
    found = _taught()
    unknown = sorted(set(without) - set(found))
    if unknown or len(set(without)) == len(found):
        raise ConfigError(
            expected=f"some of the teachers {', '.join(found)} to leave out, not all",
            found=", ".join(unknown or without),
            todo="Mend `without_teachers`; to start from weights of your own, give `weights`.",
        )
    return {name: weights for name, weights in found.items() if name not in without}


@cache
def _taught() -> dict[str, SlotWeights]:
    text = files("warmstart.recommend.fused").joinpath(PRIOR_FILE).read_text(encoding="utf-8")
    return {name: SlotWeights.of(own["known"], own["new"]) for name, own in json.loads(text).items()}
