"""Weights a shop starts from, learned on other shops by `scripts/learn_prior.py`."""

from __future__ import annotations

from typing import Final

from warmstart.recommend.parts import (
    ALIKE,
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
from warmstart.recommend.weights import Table

FOR_KNOWN: Final[Table] = {
    KNN: [0.7, 0.92, 0.0, 0.0, 0.0],
    WALK: [0.72, 0.21, 0.32, 0.14, 0.07],
    WALK + RECENT: [0.37, 0.0, 0.89, 0.84, 0.3],
    FORWARD: [0.77, 0.35, 0.16, 0.0, 0.05],
    FORWARD + RECENT: [0.77, 0.44, 0.68, 0.44, 0.0],
    NEXT + RECENT: [0.0, 0.0, 0.0, 1.24, 1.72],
    TASTE: [0.39, 0.0, 0.0, 0.01, 0.7],
    TASTE + RECENT: [0.39, 0.0, 0.71, 1.16, 0.93],
    WORDS: [0.08, 0.0, 0.0, 0.0, 0.03],
    WORDS + RECENT: [0.0, 0.06, 0.54, 0.78, 0.12],
    ALIKE: [0.02, 0.0, 0.0, 0.0, 0.0],
    PROJECTION: [0.18, 0.04, 1.18, 0.8, 0.0],
    PROJECTION + RECENT: [0.04, 0.48, 1.54, 1.29, 0.0],
    POPULARITY: [2.48, 2.5, 2.04, 0.29, 0.84],
    LATE: [0.0, 0.0, 0.0, 0.0, 0.04],
}

FOR_NEW: Final[Table] = {
    KNN: [0.32, 0.68, 0.1, 0.0, 0.0],
    WALK: [0.51, 0.0, 0.0, 0.0, 0.51],
    WALK + RECENT: [0.16, 0.0, 0.33, 0.4, 0.0],
    FORWARD: [0.17, 1.07, 1.07, 0.15, 0.0],
    FORWARD + RECENT: [0.17, 1.01, 1.37, 0.97, 0.0],
    NEXT + RECENT: [0.04, 0.0, 0.32, 0.64, 0.0],
    TASTE: [0.17, 0.0, 0.0, 0.0, 0.04],
    TASTE + RECENT: [0.17, 0.0, 0.15, 0.22, 0.0],
    WORDS: [0.06, 0.0, 0.19, 0.28, 0.0],
    WORDS + RECENT: [0.0, 0.0, 0.67, 1.5, 0.0],
    ALIKE: [0.13, 0.0, 0.0, 0.06, 0.0],
    PROJECTION: [0.36, 0.53, 0.69, 0.68, 0.85],
    PROJECTION + RECENT: [0.23, 0.34, 0.84, 1.22, 0.01],
    POPULARITY: [2.04, 1.4, 0.32, 0.64, 0.58],
    LATE: [1.45, 0.75, 0.0, 0.18, 0.2],
}
