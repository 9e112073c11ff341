"""A conditional neural process: the support as one averaged code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from warmstart.heads.episodic import EpisodicHead, Told, Weights, drawn
from warmstart.roles.few_shot_head import Values


@dataclass(kw_only=True)
class NeuralProcessHead(EpisodicHead):
    """Examples are encoded one by one, averaged into a code of the subject, and decoded with each vector.

    Conditional neural processes (Garnelo et al., 2018) with mean aggregation, shrunk towards nothing by a
    learned strength. The decoder multiplies the code with an embedding of the vector and adds a network of
    both and a linear prior. No variance: nothing holds such a network to one that falls with evidence.

    *Use it* where the answer is far from linear and there are thousands of tasks. *Needs* torch to fit.
    """

    def _start(self, rng: np.random.Generator, dim: int) -> dict[str, Values]:
        width = self.width
        return {
            "examples": drawn(rng, dim, width),
            "target": drawn(rng, 1, width),
            "examples_bias": np.zeros((1, width)),
            "code": drawn(rng, width, width),
            "vectors": drawn(rng, dim, width),
            "decoder": drawn(rng, width, width),
            "decoder_bias": np.zeros((1, width)),
            "last": drawn(rng, width, 1),
            "prior": np.zeros((dim, 1)),
            "offset": np.zeros(1),
            "log_strength": np.zeros(1),
        }

    def _forward(self, xp: Any, w: Weights, told: Told, query: Any) -> Any:
        target = (2 * told.targets - 1)[..., None] * w["target"]
        examples = xp.tanh(told.vectors @ w["examples"] + target + w["examples_bias"])
        share = told.weights / (told.weights.sum(-1)[..., None] + xp.exp(w["log_strength"]))
        code = (examples * share[..., None]).sum(-2)[..., None, :] @ w["code"]
        embedded = query @ w["vectors"]
        bent = xp.tanh(embedded + code @ w["decoder"] + w["decoder_bias"]) @ w["last"]
        straight = (embedded * code).sum(-1)
        return straight + bent[..., 0] + (query @ w["prior"])[..., 0] + w["offset"]
