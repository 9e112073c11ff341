"""How the learning rate goes up and down."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["linear", "cosine", "constant"]


def rate_share(step: int, total: int, warmup: float, schedule: Schedule) -> float:
    """The share of the learning rate at a step (from 0): up over the first `warmup` of all, then down.

    `linear` and `cosine` end at zero, `constant` stays.

    >>> [round(rate_share(step, 10, 0.2, "linear"), 2) for step in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.12]
    >>> rate_share(9, 10, 0.0, "constant")
    1.0
    """
    rise = math.ceil(warmup * total)
    if step < rise:
        return (step + 1) / rise
    gone = (step - rise) / max(total - rise, 1)
    if schedule == "linear":
        return 1.0 - gone
    return 0.5 * (1.0 + math.cos(math.pi * gone)) if schedule == "cosine" else 1.0
