"""Simulated shops for tests, each made once."""

from functools import cache
from typing import Any

from warmstart.data.simulator import SimulatedShop, SimulatorSettings, simulate

CONSUMED = {"Coffee Beans", "Cat Food", "Cat Litter", "Dog Food", "Serums", "Sunscreens", "Shampoos"}
"""Categories of the English shop whose products run out and are bought again."""


@cache
def shop(**settings: Any) -> SimulatedShop:
    """A shop of the default size unless told otherwise."""
    return simulate(SimulatorSettings(**settings))
