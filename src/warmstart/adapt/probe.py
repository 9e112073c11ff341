"""How well an encoder finds the other half of held-out pairs: the quality that adaptation is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from warmstart.adapt.pairs import TextPair, TextPairs
from warmstart.core.linear import FloatArray, unit_rows
from warmstart.encoders.backbone import Backbone


@dataclass(frozen=True)
class PairProbe:
    """Asks for the right text of each held-out pair among those of all held-out pairs of its kind.

    It looks at no judgment and no label of a test. Where a left text has several right ones, the best
    placed counts.
    """

    held_out: TextPairs

    def quality(self, backbone: Backbone) -> float:
        """Mean over the kinds of the mean reciprocal rank; from 0 to 1."""
        found = self.measure(backbone)
        return float(np.mean([kind["MRR"] for kind in found.values()]))

    def measure(self, backbone: Backbone) -> dict[str, dict[str, float]]:
        """For each kind of pair: mean reciprocal rank, recall among the first ten, and how many pairs."""
        return self.summary(self.ranks(backbone))

    def ranks(self, backbone: Backbone) -> dict[str, FloatArray]:
        """For each kind of pair the place of the right text for each left one, in a fixed order."""
        pairs = self.held_out.pairs
        places = _encode(backbone, pairs)
        return {
            kind: _ranks([pair for pair in pairs if pair.kind == kind], *places)
            for kind in sorted({pair.kind for pair in pairs})
        }

    def summary(self, ranks: Mapping[str, FloatArray]) -> dict[str, dict[str, float]]:
        """What `measure` says, from the places."""
        pairs = self.held_out.counts
        return {
            kind: {
                "MRR": float((1 / found).mean()),
                "Recall@10": float((found <= 10).mean()),
                "pairs": float(pairs[kind]),
            }
            for kind, found in ranks.items()
        }


def _encode(
    backbone: Backbone, pairs: tuple[TextPair, ...]
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Vectors of the left and of the right texts, each text once."""
    found = []
    for side, texts in (("query", [p.left for p in pairs]), ("item", [p.right for p in pairs])):
        unique, prefix = list(dict.fromkeys(texts)), backbone.prefix(side)
        vectors = unit_rows(backbone.encode([prefix + text for text in unique]))
        found.append(dict(zip(unique, vectors, strict=True)))
    return found[0], found[1]


def _ranks(pairs: list[TextPair], left: dict[str, FloatArray], right: dict[str, FloatArray]) -> FloatArray:
    """The place of the best right text for each left one; ties count half."""
    rights = {text: place for place, text in enumerate(dict.fromkeys(pair.right for pair in pairs))}
    wanted: dict[str, list[int]] = {}
    for pair in pairs:
        wanted.setdefault(pair.left, []).append(rights[pair.right])
    table = np.array([right[text] for text in rights])
    ranks = []
    for text, targets in wanted.items():
        scores = table @ left[text]
        best = scores[targets].max()
        ties = int((scores == best).sum()) - 1
        ranks.append(1 + int((scores > best).sum()) + ties / 2)
    return np.array(ranks, dtype=np.float32)
