"""Heads that learn a starting point: a few gradient steps on the support make the answer."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from warmstart.core.tunable import tunable
from warmstart.heads.episodic import Batch, EpisodicHead, Told, Weights, drawn
from warmstart.roles.few_shot_head import Values

_NETWORK = ("hidden", "hidden_bias", "last", "last_bias", "direct")


@dataclass(kw_only=True)
class MamlHead(EpisodicHead):
    """A small network that was taught where to start, so that a few gradient steps fit any subject.

    Model-agnostic meta-learning (Finn, Abbeel and Levine, 2017), with second derivatives: one hidden
    layer of tanh beside a linear path, `steps` steps on the squared error of the support. The step size is
    learned, over the mean squared length of the vectors, which keeps steps from growing. Errors are summed
    over examples and divided by their weight plus a learned strength, so that one moves less than ten.

    *Use it* to compare with: `AnilHead` is cheaper and did better where we measured. *Needs* torch to fit.
    *Cost*: steps × the network's size per example.
    """

    adapted: ClassVar[tuple[str, ...]] = _NETWORK

    steps: int = tunable(3, low=1, high=10)

    def _start(self, rng: np.random.Generator, dim: int) -> dict[str, Values]:
        return {
            "hidden": drawn(rng, dim, self.width),
            "hidden_bias": np.zeros((1, self.width)),
            "last": drawn(rng, self.width, 1),
            "last_bias": np.zeros((1, 1)),
            "direct": np.zeros((dim, 1)),
            "gain": np.full(1, self._stretch),
            "log_step": np.log(0.5) * np.ones(1),
            "log_strength": np.zeros(1),
        }

    def _forward(self, xp: Any, w: Weights, told: Told, query: Any) -> Any:
        return _network(xp, self._adapt(xp, w, told), query)[1]

    def _adapt(self, xp: Any, w: Weights, told: Told) -> Weights:
        """The parameters after the steps; with batches of tasks each task has its own."""
        share = told.weights / (told.weights.sum(-1)[..., None] + xp.exp(w["log_strength"]))
        length = (share * (told.vectors**2).sum(-1)).sum(-1)[..., None, None]
        step = xp.exp(w["log_step"]) / (1 + length)
        found = {name: w[name] for name in _NETWORK}
        for _ in range(self.steps):
            slopes = _slopes(xp, found, told.vectors, w["gain"] * told.targets, share)
            found |= {name: found[name] - step * slopes[name] for name in self.adapted}
        return found


@dataclass(kw_only=True)
class AnilHead(MamlHead):
    """The same with only the last layer adapted: the hidden layer is shared by all subjects.

    ANIL, "almost no inner loop" (Raghu et al., 2020), which found that most of MAML is in the features.

    *Use it* before `MamlHead`: cheaper, and as good. *Needs* torch to fit.
    """

    adapted: ClassVar[tuple[str, ...]] = ("last", "last_bias", "direct")


@dataclass(kw_only=True)
class ReptileHead(MamlHead):
    """A starting point near where every subject's own training ends.

    Reptile (Nichol, Achiam and Schulman, 2018): the start moves towards the parameters that each task
    reaches on all of its examples, without second derivatives. The step size and strength stay as they
    are.

    *Use it* to compare with. *Needs* torch to fit.
    """

    def _objective(self, torch: ModuleType, w: Weights, batch: Batch) -> Any:
        parts = zip(batch.support, batch.query, strict=True)
        everything = Told(*(torch.cat(pair, dim=1) for pair in parts))
        with torch.no_grad():
            reached = self._adapt(torch, w, everything)
        return sum(((w[name] - reached[name]) ** 2).mean(0).sum() for name in _NETWORK) / 2


def _network(xp: Any, w: Weights, vectors: Any) -> tuple[Any, Any]:
    """The hidden layer (..., n, width) and the answers (..., n)."""
    hidden = xp.tanh(vectors @ w["hidden"] + w["hidden_bias"])
    answers = hidden @ w["last"] + w["last_bias"] + vectors @ w["direct"]
    return hidden, answers[..., 0]


def _slopes(xp: Any, w: Weights, vectors: Any, y: Any, share: Any) -> Weights:
    """The gradient of ½ Σ share (answer - y)², by hand, so that arrays have it too."""
    hidden, answers = _network(xp, w, vectors)
    error = (share * (answers - y))[..., None]
    back = error @ w["last"].swapaxes(-1, -2) * (1 - hidden**2)
    return {
        "hidden": vectors.swapaxes(-1, -2) @ back,
        "hidden_bias": back.sum(-2)[..., None, :],
        "last": hidden.swapaxes(-1, -2) @ error,
        "last_bias": error.sum(-2)[..., None, :],
        "direct": vectors.swapaxes(-1, -2) @ error,
    }
