"""Tokens with the words that they are pieces of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from warmstart.core.linear import IntArray
from warmstart.encoders.backbone import Backbone


def tokens_and_words(backbone: Backbone, texts: Sequence[str]) -> tuple[dict[str, Any], IntArray]:
    """The texts as padded tensors, and for each token which word of its text it is a piece of.

    Shape (texts, tokens); -1 for what the tokenizer put there itself. A Chinese character is a word.
    """
    cleaned = [text.encode("utf-8", "replace").decode() for text in texts]
    found = backbone.tokenizer(
        cleaned, padding=True, truncation=True, max_length=backbone.max_length, return_tensors="pt"
    )
    rows = [
        [-1 if word is None else word for word in found.word_ids(place)] for place in range(len(cleaned))
    ]
    return dict(found.to(backbone.device)), np.array(rows, dtype=np.int64)


def chosen_words(words: IntArray, share: float, rng: np.random.Generator) -> IntArray:
    """Which tokens belong to a share of the words of each text, at least one word where there is any."""
    chosen = np.zeros(words.shape, dtype=bool)
    for row, own in enumerate(words):
        known = np.unique(own[own >= 0])
        if len(known):
            picked = rng.choice(known, max(round(share * len(known)), 1), replace=False)
            chosen[row] = np.isin(own, picked)
    return chosen
