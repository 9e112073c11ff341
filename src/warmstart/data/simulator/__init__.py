"""A shop that does not exist, with shoppers whose wishes are known.

For demos, tests and experiments where the right answer must be known: `simulate(settings)` gives a
`Dataset` in English, Chinese or both, and the truth behind it.
"""

from warmstart.data.simulator.settings import SimulatorSettings
from warmstart.data.simulator.shop import SimulatedShop, simulate
from warmstart.data.simulator.stranger import Shopper
from warmstart.data.simulator.truth import Truth

__all__ = ["Shopper", "SimulatedShop", "SimulatorSettings", "Truth", "simulate"]
