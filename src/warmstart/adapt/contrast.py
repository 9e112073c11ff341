"""The setting of the contrastive objectives that is worth choosing."""

from __future__ import annotations

from dataclasses import dataclass

from warmstart.core.component import Component
from warmstart.core.tunable import tunable


@dataclass(kw_only=True)
class Contrast(Component):
    """How sharp the softmax over a batch is: cosines are divided by `temperature`."""

    temperature: float = tunable(0.05, low=0.01, high=0.2, log=True)
