"""Weights a shop starts from, learned on other shops by `scripts/learn_prior.py`."""

from __future__ import annotations

from typing import Final

from warmstart.recommend.fused.parts import (
    DRIFT,
    FORWARD,
    KNN,
    LATE,
    NEXT,
    POPULARITY,
    PROJECTION,
    RECENT,
    TASTE,
    WALK,
    WORDS,
)
from warmstart.recommend.fused.weights import Table

FOR_KNOWN: Final[Table] = {
    KNN: [0.15, 0.19, 0.0, 0.0, 0.0],
    WALK: [0.14, 0.0, 0.14, 0.45, 0.16],
    WALK + RECENT: [0.06, 0.0, 0.29, 0.57, 0.4],
    FORWARD: [0.19, 0.0, 0.02, 0.06, 0.01],
    FORWARD + RECENT: [0.19, 0.15, 0.65, 0.49, 0.11],
    NEXT + RECENT: [0.07, 0.0, 0.0, 0.43, 1.24],
    TASTE: [0.0, 0.0, 0.0, 0.0, 0.16],
    TASTE + RECENT: [0.0, 0.0, 0.0, 0.59, 0.57],
    DRIFT: [0.4, 0.48, 0.23, 0.0, 0.12],
    DRIFT + RECENT: [0.4, 0.52, 0.46, 0.04, 0.2],
    WORDS: [0.0, 0.0, 0.0, 0.0, 0.28],
    WORDS + RECENT: [0.0, 0.0, 0.09, 0.22, 0.16],
    PROJECTION: [0.03, 0.07, 0.32, 0.19, 0.11],
    PROJECTION + RECENT: [0.0, 0.22, 1.26, 0.96, 0.22],
    POPULARITY: [2.34, 1.59, 0.55, 0.0, 0.25],
    LATE: [0.02, 0.77, 0.0, 0.0, 0.0],
}

FOR_NEW: Final[Table] = {
    KNN: [0.19, 0.3, 0.1, 0.0, 0.02],
    WALK: [0.28, 0.09, 0.03, 0.03, 1.06],
    WALK + RECENT: [0.19, 0.06, 0.11, 0.12, 0.13],
    FORWARD: [0.02, 0.57, 0.24, 0.06, 0.03],
    FORWARD + RECENT: [0.07, 0.69, 1.07, 0.52, 0.04],
    NEXT + RECENT: [0.08, 0.13, 0.04, 0.0, 0.19],
    TASTE: [0.15, 0.0, 0.0, 0.05, 0.33],
    TASTE + RECENT: [0.18, 0.0, 0.0, 0.24, 0.1],
    DRIFT: [0.14, 0.58, 0.27, 0.05, 0.02],
    DRIFT + RECENT: [0.14, 0.56, 0.45, 0.3, 0.19],
    WORDS: [0.08, 0.0, 0.46, 0.37, 0.5],
    WORDS + RECENT: [0.06, 0.0, 0.1, 0.84, 0.0],
    PROJECTION: [0.36, 0.18, 0.33, 0.32, 1.28],
    PROJECTION + RECENT: [0.34, 0.22, 0.67, 0.66, 0.0],
    POPULARITY: [0.91, 0.49, 0.08, 0.24, 0.09],
    LATE: [0.83, 0.13, 0.06, 0.18, 0.0],
}
